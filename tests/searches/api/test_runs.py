"""REST: runs, and what a person does with them."""

from datetime import timedelta

import pytest
from django.utils import timezone

from searches.models import DataSet, Run
from tests.searches.rows import add_trials

RUNS = "/api/v1/runs/"


def test_a_search_is_started(as_alice, body, device):
    answer = as_alice.post(RUNS, body)
    assert answer.status_code == 202
    assert answer["Retry-After"] == "2"
    assert answer.data["status"] == "queued"
    assert [item["key"] for item in answer.data["objectives"]] == [
        "accuracy",
        f"latency@{device.pk}",
        "storage",
    ]
    assert answer.data["devices"][0]["content_sha256"] == device.latest().content_sha256
    assert Run.objects.get().owner.username == "alice"


def test_defaults_fill_what_is_left_out(as_alice, body):
    for name in ("strategy", "evaluator", "budget", "seed", "devices"):
        del body[name]
    body["objectives"] = [{"measure": "accuracy"}, {"measure": "macs"}]
    answer = as_alice.post(RUNS, body)
    assert answer.status_code == 202
    assert (answer.data["strategy"], answer.data["budget"]) == ("nsga2", 200)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"name": ""}, "name"),
        ({"name": None}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"dataset": 999}, "dataset"),
        ({"dataset": "first"}, "dataset"),
        ({"dataset": 2**62}, "dataset"),
        ({"dataset": True}, "dataset"),
        ({"space": None}, "space"),
        ({"devices": [1, 1]}, "devices"),
        ({"devices": [999]}, "devices"),
        ({"devices": 1}, "devices"),
        ({"devices": [[1]]}, "devices.0"),
        ({"objectives": []}, "objectives"),
        ({"objectives": [{"measure": "beauty"}]}, "objectives.0"),
        ({"objectives": [{"measure": "latency"}]}, "objectives.0"),
        ({"objectives": [{"measure": "macs"}, {"measure": "macs"}]}, "objectives.1"),
        ({"objectives": [{"measure": "macs"}] * 6}, "objectives"),
        ({"objectives": [{}]}, "objectives.0.measure"),
        ({"objectives": ["macs"]}, "objectives.0"),
        ({"objectives": [{"measure": "macs", "weight": 1}]}, "objectives.0.weight"),
        ({"limits": [{"measure": "macs"}]}, "limits.0"),
        ({"limits": [{"measure": "macs", "at_most": -1}]}, "limits.0"),
        ({"limits": [{"measure": "macs", "at_most": "many"}]}, "limits.0.at_most"),
        ({"limits": [{"measure": "macs", "at_most": 5, "statistic": "p"}]}, "limits.0.statistic"),
        ({"strategy": "luck"}, "strategy"),
        ({"strategy_settings": {"luck": 1}}, "strategy_settings.luck"),
        ({"strategy_settings": []}, "strategy_settings"),
        ({"strategy": "grid"}, "strategy_settings.step"),
        ({"evaluator": "oracle"}, "evaluator"),
        ({"evaluator_settings": {"epochs": "many"}}, "evaluator_settings.epochs"),
        ({"target": "toaster"}, "target"),
        ({"budget": 0}, "budget"),
        ({"budget": 10**12}, "budget"),
        ({"budget": 1.5}, "budget"),
        ({"batch": 41}, "batch"),
        ({"seed": -1}, "seed"),
        ({"supernet": 7}, "supernet"),
        ({"nmae": "typo"}, "nmae"),
        ({"status": "finished"}, "status"),
    ],
)
def test_a_wrong_choice_is_named(as_alice, body, change, place):
    answer = as_alice.post(RUNS, body | change)
    assert answer.status_code == 400
    assert place in answer.data["errors"], answer.data
    assert not Run.objects.exists()


def test_a_limit_that_no_network_meets_names_the_nearest_value(as_alice, body):
    body["limits"] = [{"measure": "macs", "at_most": 1}]
    answer = as_alice.post(RUNS, body)
    assert answer.status_code == 400
    assert "smallest reachable value" in answer.data["errors"]["limits.0"][0]


def test_data_of_others_cannot_be_searched(as_bob, body, dataset, alice):
    DataSet.objects.update(owner=alice)
    answer = as_bob.post(RUNS, body)
    assert answer.status_code == 400
    assert answer.data["errors"] == {"dataset": [f"There is no data set {dataset.pk}."]}


