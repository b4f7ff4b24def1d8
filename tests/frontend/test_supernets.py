"""Pages of trained supernets: what the predictor is worth, and fronts for devices."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from frontend import specialised
from searches.models import Run, Supernet, SupernetPredictor
from tests.frontend import rows

TAU = {"tau": 0.62, "error": 0.04, "n": 120}
MACS = {"tau": 0.41, "error": 0.05, "n": 120}


@pytest.fixture
def supernet(run):
    return Supernet.objects.get(pk=run.supernet_id)


@pytest.fixture
def page(supernet):
    return reverse("supernet", args=[supernet.pk])


@pytest.fixture
def address(supernet):
    return reverse("supernet-specialise", args=[supernet.pk])


@pytest.fixture
def form(run):
    """The form as it is sent for the run's device."""
    return {"devices": [run.pinned.get().device_id], "measures": ["latency"], "networks": 24}


def predictor(supernet, *, is_used=True, **columns):
    worth = {"predictor": TAU, "macs": MACS, "parameters": MACS, "lead": TAU, "is_used": is_used}
    usual = {"status": "ready" if is_used else "refused", "n_wanted": 120, "n_pairs": 120}
    usual |= {"report": {"accuracy": worth}, "seconds": 31.0}
    return SupernetPredictor.objects.create(supernet=supernet, **usual | columns)


def text_of(answer) -> str:
    return " ".join(answer.content.decode().split())


def test_without_supernets_the_list_says_how_one_comes_about(web):
    text = text_of(web.get(reverse("supernet-list")))
    assert "No supernets yet" in text
    assert reverse("run-new") in text


def test_the_list_shows_training_predictor_and_networks(web, run, supernet):
    predictor(supernet)
    text = text_of(web.get(reverse("supernet-list")))
    assert f"Supernet {supernet.pk}" in text
    assert run.space.name in text
    assert "120 pairs" in text
    assert '<td class="number">60</td>' in text
    assert 'href="/supernets/" aria-current="page"' in text


def test_the_page_puts_the_predictor_beside_macs_with_their_errors(web, supernet, page):
    predictor(supernet)
    text = text_of(web.get(page))
    assert "0.62 ± 0.04" in text
    assert "0.41 ± 0.05" in text
    assert "Refused" not in text


def test_a_refused_predictor_is_called_so(web, supernet, page):
    predictor(supernet, is_used=False)
    text = text_of(web.get(page))
    assert "Refused: it does not rank accuracy better" in text


def test_a_supernet_without_predictor_says_what_ranks_instead(web, page):
    text = text_of(web.get(page))
    assert "no predictor yet" in text
    assert "Measure and learn" in text


def test_pairs_are_asked_for_and_followed(web, supernet, page):
    answer = web.post(reverse("supernet-measure", args=[supernet.pk]), {"pairs": "50"})
    assert answer.status_code == 302
    row = SupernetPredictor.objects.get()
    assert (row.n_wanted, row.status) == (50, "measuring")
    text = text_of(web.get(page))
    assert "0 of 50 networks judged" in text
    assert 'hx-trigger="every 2s"' in text
    assert web.get(reverse("supernet-predictor", args=[supernet.pk])).status_code == 200


@pytest.mark.parametrize("pairs", ["", "many", "3", "99999", "1" * 40])
def test_a_number_of_pairs_that_cannot_be_is_refused_in_words(web, supernet, pairs):
    address = reverse("supernet-measure", args=[supernet.pk])
    text = text_of(web.post(address, {"pairs": pairs}, follow=True))
    assert "is needed" in text or "between 20 and 2,000" in text
    assert not SupernetPredictor.objects.exists()


def test_one_device_leads_to_its_run(web, run, supernet, address, form):
    answer = web.post(address, form)
    made = Run.objects.latest("pk")
    assert answer.headers["Location"] == reverse("run", args=[made.pk])
    assert (made.strategy, made.supernet, made.budget) == ("specialise", supernet, 24)


def test_several_devices_get_a_run_each(web, ada, run, supernet, address, form):
    second = rows.analytic_device(ada)
    answer = web.post(address, form | {"devices": [*form["devices"], second.pk], "name": "Fleet"})
    assert answer.headers["Location"].endswith("#results")
    made = Run.objects.filter(strategy="specialise")
    assert {r.pinned.get().device_id for r in made} == {*form["devices"], second.pk}
    text = text_of(web.get(reverse("supernet", args=[supernet.pk])))
    assert all(r.name in text for r in made)


