"""A kit's token posts one profile and does nothing else."""

import json
from datetime import timedelta

import pytest
from django.urls import URLPattern, URLResolver, reverse
from django.utils import timezone
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.test import APIClient

from devices.models import DeviceProfile, ProfileVersion
from webnas.accounts import kit_tokens
from webnas.accounts.models import ApiToken, digest
from webnas.urls import version_1

DEVICES = "/api/v1/devices/"


@pytest.fixture
def token(alice):
    return kit_tokens.create(owner=alice, label="Kit")


@pytest.fixture
def kit(token):
    """The runner of a kit, on its way to webnas."""
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {token[1]}")
    return client


def post(kit, document, address=DEVICES):
    return kit.post(address, json.dumps(document), content_type="application/json")


def test_it_posts_a_profile_as_a_new_device_of_its_owner(kit, token, document, alice):
    assert post(kit, document).status_code == 201
    assert DeviceProfile.objects.get().owner == alice
    token[0].refresh_from_db()
    assert token[0].used_up_at is not None


def test_it_posts_a_file_as_well(kit, document, as_file):
    answer = kit.post(f"{DEVICES}upload/", {"file": as_file(document)}, format="multipart")
    assert answer.status_code == 201


def test_it_posts_a_version_of_a_device(kit, document, device):
    slower = [row | {"mean_ms": 1.5 * row["mean_ms"]} for row in document["entries"]]
    changed = document | {"entries": slower}
    assert post(kit, changed, f"{DEVICES}{device.pk}/versions/").status_code == 201
    assert device.versions.count() == 2


def test_it_posts_once(kit, document):
    post(kit, document)
    again = post(kit, document | {"name": "Another"})
    assert again.status_code == 401
    assert "has posted its profile" in again.data["detail"]
    assert DeviceProfile.objects.count() == 1


def test_of_two_posts_at_the_same_time_one_is_stored(token, document):
    refused = pytest.raises(AuthenticationFailed, match="has posted its profile")
    with kit_tokens.spent(token[0]), refused, kit_tokens.spent(token[0]):
        pytest.fail("it was let in twice")


def test_a_refused_profile_leaves_it_usable(kit, token, document):
    assert post(kit, document | {"entries": []}).status_code == 400
    without_batch = {**document, "runtime": {"engine": "x", "dtype": "fp32", "threads": 1}}
    assert post(kit, without_batch).status_code == 422
    assert post(kit, document).status_code == 201


def test_an_expired_one_is_refused(kit, token, document):
    ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert post(kit, document).status_code == 401
    assert not DeviceProfile.objects.exists()


def test_a_revoked_one_is_refused(kit, token, document):
    token[0].delete()
    assert post(kit, document).status_code == 401


def test_it_expires_within_a_week_and_is_kept_as_a_hash(token):
    found, secret = token
    assert timedelta(days=6, hours=23) < found.expires_at - timezone.now() <= kit_tokens.LIFE
    assert found.sha256 == digest(secret)


def test_it_does_not_reach_devices_of_others(kit, document, bob):
    from devices import services

    data = json.dumps(document).encode()
    theirs = services.import_profile(owner=bob, data=data, filename="p.json", answers={})
    assert post(kit, document, f"{DEVICES}{theirs.device_id}/versions/").status_code == 404
    assert ProfileVersion.objects.count() == 1
    assert post(kit, document).status_code == 201  # it was not used up


def addresses(patterns, prefix="/api/v1/"):
    """Every address of the API that has a view of its own."""
    for entry in patterns:
        route = str(entry.pattern)
        for kind in ("<int:pk>", "<int:number>"):
            route = route.replace(kind, "1")
        if isinstance(entry, URLResolver):
            yield from addresses(entry.url_patterns, prefix + route)
        elif isinstance(entry, URLPattern) and entry.name and "<" not in route:
            yield prefix + route


def test_it_does_nothing_else(kit, device, token, monkeypatch):
    monkeypatch.setattr(
        "rest_framework.throttling.SimpleRateThrottle.allow_request", lambda *a: True
    )
    open_to_all = {reverse("api:api-schema"), reverse("api:api-docs")}
    allowed = {
        ("post", DEVICES),
        ("post", f"{DEVICES}upload/"),
        ("post", f"{DEVICES}{device.pk}/versions/"),
    }
    found = {address.replace("/1/", f"/{device.pk}/") for address in addresses(version_1)}
    assert len(found) > 40
    for address in found - open_to_all:
        for method in ("get", "post", "delete"):
            if (method, address) not in allowed:
                answer = getattr(kit, method)(address)
                assert answer.status_code in (403, 405), (method, address, answer.status_code)
    assert DeviceProfile.objects.count() == 1


def test_pages_do_not_know_it(kit, device):
    answer = kit.get(reverse("device", args=[device.pk]))
    assert answer.status_code == 302
    assert answer["Location"].startswith("/login/")


def test_it_is_made_by_rest_and_listed_there(as_alice, as_bob):
    made = as_alice.post("/api/v1/tokens/", {"label": "Kit", "is_for_kit": True})
    assert made.status_code == 201
    assert made.data["is_for_kit"] is True
    assert made.data["expires_at"] is not None
    listed = as_alice.get("/api/v1/tokens/").data["results"]
    assert [row["is_for_kit"] for row in listed] == [True, False]
    assert not any(row["is_for_kit"] for row in as_bob.get("/api/v1/tokens/").data["results"])


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"is_read_only": True}, "is_read_only"),
        ({"expires_at": "2999-01-01T00:00:00Z"}, "expires_at"),
    ],
)
def test_one_that_contradicts_itself_is_refused(as_alice, changes, field):
    answer = as_alice.post("/api/v1/tokens/", {"label": "Kit", "is_for_kit": True, **changes})
    assert answer.status_code == 400
    assert field in answer.data["errors"]
