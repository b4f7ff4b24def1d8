"""The installation's own secret, made once and kept in its home folder."""

import contextlib
import os
import secrets
import tempfile
from pathlib import Path


def read_or_make(home: Path) -> str:
    """The secret key of this installation; made with mode 0600 when there is none yet."""
    path = home / "secret_key"
    if not path.exists():
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        _make(path)
    return path.read_text().strip()


def _make(path: Path) -> None:
    """Appears whole or not at all, and the first of several processes wins."""
    descriptor, draft = tempfile.mkstemp(dir=path.parent)  # mode 0600
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(48))
    with contextlib.suppress(FileExistsError):
        os.link(draft, path)
    os.unlink(draft)