def test_limits_are_typed_in_the_units_of_people(web, address, form):
    limits = {"limit-latency": "2.5", "limit-storage": "900"}
    web.post(address, form | limits | {"accept_guesses": "on"})
    limits = Run.objects.latest("pk").limits
    assert [limit["at_most"] for limit in limits] == [2.5, 900_000]


def test_a_limit_out_of_reach_is_named_beside_its_field(web, address, form):
    before = Run.objects.count()
    answer = web.post(address, form | {"limit-latency": "0.000001"})
    assert answer.status_code == 400
    assert "smallest reachable value" in str(answer.context["form"].errors["limit-latency"])
    assert Run.objects.count() == before


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"devices": []}, "devices"),
        ({"devices": ["7777"]}, "devices"),
        ({"measures": []}, "measures"),
        ({"networks": "3"}, "networks"),
        ({"limit-latency": "-1"}, "limit-latency"),
        ({"limit-accuracy": "400"}, "limit-accuracy"),
    ],
)
def test_what_is_wrong_stands_beside_its_field(web, address, form, change, name):
    answer = web.post(address, form | change)
    assert answer.status_code == 400
    assert name in answer.context["form"].errors


def test_others_can_do_nothing_with_it(others_web, supernet, address, form):
    assert others_web.post(address, form).status_code == 404
    measure = reverse("supernet-measure", args=[supernet.pk])
    assert others_web.post(measure, {"pairs": "50"}).status_code == 404
    assert not Run.objects.filter(strategy="specialise").exists()


def test_the_form_of_a_search_begins_on_the_supernet(web, run, supernet):
    answer = web.get(reverse("run-new") + f"?supernet={supernet.pk}")
    form = answer.context["form"]
    chosen = {name: form[name].value() for name in ("supernet", "dataset", "space", "evaluator")}
    assert chosen == {
        "supernet": supernet.pk,
        "dataset": run.dataset_id,
        "space": run.space_id,
        "evaluator": "supernet",
    }
    assert web.get(reverse("run-new") + "?supernet=99999").status_code == 404


def specialised_run(ada, run, on, n=40):
    made = rows.run(ada, data=run.dataset, place=run.space, on=on, strategy="specialise")
    Run.objects.filter(pk=made.pk).update(supernet=run.supernet_id)
    rows.searched(made, n)
    made.refresh_from_db()
    return made


def test_the_matrix_names_the_best_network_within_each_latency(ada, run, web, page):
    made = specialised_run(ada, run, run.pinned.get().device)
    (row,) = specialised.matrix([made])["rows"]
    front = list(made.trials.filter(on_front=True).order_by("value_1"))
    assert row["cells"][0]["number"] == front[0].number
    assert row["cells"][-1]["number"] == max(front, key=lambda t: t.value_0).number
    for factor, cell in zip(specialised.FACTORS, row["cells"][1:-1], strict=True):
        within = [t for t in front if t.value_1 <= factor * front[0].value_1]
        assert cell["number"] == max(within, key=lambda t: t.value_0).number
    assert "Best network of each device" in text_of(web.get(page))


def test_queries_do_not_grow_with_runs_and_networks(ada, run, web, page):
    specialised_run(ada, run, run.pinned.get().device)

    def asked(address):
        with CaptureQueriesContext(connection) as queries:
            assert web.get(address).status_code == 200
        return len(queries)

    listed = reverse("supernet-list")
    before = asked(page), asked(listed)
    for number in range(3):
        specialised_run(ada, run, rows.device(ada, f"Device {number}"), n=80)
        rows.trained(rows.run(ada, data=run.dataset, place=run.space, on=run.pinned.get().device))
    assert (asked(page), asked(listed)) == before


def test_a_finished_predictor_ends_the_asking(web, supernet):
    predictor(supernet, ended_at=timezone.now())
    answer = web.get(reverse("supernet-predictor", args=[supernet.pk]))
    assert answer.status_code == 286
    assert answer.headers["HX-Refresh"] == "true"
