"""Rows are seen by their owners; those that come with webnas by all who are signed in."""

import pytest
from django.contrib.auth.models import AnonymousUser

from searches.models import Space

DEFINITION = {"family": "any", "definition": {}, "content_hash": "0", "size": "1"}


@pytest.fixture
def spaces(alice, bob):
    for owner, name in ((alice, "hers"), (bob, "his"), (None, "built in")):
        Space.objects.create(owner=owner, name=name, **DEFINITION)


def names(rows) -> list[str]:
    return [row.name for row in rows.order_by("name")]


def test_a_user_changes_only_own_rows(spaces, alice):
    assert names(Space.objects.owned_by(alice)) == ["hers"]


def test_a_user_reads_own_and_built_in_rows(spaces, alice):
    assert names(Space.objects.visible_to(alice)) == ["built in", "hers"]


def test_own_rows_come_first_or_last_on_every_database(spaces, alice):
    seen = Space.objects.visible_to(alice)
    assert [row.name for row in seen.own_first("name")] == ["hers", "built in"]
    assert [row.name for row in seen.own_last("name")] == ["built in", "hers"]


def test_a_visitor_sees_nothing(spaces):
    assert names(Space.objects.owned_by(AnonymousUser())) == []
    assert names(Space.objects.visible_to(AnonymousUser())) == []
