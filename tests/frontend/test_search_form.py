"""A new search: the form, its live panel, and the same request over REST."""

import json
import re
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from django.urls import reverse
from django.utils.html import escape

from frontend.forms.search import SearchForm
from searches.models import DataSet, Run, Space, Supernet
from tests.frontend import rows


@pytest.fixture
def offered(ada):
    """What ada can choose from."""
    return {
        "dataset": rows.dataset(ada),
        "space": rows.space(),
        "device": rows.device(None, "This machine", is_host=True),
        "pi": rows.analytic_device(),
    }


@pytest.fixture
def choices(offered):
    """What a browser sends when the form is left as it is."""
    latency = f"latency@{offered['device'].pk}"
    return {
        "name": "First",
        "target": "mobile",
        "dataset": offered["dataset"].pk,
        "space": offered["space"].pk,
        "strategy": "nsga2",
        "evaluator": "supernet",
        "budget": "60",
        "seed": "3",
        "goal-accuracy": "on",
        f"goal-{latency}": "on",
        "goal-storage": "on",
        "accept_guesses": "on",
    }


def test_proxies_take_the_place_of_accuracy_when_they_judge(web, choices):
    choices |= {"evaluator": "zero_cost", "goal-synflow": "on", "goal-snip": "on"}
    send(web, choices | {"limit-jacob_cov": "-500"})
    run = Run.objects.get()
    names = [item["measure"] for item in run.objectives]
    assert names == ["synflow", "snip", "storage", "latency"]
    assert [(item["measure"], item["at_least"]) for item in run.limits] == [("jacob_cov", -500)]


def test_a_proxy_that_is_ticked_means_nothing_to_another_evaluator(web, choices):
    send(web, choices | {"goal-synflow": "on"})
    assert Run.objects.get().objectives[0]["measure"] == "accuracy"
    assert "synflow" not in str(Run.objects.get().objectives)


def send(web, choices, **changes):
    fields = {name.replace("__", "-"): value for name, value in changes.items()}
    return web.post(reverse("run-new"), choices | fields)


def test_the_form_begins_with_a_search_that_would_start(web, offered):
    answer = web.get(reverse("run-new"))
    initial = answer.context["form"].initial
    assert initial["dataset"] == offered["dataset"]
    assert initial["space"] == offered["space"]
    wanted = [name for name, value in initial.items() if name.startswith("goal-") and value]
    latency = f"goal-latency@{offered['device'].pk}"
    # Synflow is offered only where proxies judge.
    assert wanted == ["goal-accuracy", "goal-storage", latency, "goal-synflow"]


def test_every_setting_of_every_card_is_a_field_with_its_help(ada, offered):
    form = SearchForm(ada)
    population = form.fields["strategy-nsga2-population"]
    assert (population.initial, population.min_value) == (20, 4)
    assert "survivors" in population.help_text
    assert "evaluator-full-epochs" in form.fields
    assert dict(form.fields["target-mobile-augmentation"].choices)["shift_flip"] == "shift flip"


def test_a_search_is_started(web, ada, choices, offered):
    answer = send(web, choices)
    run = Run.objects.get()
    assert answer.url == reverse("run", args=[run.pk])
    assert (run.owner, run.budget, run.seed, run.batch) == (ada, 60, 3, 20)
    assert [item["measure"] for item in run.objectives] == ["accuracy", "storage", "latency"]
    assert run.pinned.get().device == offered["device"]
    assert run.strategy_settings == {}


def test_only_changed_settings_are_kept(web, choices):
    settings = {
        "strategy-nsga2-population": "40",
        "strategy-nsga2-crossover": "0.9",
        "strategy-random-patience": "7",
        "target-mobile-augmentation": "none",
    }
    send(web, choices | settings)
    run = Run.objects.get()
    assert run.strategy_settings == {"population": 40}
    assert run.target_settings == {"augmentation": "none"}


def test_limits_are_typed_in_units_that_people_use(web, choices, offered):
    latency = f"latency@{offered['device'].pk}"
    send(web, choices | {"limit-accuracy": "80", f"limit-{latency}": "1.5", "limit-macs": "9"})
    limits = {item["measure"]: item for item in Run.objects.get().limits}
    assert limits["accuracy"]["at_least"] == 0.8
    assert limits["latency"]["at_most"] == 1.5
    assert limits["macs"]["at_most"] == 9_000_000


