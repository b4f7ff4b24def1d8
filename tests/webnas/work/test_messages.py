"""The embedded broker."""

import pytest
from kombu import Connection, Exchange, Queue

from webnas.work import messages


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "messages"


@pytest.fixture
def connection(folder):
    messages.register()
    options = {"data_folder_in": str(folder), "data_folder_out": str(folder)}
    with Connection("filesystem://", transport_options=options) as connection:
        yield connection


def named(connection, name: str):
    """A queue that is found by its name alone, as Celery sends."""
    return connection.SimpleQueue(Queue(name, Exchange(""), routing_key=name))


@pytest.fixture
def queue(connection):
    return named(connection, "evaluate")


def received(queue) -> list:
    found = []
    while queue.qsize() > 0:
        message = queue.get(timeout=1)
        message.ack()
        found.append(message.payload)
    return found


def test_messages_come_in_the_order_in_which_they_were_sent(queue):
    for number in range(20):
        queue.put(number)
    assert received(queue) == list(range(20))


def test_queues_do_not_mix(connection, queue):
    other = named(connection, "train")
    other.put("for training")
    assert queue.qsize() == 0
    assert other.qsize() == 1


def test_a_folder_that_was_removed_is_made_again(queue, folder):
    queue.put("lost")
    messages.clear(folder)
    assert queue.qsize() == 0
    queue.put("kept")
    assert received(queue) == ["kept"]


def test_a_torn_message_is_dropped_and_the_next_one_comes(queue, folder):
    queue.put("whole")
    (folder / f"{0:020d}_torn.evaluate.msg").write_text("{")
    assert received(queue) == ["whole"]
    assert list(folder.iterdir()) == []


def test_a_message_that_is_being_written_is_not_seen(queue, folder):
    queue.put("whole")
    (folder / ".0_half.evaluate.msg").write_text("")
    assert queue.qsize() == 1
