"""The embedded broker: kombu's folder of messages, made safe against half-written files."""

import os
import shutil
import time
import uuid
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps, loads

TURN_SECONDS = 0.5


class Channel(filesystem.Channel):
    """Messages appear whole and in order; an unreadable one or a missing folder does no harm.

    kombu writes a message under its final name, so that a consumer may take it while it is empty
    and stop with an error; and it names files by a clock that starts anew with the machine.
    """

    supports_fanout = False

    def get_table(self, exchange: str) -> list[Any]:
        """No bindings: messages go to queues by name, so there is no file of them to lose."""
        return []

    def _queue_bind(self, *_: Any) -> None:
        pass

    def _put(  # type: ignore[override]  # its own base classes disagree
        self, queue: str, payload: Any, **_: Any
    ) -> None:
        folder = Path(self.data_folder_out)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = f"{time.time_ns():020d}_{uuid.uuid4().hex}.{queue}.msg"
        hidden = folder / f".{name}"
        hidden.write_text(dumps(payload))
        hidden.rename(folder / name)

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        folder = Path(self.data_folder_in)
        for name in _names(folder, queue):
            taken = folder / f".{name}.{os.getpid()}"
            try:
                (folder / name).rename(taken)
            except FileNotFoundError:  # another worker was quicker
                continue
            content = taken.read_bytes()
            taken.unlink()
            try:
                return loads(content)
            except ValueError:  # torn by a full disk: the sweeper repeats it
                continue
        raise Empty

    def _size(self, queue: str) -> int:
        return len(_names(Path(self.data_folder_in), queue))


def _names(folder: Path, queue: str) -> list[str]:
    try:
        entries = os.listdir(folder)
    except FileNotFoundError:
        return []
    return sorted(
        name for name in entries if name[0] != "." and name.partition(".")[2] == f"{queue}.msg"
    )


class Transport(filesystem.Transport):
    Channel = Channel

    def drain_events(self, connection: Any, timeout: float | None = None, **_: Any) -> None:
        """Wait for a message, in short turns: between them a worker sees that it has to stop."""
        super().drain_events(connection, timeout=min(timeout or TURN_SECONDS, TURN_SECONDS))


def register() -> None:
    """Let `filesystem://` mean this transport."""
    TRANSPORT_ALIASES["filesystem"] = f"{__name__}:Transport"


def clear(folder: Path) -> None:
    """Forget all messages; only while no worker runs."""
    shutil.rmtree(folder, ignore_errors=True)