def test_a_limit_on_a_device_alone_ties_the_run_to_it(web, choices, offered):
    send(web, choices | {f"limit-latency@{offered['pi'].pk}": "500"})
    assert set(Run.objects.get().pinned.values_list("device", flat=True)) == {
        offered["device"].pk,
        offered["pi"].pk,
    }


def test_a_limit_on_guesses_is_refused_beside_its_field_unless_they_are_accepted(
    web, choices, offered
):
    field = f"limit-latency@{offered['pi'].pk}"
    del choices["accept_guesses"]
    answer = send(web, choices | {field: "500"})
    assert answer.status_code == 400
    assert "100 % from the data sheet" in str(answer.context["form"].errors[field])
    assert not Run.objects.exists()
    send(web, choices | {field: "500", "accept_guesses": "on"})
    run = Run.objects.get()
    assert run.accepts_guesses
    copy = web.get(reverse("run-new"), {"from": run.pk}).context["form"]
    assert copy.initial["accept_guesses"] is True


def test_an_unreachable_limit_is_refused_beside_its_field(web, choices, offered):
    field = f"limit-latency@{offered['device'].pk}"
    answer = send(web, choices | {field: "0.001"})
    assert answer.status_code == 400
    assert "smallest reachable value" in str(answer.context["form"].errors[field])
    assert not Run.objects.exists()


@pytest.mark.parametrize(
    ("measure", "unit"), [("storage", "kB"), ("peak_memory", "kB"), ("latency", "ms")]
)
def test_the_value_that_a_refusal_names_is_taken_when_it_is_typed(
    web, choices, offered, measure, unit
):
    key = f"latency@{offered['device'].pk}" if measure == "latency" else measure
    refusal = send(web, choices | {f"limit-{key}": "0.001"})
    message = str(refusal.context["form"].errors[f"limit-{key}"])
    typed = re.search(rf"value is ([\d.]+) {unit}", message)[1]
    send(web, choices | {f"limit-{key}": typed})
    (limit,) = Run.objects.get().limits
    assert limit["measure"] == measure


def test_a_search_for_nothing_is_refused(web, choices):
    nothing = {name: value for name, value in choices.items() if not name.startswith("goal")}
    answer = send(web, nothing)
    assert answer.status_code == 400
    assert "1 to 5" in answer.content.decode()


def test_a_grid_larger_than_the_budget_is_refused_beside_its_step(web, choices):
    answer = send(web, choices | {"strategy": "grid"})
    assert answer.status_code == 400
    assert "points, more than the budget" in str(
        answer.context["form"].errors["strategy-grid-step"]
    )
    assert not Run.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("dataset", "999"),
        ("space", "x"),
        ("strategy", "magic"),
        ("evaluator", ""),
        ("budget", "0"),
        ("budget", "many"),
        ("seed", "-1"),
        ("batch", "100000"),
        ("strategy-nsga2-population", "3"),
        ("strategy-nsga2-crossover", "1.5"),
        ("limit-storage", "-4"),
    ],
)
def test_wrong_values_are_refused_at_their_field(web, choices, field, value):
    answer = send(web, choices | {field: value})
    assert answer.status_code == 400
    assert field in answer.context["form"].errors
    assert not Run.objects.exists()


def test_what_was_typed_stays(web, choices):
    html = send(web, choices | {"budget": "0", "name": "Keep me"}).content.decode()
    assert 'value="Keep me"' in html


def test_another_persons_rows_are_not_offered(others_web, choices, offered):
    answer = others_web.post(reverse("run-new"), choices)
    assert answer.status_code == 400
    assert "dataset" in answer.context["form"].errors


def test_another_persons_device_is_no_goal(web, bob, choices):
    theirs = rows.device(bob, "Theirs")
    send(web, choices | {f"goal-latency@{theirs.pk}": "on"})
    assert theirs.pk not in Run.objects.get().pinned.values_list("device", flat=True)


def test_an_unready_data_set_is_not_offered(ada, offered):
    DataSet.objects.update(status=DataSet.Status.READING)
    assert not SearchForm(ada).fields["dataset"].queryset.exists()


def test_energy_is_offered_where_the_profile_knows_it(ada, offered):
    names = SearchForm(ada).fields
    assert f"goal-energy@{offered['pi'].pk}" in names
    assert f"goal-energy@{offered['device'].pk}" not in names


def test_the_panel_shows_size_and_what_can_be_reached(web, choices):
    html = web.post(reverse("run-preview"), choices).content.decode()
    assert f"{float(Space.objects.get().size):.2e}"[:4] in html
    assert "Latency on This machine" in html
    assert "These choices fit together." in html