def test_only_so_many_runs_are_active(as_alice, body, settings):
    settings.WEBNAS_QUOTA_RUNS = 1
    assert as_alice.post(RUNS, body).status_code == 202
    assert as_alice.post(RUNS, body).status_code == 409


def test_a_list_tells_status_counts_and_best_values(as_alice, run, device):
    row = as_alice.get(RUNS).data["results"][0]
    assert row["status"] == "queued"
    assert (row["n_told"], row["budget"], row["n_front"]) == (30, 100, 10)
    front = run.trials.filter(on_front=True)
    assert row["best"]["accuracy"] == max(trial.value_0 for trial in front)
    assert row["best"][f"latency@{device.pk}"] == min(trial.value_1 for trial in front)


def test_the_measuring_that_a_run_waits_for_is_its_message(as_alice, run, device):
    device.is_host, device.due_at = True, timezone.now()
    device.progress = {"done": 120, "total": 340}
    device.save()
    run.pinned.update(version=None)
    text = "measuring this machine (120 of 340 timings)"
    assert as_alice.get(RUNS).data["results"][0]["message"] == text
    shown = as_alice.get(f"{RUNS}{run.pk}/").data
    assert shown["message"] == text
    assert shown["progress"] == {"done": 120, "total": 340, "text": text}
    Run.objects.update(stage="search")
    assert as_alice.get(RUNS).data["results"][0]["message"] == ""


@pytest.mark.parametrize(
    ("fields", "done", "total", "text"),
    [
        ({"message": "reading the data set"}, 0, None, "reading the data set"),
        ({"stage": "train"}, 0, None, "starting the training"),
        ({"stage": "search"}, 30, 100, "30 of 100 networks"),
        ({"stage": "verify"}, 0, 10, "0 of 10 verified"),
        ({"stage": "search", "status": "cancelled"}, 30, None, "30 networks judged"),
    ],
)
def test_a_run_tells_how_far_its_stage_is(as_alice, run, fields, done, total, text):
    Run.objects.update(**fields)
    progress = as_alice.get(f"{RUNS}{run.pk}/").data["progress"]
    assert progress == {"done": done, "total": total, "text": text}


@pytest.mark.parametrize(
    ("order", "names"),
    [("ended_at", ["old", "new", "going"]), ("-ended_at", ["new", "old", "going"])],
)
def test_what_has_no_value_comes_last_whichever_way(as_alice, run, order, names):
    now = timezone.now()
    for name, ended_at in (("new", now), ("going", None), ("old", now - timedelta(days=1))):
        run.pk, run.name, run.ended_at = None, name, ended_at
        run.save()
    rows = as_alice.get(f"{RUNS}?ordering={order},id").data["results"]
    assert [row["name"] for row in rows if row["name"] in names] == names


def test_lists_are_filtered_and_sorted(as_alice, run, dataset):
    assert as_alice.get(f"{RUNS}?status=queued&status=running").data["count"] == 1
    assert as_alice.get(f"{RUNS}?status=finished").data["count"] == 0
    assert as_alice.get(f"{RUNS}?name=bars&dataset={dataset.pk}").data["count"] == 1
    assert as_alice.get(f"{RUNS}?dataset=0&ordering=-name").data["count"] == 0


@pytest.mark.parametrize(
    "query",
    ["status=odd", "dataset=x", "dataset=NaN", "dataset=1e9", f"space={10**30}", "name=%00"],
)
def test_a_senseless_filter_is_refused(as_alice, query):
    answer = as_alice.get(f"{RUNS}?{query}")
    assert answer.status_code == 400
    assert set(answer.data) == {"detail", "errors"}


@pytest.mark.parametrize("query", ["page=0", "page=x", f"page={10**30}", "page=2"])
def test_a_page_that_is_not_there_is_404(as_alice, run, query):
    assert as_alice.get(f"{RUNS}?{query}").status_code == 404


def test_a_run_is_renamed(as_alice, run):
    answer = as_alice.patch(f"{RUNS}{run.pk}/", {"name": "Better name"})
    assert answer.data["name"] == "Better name"
    assert as_alice.patch(f"{RUNS}{run.pk}/", {"status": "finished"}).status_code == 400
    assert as_alice.patch(f"{RUNS}{run.pk}/", {}).status_code == 400


