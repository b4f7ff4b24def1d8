"""Checkpoints come back as they were, and hold data only."""

import io
import pickle

import pytest
import torch

from searches.training import checkpoints


def test_state_comes_back_as_it_was():
    state = {
        "step": 3,
        "network": {"w": torch.rand(2, 3)},
        "figures": {"loss": 0.5},
        "names": ["a"],
    }
    back = checkpoints.loads(checkpoints.dumps(state))
    assert torch.equal(back.pop("network")["w"], state.pop("network")["w"])
    assert back == state


class Harmful:
    def __reduce__(self):
        return (print, ("run by unpickling",))


def saved(thing):
    buffer = io.BytesIO()
    torch.save(thing, buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no checkpoint",
        checkpoints.dumps({"step": 1})[:100],
        pickle.dumps(Harmful()),
        saved({"step": Harmful()}),
        saved([1, 2]),
    ],
    ids=["empty", "text", "cut short", "pickle", "object inside", "list"],
)
def test_anything_else_is_refused(data, capsys):
    with pytest.raises(checkpoints.UnreadableCheckpoint):
        checkpoints.loads(data)
    assert "run by" not in capsys.readouterr().out