def test_the_panel_clears_and_sets_messages_beside_fields(web, choices, offered):
    field = f"limit-latency@{offered['device'].pk}"
    html = web.post(reverse("run-preview"), choices | {field: "0.001"}).content.decode()
    assert "This would be refused" in html
    assert f'id="problem-{field}" hx-swap-oob="true">No network' in html
    assert 'id="problem-budget" hx-swap-oob="true"></div>' in html


def test_the_panel_of_an_incomplete_form_names_what_is_missing(web, choices):
    html = web.post(reverse("run-preview"), choices | {"name": ""}).content.decode()
    assert "Something is missing" in html


def test_the_shown_body_starts_the_same_run_over_rest(web, choices, offered):
    extra = {f"limit-latency@{offered['device'].pk}": "2", "strategy-nsga2-population": "30"}
    body = web.post(reverse("run-preview"), choices | extra).context["body"]
    answer = web.post("/api/v1/runs/", body, content_type="application/json")
    assert answer.status_code in (201, 202), answer.content
    send(web, choices | extra)
    one, other = Run.objects.order_by("pk")
    for name in ("objectives", "limits", "strategy_settings", "budget", "batch", "seed"):
        assert getattr(one, name) == getattr(other, name)


def test_a_run_can_be_changed_before_it_is_copied(web, run):
    Run.objects.filter(pk=run.pk).update(
        limits=[{"measure": "storage", "at_most": 500_000.0, "statistic": "value"}]
    )
    initial = web.get(reverse("run-new"), {"from": run.pk}).context["form"].initial
    assert initial["limit-storage"] == 500
    assert initial["evaluator-supernet-epochs"] == 40
    assert initial["name"] == f"{run.name} (copy)"
    assert initial[f"goal-latency@{run.pinned.get().device_id}"]


LIMITS = [
    {"measure": "storage", "at_most": 500_000.0, "at_least": 2000.0, "statistic": "value"},
    {"measure": "accuracy", "at_most": 0.99, "statistic": "value"},
    {"measure": "accuracy", "at_least": 0.5, "statistic": "value"},
    {"measure": "latency", "at_most": 5.0, "statistic": "value"},
    {"measure": "latency", "at_most": 5.5, "statistic": "upper"},
    {"measure": "macs", "at_least": 100_000.0, "statistic": "value"},
]


def as_one_by_one(limits):
    """Each bound for itself: two in one limit mean the same as two limits."""
    return {
        (limit["measure"], limit.get("device"), bound, limit[bound], limit["statistic"])
        for limit in limits
        for bound in ("at_most", "at_least")
        if limit.get(bound) is not None
    }


def sent_by_browser(web, address):
    """What the browser would send if the form were left as it is."""
    parser = HTMLParser()
    fields = {}

    def start(tag, attributes):
        found = dict(attributes)
        kind = found.get("type", "text")
        is_box = kind in ("checkbox", "radio")
        if tag != "input" or (is_box and "checked" not in found):
            return
        fields.setdefault(found.get("name"), []).append(found.get("value", "on" if is_box else ""))

    parser.handle_starttag = start
    parser.feed(web.get(address).content.decode())
    return {name: values for name, values in fields.items() if name and values != [""]}


def test_a_copy_that_is_left_as_it_is_asks_for_the_same(web, ada, choices, offered):
    at = {"device": offered["device"].pk}
    limits = [item | (at if item["measure"] == "latency" else {}) for item in LIMITS]
    send(web, choices)
    run = Run.objects.get()
    supernet = Supernet.objects.create(
        owner=ada, dataset=run.dataset, space=run.space, recipe={}, is_trained=True
    )
    Supernet.objects.update(created_at=run.created_at - timedelta(hours=1))
    Run.objects.update(limits=limits, supernet=supernet, accepts_guesses=True)
    address = f"{reverse('run-new')}?from={run.pk}"
    page = web.get(address)
    assert page.context["form"].initial["supernet"] == supernet
    assert "Latency on This machine at most 5.5 ms, upper end of the interval" in (
        page.content.decode()
    )
    fields = sent_by_browser(web, address) | {"supernet": supernet.pk}
    answer = web.post(reverse("run-new"), fields)
    assert answer.status_code == 302, answer.context["form"].errors
    copy = Run.objects.exclude(pk=run.pk).get()
    assert as_one_by_one(copy.limits) == as_one_by_one(limits)
    assert copy.supernet == supernet
    same = ("objectives", "strategy", "evaluator", "budget", "batch", "seed", "target_settings")
    assert all(getattr(copy, name) == getattr(run, name) for name in same)