def test_a_run_is_paused_and_resumed(as_alice, run):
    address = f"{RUNS}{run.pk}/"
    assert as_alice.post(address + "pause/").data["status"] == "paused"
    assert as_alice.post(address + "pause/").status_code == 409
    answer = as_alice.post(address + "resume/")
    assert (answer.status_code, answer.data["status"]) == (202, "queued")


def test_a_cancelled_run_is_extended(as_alice, run):
    address = f"{RUNS}{run.pk}/"
    assert as_alice.post(address + "extend/", {"budget": 200}).status_code == 409
    assert as_alice.post(address + "cancel/").data["status"] == "cancelled"
    assert as_alice.post(address + "extend/", {"budget": 100}).status_code == 400
    assert as_alice.post(address + "extend/", {"budget": "x"}).status_code == 400
    answer = as_alice.post(address + "extend/", {"budget": 200})
    assert (answer.status_code, answer.data["budget"]) == (202, 200)


def test_a_clone_has_the_same_choices_but_for_those_named(as_alice, run):
    answer = as_alice.post(f"{RUNS}{run.pk}/clone/", {"seed": 9, "strategy": "random"})
    assert answer.status_code == 202
    assert (answer.data["seed"], answer.data["strategy"]) == (9, "random")
    assert answer.data["parent"] == run.pk
    assert answer.data["evaluator"] == run.evaluator
    again = as_alice.post(f"{RUNS}{run.pk}/clone/", {"sede": 9})
    assert list(again.data["errors"]) == ["sede"]


def test_an_active_run_is_not_deleted(as_alice, run):
    assert as_alice.delete(f"{RUNS}{run.pk}/").status_code == 409
    as_alice.post(f"{RUNS}{run.pk}/cancel/")
    assert as_alice.delete(f"{RUNS}{run.pk}/").status_code == 204
    assert as_alice.get(f"{RUNS}{run.pk}/").status_code == 404


@pytest.mark.parametrize(
    ("method", "tail"),
    [
        ("get", ""),
        ("patch", ""),
        ("delete", ""),
        *(("post", f"{act}/") for act in ("pause", "resume", "cancel", "extend", "clone")),
        *(
            ("get", f"{part}/")
            for part in ("trials", "front", "points", "history", "events", "export", "trials/1")
        ),
        ("post", "trials/1/choose/"),
    ],
)
def test_other_peoples_runs_do_not_exist(as_bob, anonymous, as_reader, run, method, tail):
    address = f"{RUNS}{run.pk}/{tail}"
    assert getattr(as_bob, method)(address).status_code == 404
    assert getattr(anonymous, method)(address).status_code == 401
    if method != "get":
        assert getattr(as_reader, method)(address).status_code == 403
    run.refresh_from_db()
    assert (run.name, run.status) == ("Bars on a board", "queued")


def test_a_run_started_twice_with_a_key_is_one_run(as_alice, body):
    key = {"Idempotency-Key": "only once"}
    first = as_alice.post(RUNS, body, headers=key)
    second = as_alice.post(RUNS, body, headers=key)
    assert first.data["id"] == second.data["id"]
    assert second["Retry-After"]
    assert Run.objects.count() == 1


def test_the_number_of_queries_does_not_grow(
    as_alice, alice, body, run, django_assert_max_num_queries, settings
):
    settings.WEBNAS_QUOTA_RUNS = 100
    for number in range(8):
        as_alice.post(RUNS, body | {"name": f"Run {number}"})
    add_trials(run, 970)
    as_alice.get(RUNS)
    with django_assert_max_num_queries(5):  # token, count, page, pins, best values
        assert len(as_alice.get(RUNS).data["results"]) == 9
    with django_assert_max_num_queries(9):
        as_alice.get(f"{RUNS}{run.pk}/")


def test_a_run_starts_from_the_trials_of_another(as_alice, as_bob, body, run):
    asked = body | {"strategy": "nsga2", "warm_start": run.pk}
    answer = as_alice.post(RUNS, asked)
    assert answer.status_code == 202, answer.data
    assert answer.data["warm_start"] == run.pk
    assert as_alice.get(f"{RUNS}{run.pk}/").data["warm_start"] is None
    refused = as_alice.post(RUNS, asked | {"strategy": "random"})
    assert "does not begin" in refused.data["errors"]["warm_start"][0]
    assert "no run" in as_bob.post(RUNS, asked).data["errors"]["warm_start"][0]
