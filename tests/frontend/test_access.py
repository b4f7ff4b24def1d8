"""Who sees what: nobody without a login, nobody another person's rows."""

import pytest
from django.test import Client
from django.urls import URLPattern, reverse

from frontend.urls import urlpatterns
from frontend.views.run_parts import STOP_POLLING
from tests.frontend import rows

LISTS = [
    "run-list",
    "run-new",
    "device-list",
    "dataset-list",
    "space-list",
    "supernet-list",
    "model-list",
    "account",
]


def arguments(pattern: URLPattern) -> dict[str, object]:
    """Some value for each part of an address."""
    known = {"pk": 1, "number": 1, "name": "onnx", "action": "pause", "secret": "x"}
    if pattern.name == "run-curve":
        known["name"] = "training"
    regex = pattern.pattern.regex  # type: ignore[union-attr]
    return {name: known[name] for name in regex.groupindex}


@pytest.mark.django_db
def test_everything_asks_for_a_login():
    stranger, open_to_strangers = Client(), []
    for pattern in urlpatterns:
        address = reverse(pattern.name, kwargs=arguments(pattern))
        answers = [stranger.get(address), stranger.post(address)]
        if not all(a.headers.get("Location", "").startswith("/login/?next=") for a in answers):
            open_to_strangers.append(pattern.name)
    assert open_to_strangers == ["login", "login-link", "logout"]


@pytest.mark.parametrize("name", LISTS)
def test_pages_of_an_empty_account_open(web, name):
    assert web.get(reverse(name)).status_code == 200


def test_every_page_carries_the_policy_and_no_inline_script(web, run):
    answer = web.get(reverse("run", args=[run.pk]))
    assert "script-src 'self';" in answer["Content-Security-Policy"]
    html = answer.content.decode()
    assert "<script>" not in html
    assert " onclick=" not in html


@pytest.fixture
def private(run, member):
    """Addresses of one of each of ada's own rows."""
    model = rows.model(run, member)
    device = run.pinned.get().device
    return {
        "run": reverse("run", args=[run.pk]),
        "status": reverse("run-status", args=[run.pk]),
        "front": reverse("run-front", args=[run.pk]),
        "curve": reverse("run-curve", args=[run.pk, "training"]),
        "networks": reverse("run-networks", args=[run.pk]),
        "events": reverse("run-events", args=[run.pk]),
        "trust": reverse("run-trust", args=[run.pk]),
        "trust figure": reverse("run-trust-figure", args=[run.pk]),
        "trial": reverse("trial", args=[run.pk, member.number]),
        "copied": reverse("run-new") + f"?from={run.pk}",
        "device": reverse("device", args=[device.pk]),
        "device file": reverse("device-download", args=[device.pk]),
        "dataset": reverse("dataset", args=[run.dataset_id]),
        "sheet": reverse("dataset-sheet", args=[run.dataset_id]),
        "space": reverse("space", args=[run.space_id]),
        "space in other sizes": reverse("space-adjust", args=[run.space_id]),
        "space in words": reverse("space-edit", args=[run.space_id]),
        "supernet": reverse("supernet", args=[run.supernet_id]),
        "predictor": reverse("supernet-predictor", args=[run.supernet_id]),
        "search on a supernet": reverse("run-new") + f"?supernet={run.supernet_id}",
        "model": reverse("model", args=[model.pk]),
        "download": reverse("model-download", args=[model.pk, "onnx"]),
    }


def asked(web: Client, address: str) -> int:
    answer = web.get(address)
    answer.getvalue()  # a download is an open file until it is read
    return answer.status_code


def test_the_owner_sees_every_page(web, private):
    expected = dict.fromkeys(private, 200) | dict.fromkeys(("status", "predictor"), STOP_POLLING)
    assert {name: asked(web, url) for name, url in private.items()} == expected


def test_another_person_sees_none_of_them(others_web, private):
    answers = {name: asked(others_web, url) for name, url in private.items()}
    assert answers == dict.fromkeys(private, 404)


def test_another_person_changes_none_of_them(others_web, run, member):
    model, device = rows.model(run, member), run.pinned.get().device
    addresses = [
        reverse("run-action", args=[run.pk, "cancel"]),
        reverse("run-delete", args=[run.pk]),
        reverse("run-clone", args=[run.pk]),
        reverse("trial-choose", args=[run.pk, member.number]),
        reverse("device-delete", args=[device.pk]),
        reverse("device-version", args=[device.pk]),
        reverse("dataset-delete", args=[run.dataset_id]),
        reverse("space-delete", args=[run.space_id]),
        reverse("model-delete", args=[model.pk]),
    ]
    assert [others_web.post(address).status_code for address in addresses] == [404] * 9
    run.refresh_from_db()


def test_what_comes_with_webnas_is_seen_and_not_changed(web):
    device, space = rows.analytic_device(), rows.space()
    assert web.get(reverse("device", args=[device.pk])).status_code == 200
    assert web.get(reverse("space", args=[space.pk])).status_code == 200
    assert web.post(reverse("device-delete", args=[device.pk])).status_code == 404
    assert web.post(reverse("space-delete", args=[space.pk])).status_code == 404


def test_actions_need_the_token_of_the_form(ada, run):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(ada)
    assert strict.post(reverse("run-action", args=[run.pk, "cancel"])).status_code == 403