def test_a_further_limit_that_cannot_be_met_is_refused_beside_it(web, choices, offered):
    text = json.dumps({"measure": "macs", "at_least": 1e15})
    answer = send(web, choices | {"limit-storage": "900", "further_limits": [text]})
    assert answer.status_code == 400
    assert "largest reachable value" in str(answer.context["form"].errors["further_limits"])
    assert f'value="{escape(text)}" checked' in answer.content.decode()


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[" * 100_000,
        "7",
        '{"at_most": 3}',
        '{"measure": "macs", "at_most": {}}',
        '{"measure": "macs", "at_most": NaN}',
        '{"measure": "latency", "device": "7", "at_most": "x"}',
        '{"measure": "latency@x", "at_most": 3}',
        '{"measure": "macs", "at_most": 3, "statistic": []}',
    ],
)
def test_a_further_limit_that_is_nonsense_is_refused(web, choices, text):
    answer = send(web, choices | {"further_limits": [text]})
    assert answer.status_code == 400
    assert answer.context["form"].errors["further_limits"]
    assert web.post(reverse("run-preview"), choices | {"further_limits": [text]}).status_code < 500
    assert not Run.objects.exists()


def test_trained_weights_can_be_used_again(web, ada, choices, offered):
    supernet = Supernet.objects.create(
        owner=ada, dataset=offered["dataset"], space=offered["space"], recipe={}, is_trained=True
    )
    body = web.post(reverse("run-preview"), choices | {"supernet": supernet.pk}).context["body"]
    assert json.loads(body)["supernet"] == supernet.pk
    assert "Supernet" in web.get(reverse("run-new")).content.decode()


def test_who_is_beyond_the_quota_is_told_above_the_form(web, choices, settings):
    settings.WEBNAS_QUOTA_BYTES = 1
    answer = send(web, choices)
    assert answer.status_code == 400
    (message,) = answer.context["form"].non_field_errors()
    assert message.endswith("of 1 bytes. Delete something first.")
    assert not Run.objects.exists()


@pytest.fixture
def tables(offered, ada):
    """Rows of numbers beside the pictures, and a space for them."""
    return {"target": "features", "dataset": rows.leaves(ada), "space": rows.perceptrons()}


def test_rows_of_the_form_say_which_targets_they_are_for(web, tables, offered):
    parts = web.get(reverse("run-new")).context["parts"]
    found = {o["row"]: o["targets"] for o in parts["datasets"] + parts["spaces"]}
    assert found[tables["dataset"]] == found[tables["space"]] == "features"
    assert found[offered["dataset"]] == found[offered["space"]] == "mobile"


@pytest.mark.parametrize("name", ["dataset", "space"])
def test_what_the_address_names_brings_along_what_fits_it(web, tables, offered, name):
    initial = web.get(f"{reverse('run-new')}?{name}={tables[name].pk}").context["form"].initial
    assert {k: initial[k] for k in tables} == tables
    other = web.get(f"{reverse('run-new')}?{name}={offered[name].pk}").context["form"].initial
    assert (other["target"], other["space"]) == ("mobile", offered["space"])


def test_a_search_over_rows_of_numbers_is_started(web, choices, tables):
    chosen = {k: getattr(row, "pk", row) for k, row in tables.items()}
    assert send(web, choices, **chosen).status_code == 302
    run = Run.objects.get()
    assert (run.target, run.dataset) == ("features", tables["dataset"])


def test_pictures_are_refused_for_a_target_that_needs_rows(web, choices, tables):
    answer = send(web, choices, target="features", space=tables["space"].pk)
    assert answer.status_code == 400
    assert "needs rows of numbers" in str(answer.context["form"].errors["dataset"])


def test_a_network_of_layers_is_shown_without_maps(web, choices, tables):
    send(web, choices, **{k: getattr(row, "pk", row) for k, row in tables.items()})
    run = Run.objects.get()
    data = {"genes": [0, 1, 2, 3, 0, 0], "measures": {}}
    run.trials.create(number=0, architecture_hash="0", status="done", data=data)
    html = web.get(reverse("trial", args=[run.pk, 0])).content.decode()
    assert "height: units of the layer" in html
    assert "1→1 px" not in html
