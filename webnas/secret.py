"""The installation's own secret, made once and kept in its home folder."""

import os
import secrets
from pathlib import Path


def read_or_make(home: Path) -> str:
    """The secret key of this installation; made with mode 0600 when there is none yet."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = home / "secret_key"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    key = secrets.token_urlsafe(48)
    with os.fdopen(descriptor, "w") as file:
        file.write(key)
    return key
