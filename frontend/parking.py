"""An upload that needs an answer waits here, so that nobody has to send the file again.

The page carries a signed ticket that names the stored file, its owner and the answers so far. No
row counts these files, so of each person only the latest waits. A ticket that nobody comes back
with leaves a file that no row names: the sweeper removes it.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace

from django.core import signing

from webnas.work import files

SALT = "frontend.parking"
MAX_AGE_SECONDS = 3600


@dataclass(frozen=True)
class Parked:
    """A file that waits, and what is known about it."""

    stored: str
    filename: str
    owner: int
    device: int | None = None
    name: str = ""
    answers: dict[str, str] = field(default_factory=dict)

    def ticket(self) -> str:
        return signing.dumps(asdict(self), salt=SALT, compress=True)

    def answered(self, answers: Mapping[str, str]) -> "Parked":
        return replace(self, answers={**self.answers, **answers})

    def read(self) -> bytes:
        return files.read(self.stored)

    def remove(self) -> None:
        files.remove(self.stored)


def park(data: bytes, unstored: Parked) -> Parked:
    """Keep the file of what is known so far, in the place of the person's last one."""
    folder = f"parked/{unstored.owner}"
    files.remove_all(list(files.stored(folder)))
    return replace(unstored, stored=files.write(folder, ".upload", data).name)


def parked(ticket: str, owner: int | None) -> Parked | None:
    """What the ticket stands for; None when it is old, forged, another person's, or gone."""
    try:
        found = Parked(**signing.loads(ticket, salt=SALT, max_age=MAX_AGE_SECONDS))
    except (signing.BadSignature, TypeError):
        return None
    return found if found.owner == owner else None
