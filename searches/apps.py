"""Searches: what is searched, how a run executes, and what a person takes away."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.apps import AppConfig

from devices.profiles import networks
from devices.profiles.operations import Operation


class SearchesConfig(AppConfig):
    name = "searches"

    def ready(self) -> None:
        networks.register(read_encoding)


def read_encoding(arch: Mapping[str, Any], space: str | None) -> Sequence[Operation] | None:
    """Networks that profiles name in the encoding of a space; spaces are loaded when asked."""
    from searches.spaces.encodings import operations_of

    return operations_of(arch, space)
