"""Tokens and links from the command line."""

from io import StringIO

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command

from webnas.accounts.models import ApiToken, LoginLink
from webnas.accounts.owner import local_owner


def last_line(*arguments: str) -> str:
    output = StringIO()
    call_command(*arguments, stdout=output)
    return output.getvalue().splitlines()[-1]


def test_the_token_stands_alone_on_the_last_line(db):
    token = ApiToken.find(last_line("create_token", "nightly"))
    assert (token.label, token.owner, token.is_read_only) == ("nightly", local_owner(), False)


def test_a_token_for_a_named_user(alice):
    token = ApiToken.find(last_line("create_token", "nightly", "--user", "alice", "--read-only"))
    assert (token.owner, token.is_read_only) == (alice, True)


@pytest.mark.parametrize("arguments", [["ci", "--user", "nobody"], [" "], ["x" * 101]])
def test_a_wrong_call_is_refused_with_the_reason(db, arguments):
    with pytest.raises(CommandError):
        call_command("create_token", *arguments)
    assert not ApiToken.objects.exists()


def test_the_local_owner_is_made_once_without_a_password(db):
    owner = local_owner()
    assert owner == local_owner()
    assert owner.is_staff
    assert owner.is_superuser
    assert not owner.has_usable_password()


def test_a_password_given_later_stays(db):
    owner = local_owner()
    owner.set_password("a long password")
    owner.save()
    assert local_owner().check_password("a long password")
    assert get_user_model().objects.count() == 1


def test_a_fresh_login_link_is_printed(db):
    link = last_line("login_link")
    assert link.startswith("http://127.0.0.1:8000/login/")
    assert LoginLink.redeem(link.rstrip("/").rpartition("/")[2]) == local_owner()
