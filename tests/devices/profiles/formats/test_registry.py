"""Formats of installed packages come after those of webnas."""

from importlib.metadata import EntryPoint

import pytest

from devices.profiles.formats import registry
from devices.profiles.formats.registry import FORMATS, GROUP, Formats

CARD = registry.Card("Other", "devices.profiles.formats.native:read_json", lambda document: True)
NOT_A_CARD = "a text"
OWN = dict(FORMATS)


def offered(monkeypatch, **points):
    """Formats with these entry points: name -> attribute of this module."""
    found = [EntryPoint(name, f"{__name__}:{value}", GROUP) for name, value in points.items()]
    for point in found:
        object.__setattr__(point, "load", lambda value=point.attr: globals()[value])
    monkeypatch.setattr(registry, "entry_points", lambda group: found if group == GROUP else [])
    return Formats(OWN)


def test_a_package_adds_a_format(monkeypatch):
    formats = offered(monkeypatch, other="CARD")
    assert list(formats) == [*OWN, "other"]
    assert formats["other"].load() is FORMATS["webnas-json"].load()


def test_an_entry_point_that_names_no_card_is_refused(monkeypatch):
    formats = offered(monkeypatch, other="NOT_A_CARD", further="CARD")
    for _ in range(2):  # not once, and then as if there were no packages
        with pytest.raises(TypeError, match=r"webnas\.profile_formats is no Card"):
            len(formats)


def test_a_name_that_is_taken_is_refused(monkeypatch):
    formats = offered(monkeypatch, **{"webnas-csv": "CARD"})
    with pytest.raises(ValueError, match="Two profile formats are called “webnas-csv”"):
        list(formats)
