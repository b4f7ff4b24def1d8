"""Counts failed logins, so that passwords cannot be tried one after the other."""

import hashlib

from django.core.cache import cache

MOST_FAILURES = 10
FORGET_SECONDS = 600


def _key(address: str, username: str) -> str:
    text = f"{address}\0{username.strip().lower()}"
    return "failed-login:" + hashlib.sha256(text.encode()).hexdigest()


def is_refused(address: str, username: str) -> bool:
    """Whether this address failed too often with this name within ten minutes."""
    return int(cache.get(_key(address, username), 0)) >= MOST_FAILURES


def note_failure(address: str, username: str) -> None:
    key = _key(address, username)
    if not cache.add(key, 1, FORGET_SECONDS):
        cache.incr(key)


def forget(address: str, username: str) -> None:
    cache.delete(_key(address, username))
