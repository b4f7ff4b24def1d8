"""Sending the profile to webnas."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any, List, Optional

SECONDS = 60


def send(document: Any, server: str, token: str, device: Optional[int] = None) -> str:
    """Posts the profile and returns what became of it, in words.

    Args:
        document: the profile.
        server: address of webnas, such as https://nas.example.org.
        token: that of the kit, or any that may write.
        device: id of a device that the profile is the next version of; None: a new device.

    Raises:
        SystemExit: with what the server said.
    """
    base = server.rstrip("/")
    if not base.startswith(("http://", "https://")):
        raise SystemExit("--upload needs an address that begins with http:// or https://.")
    place = "devices/" if device is None else "devices/%d/versions/" % device
    request = urllib.request.Request(  # noqa: S310
        "%s/api/v1/%s" % (base, place),
        data=json.dumps(document).encode("utf-8"),
        headers={"Authorization": "Token " + token, "Content-Type": "application/json"},
        method="POST",
    )
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
            found = json.loads(answer.read().decode("utf-8"))
    except urllib.error.HTTPError as error:
        raise SystemExit("The server refused it: " + reason(error)) from None
    except OSError as error:
        raise SystemExit(
            "The server could not be reached (%s); profile.json is kept: upload it by the page."
            % error
        ) from None
    return "%s/devices/%d/" % (base, found["id"])


def reason(error: urllib.error.HTTPError) -> str:
    """Returns the messages of the answer."""
    try:
        body = json.loads(error.read().decode("utf-8"))
    except ValueError:
        return "%d %s" % (error.code, error.reason)
    texts: List[str] = [text for group in body.get("errors", {}).values() for text in group]
    return " ".join([str(body.get("detail", ""))] + [t for t in texts if t != body.get("detail")])
