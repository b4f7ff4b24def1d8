"""Whatever an address or a field holds: an answer, never an error of ours."""

import pytest
from django.urls import reverse

from tests.frontend import rows

pytestmark = pytest.mark.slow

VALUES = ["²", "9" * 5000, "9" * 18, "-1", "1e9", "x", "\0", "'", "latency@", "None", ""]
NAMES = ["page", "trial", "version", "device", "from", "dataset", "space", "sort", "show"]
NAMES += ["x", "y", "log", "type", "format", "status", "order", "q", "seen", "limit.a"]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: repr(value[:6]))
def test_no_address_breaks_a_page(web, run, value):
    model = rows.model(run, run.trials.filter(on_front=True).first())
    pages = {
        "run-list": [],
        "run-new": [],
        "run": [run.pk],
        "run-status": [run.pk],
        "run-front": [run.pk],
        "run-networks": [run.pk],
        "device": [run.pinned.get().device_id],
        "device-download": [run.pinned.get().device_id],
        "space": [run.space_id],
        "model-list": [],
        "model": [model.pk],
    }
    asked = dict.fromkeys(NAMES, value)
    for name, arguments in pages.items():
        assert web.get(reverse(name, args=arguments), asked).status_code in (200, 286, 404)


@pytest.mark.parametrize("value", VALUES, ids=lambda value: repr(value[:6]))
def test_no_field_breaks_an_action(web, run, value):
    number = run.trials.filter(on_front=True).first().number
    device = run.pinned.get().device_id
    fields = ["name", "label", "budget", "fine_tune_epochs", "definition", "folder", "seed"]
    fields += [
        "file",
        "ticket",
        "field",
        "answer",
        "said-unit",
        "dataset",
        "strategy",
        "goal-accuracy",
    ]
    addresses = [
        reverse("run-action", args=[run.pk, "extend"]),
        reverse("run-action", args=[run.pk, "rename"]),
        reverse("trial-choose", args=[run.pk, number]),
        reverse("run-new"),
        reverse("run-preview"),
        reverse("device-upload"),
        reverse("device-answer"),
        reverse("device-save"),
        reverse("device-version", args=[device]),
        reverse("dataset-upload"),
        reverse("dataset-register"),
        reverse("space-create", args=[run.space_id]),
        reverse("token-create"),
        reverse("login"),
    ]
    for address in addresses:
        assert web.post(address, dict.fromkeys(fields, value)).status_code < 500


@pytest.mark.parametrize("number", [0, 10**12, 10**30])
def test_numbers_that_no_row_has_are_not_found(web, run, number):
    for name in ("run", "device", "dataset", "space", "model"):
        assert web.get(reverse(name, args=[number])).status_code == 404
    assert web.get(reverse("trial", args=[run.pk, number])).status_code == 404
