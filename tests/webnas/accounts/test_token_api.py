"""REST: one's own tokens."""

import pytest

from tests.cast import alice, as_alice, as_bob, as_reader, bob, unthrottled  # noqa: F401
from webnas.accounts.models import ApiToken

TOKENS = "/api/v1/tokens/"


def test_the_secret_is_shown_once_and_works(as_alice, client):  # noqa: F811
    answer = as_alice.post(TOKENS, {"label": "build server"})
    assert answer.status_code == 201
    header = {"Authorization": f"Token {answer.data['secret']}"}
    listed = client.get(TOKENS, headers=header).json()["results"]
    assert {row["label"] for row in listed} == {"build server", "tests"}
    assert all("secret" not in row and "sha256" not in row for row in listed)


def test_a_revoked_token_is_refused(as_alice, client):  # noqa: F811
    made = as_alice.post(TOKENS, {"label": "x"}).data
    assert as_alice.delete(f"{TOKENS}{made['id']}/").status_code == 204
    header = {"Authorization": f"Token {made['secret']}"}
    assert client.get(TOKENS, headers=header).status_code == 401


def test_tokens_of_others_do_not_exist(as_alice, as_bob, alice):  # noqa: F811
    token = ApiToken.objects.get(owner=alice)
    assert as_bob.delete(f"{TOKENS}{token.pk}/").status_code == 404
    assert all(row["id"] != token.pk for row in as_bob.get(TOKENS).data["results"])


def test_a_reading_token_makes_none(as_reader):  # noqa: F811
    assert as_reader.post(TOKENS, {"label": "x"}).status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        "x",
        None,
        {"label": ""},
        {"label": "x" * 101},
        {"label": "x", "owner": 1},
        {"label": "x", "is_read_only": "perhaps"},
        {"label": "x", "expires_at": "2000-01-01T00:00:00Z"},
        {"label": "x", "expires_at": "soon"},
        {"label": ["x"]},
    ],
)
def test_a_senseless_body_is_refused(as_alice, body):  # noqa: F811
    answer = as_alice.post(TOKENS, body)
    assert answer.status_code == 400
    assert answer.data["errors"]
