"""The list of runs and the page of one."""

import pytest
from django.urls import reverse
from django.utils import timezone

from devices.models import DeviceProfile
from frontend import overviews
from searches.models import Run
from searches.services.progress import Progress, progress_of
from tests.frontend import rows


def text_of(answer) -> str:
    return " ".join(answer.content.decode().split())


def test_an_empty_list_says_what_to_do_next(web):
    html = text_of(web.get("/"))
    assert "No searches yet" in html
    assert reverse("run-new") in html


def test_the_list_tells_status_progress_best_values_and_front(web, run):
    html = text_of(web.get("/"))
    front = run.trials.filter(on_front=True)
    assert "Finished" in html
    assert "60 of 240" in html
    assert f"{100 * max(t.value_0 for t in front):.1f} %" in html
    assert f"{min(t.value_1 for t in front):.3g} ms" in html


def test_the_running_search_is_shown_large_with_its_live_front(web, ada, run):
    active = rows.run(ada, data=run.dataset, place=run.space, on=run.pinned.get().device)
    Run.objects.filter(pk=active.pk).update(status="running")
    answer = web.get("/")
    assert answer.context["hero"] == active
    html = text_of(answer)
    assert f'data-url="{reverse("run-front", args=[active.pk])}"' in html


@pytest.fixture
def waiting(ada):
    """A run that nobody may claim: its machine is being measured."""
    found = rows.run(ada)
    found.pinned.update(version=None)
    progress = {"done": 120, "total": 340}
    found.pinned.get().device.versions.all().delete()
    DeviceProfile.objects.filter(pinned__run=found).update(
        is_host=True, due_at=timezone.now(), progress=progress
    )
    return found


MEASURING = "measuring this machine (120 of 340 timings)"


def test_the_measuring_that_a_run_waits_for_is_told_wherever_the_run_is(web, waiting):
    assert waiting.message == ""
    for name, asked in (("run", ""), ("run-status", ""), ("run-status", "?hero=1")):
        html = text_of(web.get(reverse(name, args=[waiting.pk]) + asked))
        assert MEASURING in html, (name, asked)
    first = web.get("/")
    assert f'<span class="number">{MEASURING}</span>' in text_of(first)  # the large card
    assert f"<small>Prepare · {MEASURING}</small>" in text_of(first)  # the list
    assert first.context["rows"][0]["progress"] == pytest.approx(120 / 340)
    assert "First this machine is measured" in text_of(first)


def test_the_share_of_the_measuring_is_the_progress(waiting):
    assert progress_of(waiting) == Progress(120, 340, MEASURING)
    DeviceProfile.objects.update(progress={})
    found = Run.objects.get(pk=waiting.pk)
    assert progress_of(found) == Progress(0, None, "measuring this machine")


def test_a_run_that_is_bound_to_a_version_waits_for_no_measuring(ada, waiting):
    version = rows.device(ada, "Another").latest()
    waiting.pinned.update(version=version)
    assert progress_of(waiting).text == "waiting for a worker"


def test_without_an_active_run_the_newest_front_is_shown(web, run):
    assert web.get("/").context["hero"] == run


def test_the_address_filters_the_list(web, ada, run):
    Run.objects.filter(pk=run.pk).update(name="Alpha one")
    rows.run(ada, data=run.dataset, place=run.space, on=run.pinned.get().device, name="Beta")
    found = web.get("/?q=alpha&status=finished").context["rows"]
    assert [row["run"].name for row in found] == ["Alpha one"]
    assert "No run matches" in text_of(web.get("/?q=gamma"))


def test_the_list_polls_only_while_something_is_active(web, run):
    assert 'hx-trigger="every 2s"' not in text_of(web.get("/"))
    Run.objects.filter(pk=run.pk).update(status="running")
    assert 'hx-trigger="every 2s"' in text_of(web.get("/"))


def test_htmx_gets_the_list_alone(web, run):
    html = web.get("/", headers={"hx-request": "true"}).content.decode()
    assert 'id="runs"' in html
    assert "<html" not in html


def test_the_page_names_what_was_asked_for(web, run):
    html = text_of(web.get(reverse("run", args=[run.pk])))
    for words in (run.name, run.dataset.name, run.space.name, "NSGA2", "Accuracy", "Queued."):
        assert words.lower() in html.lower()


def test_the_stages_before_the_current_one_are_past(ada, run):
    Run.objects.filter(pk=run.pk).update(status="running", stage="search")
    run.refresh_from_db()
    marks = [stage["mark"].split()[:1] for stage in overviews.stages_of(run)]
    assert marks == [["past"], ["past"], ["now"], [], []]


def test_a_finished_run_has_all_its_stages_behind_it(run):
    assert {stage["mark"] for stage in overviews.stages_of(run)} == {"past"}


@pytest.mark.parametrize(
    ("fields", "text", "share"),
    [
        ({"stage": "prepare", "message": "reading the data set"}, "reading the data set", None),
        ({"stage": "train"}, "step 915 of 920", 915 / 920),
        ({"stage": "search"}, "60 of 240 networks", 0.25),
    ],
)
def test_progress_is_that_of_the_stage(run, fields, text, share):
    Run.objects.filter(pk=run.pk).update(status="running", **fields)
    run.refresh_from_db()
    progress = progress_of(run)
    assert (progress.text, progress.share) == (text, pytest.approx(share) if share else None)


@pytest.mark.parametrize(("n_front", "total"), [(5, 5), (64, 64), (300, 64)])
def test_of_a_large_front_only_those_count_that_are_verified(run, n_front, total):
    Run.objects.filter(pk=run.pk).update(status="running", stage="verify", n_front=n_front)
    run.trials.update(is_verified=False)
    front = run.trials.filter(on_front=True).order_by("number")
    run.trials.filter(pk__in=[trial.pk for trial in front[:3]]).update(is_verified=True)
    run.refresh_from_db()
    assert progress_of(run) == Progress(3, total, f"3 of {total} verified")


def test_judged_networks_of_the_batch_count_before_they_are_told(run):
    Run.objects.filter(pk=run.pk).update(status="running", stage="search", n_told=40)
    run.trials.filter(number__gt=40).update(is_told=False)
    run.trials.filter(number__gt=50).update(status="waiting")
    run.refresh_from_db()
    assert progress_of(run).text == "50 of 240 networks"


def test_a_failed_run_shows_its_traceback_and_can_be_resumed(web, run):
    error = "Traceback (most recent call last):\nRuntimeError: the <loss> is not finite"
    Run.objects.filter(pk=run.pk).update(status="failed", error=error, message="it broke")
    html = text_of(web.get(reverse("run", args=[run.pk])))
    assert "the &lt;loss&gt; is not finite" in html
    assert reverse("run-action", args=[run.pk, "resume"]) in html
    assert reverse("run-action", args=[run.pk, "pause"]) not in html


def test_the_status_is_asked_for_again_until_the_run_ends(web, run):
    address = reverse("run-status", args=[run.pk])
    assert web.get(address).status_code == 286
    Run.objects.filter(pk=run.pk).update(status="running")
    assert web.get(address).status_code == 200


def test_the_rest_of_the_page_is_told_when_the_run_has_moved(web, run):
    Run.objects.filter(pk=run.pk).update(status="running", stage="search")
    address = reverse("run-status", args=[run.pk])
    mark = web.get(address).context["mark"]
    assert "HX-Trigger" not in web.get(address, {"seen": mark})
    assert web.get(address, {"seen": "running search 20 x"})["HX-Trigger"] == "run-moved"


def test_a_new_stage_is_spoken(web, run):
    Run.objects.filter(pk=run.pk).update(status="running", stage="search")
    address = reverse("run-status", args=[run.pk])
    assert "is Running, stage search" in text_of(web.get(address, {"seen": "running train 0 x"}))
    assert "stage search." not in text_of(web.get(address, {"seen": "running search 0 x"}))


def test_the_figure_of_an_unchanged_run_is_not_sent_again(web, run):
    address = reverse("run-front", args=[run.pk])
    answer = web.get(address)
    again = web.get(address, headers={"if-none-match": answer["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    Run.objects.filter(pk=run.pk).update(n_told=61)
    assert web.get(address, headers={"if-none-match": answer["ETag"]}).status_code == 200


def test_the_figure_has_the_axes_of_the_address(web, run):
    figure = web.get(reverse("run-front", args=[run.pk]), {"x": "storage", "y": "number"}).json()
    title = figure["figure"]["layout"]["xaxis"]["title"]["text"]
    assert title == "Storage · lower is better"
    assert figure["note"].startswith("Showing ")


def test_any_measure_can_be_an_axis(web, run):
    asked = {"x": "macs", "y": "accuracy:test"}
    figure = web.get(reverse("run-front", args=[run.pk]), asked).json()["figure"]
    title = figure["layout"]["xaxis"]["title"]["text"]
    assert title == "Multiply-accumulates · lower is better"
    front = next(trace for trace in figure["data"] if trace["meta"]["role"] == "front")
    assert len(front["x"]) == run.n_front
    assert "Accuracy on test: %{y:.1%}" in front["hovertemplate"]


def test_qualities_say_on_which_part_they_were_judged(web, run, member):
    figure = web.get(reverse("run-front", args=[run.pk])).json()["figure"]
    assert figure["layout"]["yaxis"]["title"]["text"].startswith("Accuracy on validation")
    panel = web.get(reverse("trial", args=[run.pk, member.number])).content.decode()
    assert "<dt>Accuracy on validation</dt>" in panel
    assert "<dt>Accuracy on test</dt>" in panel


def test_the_table_has_a_column_of_test_scores_once_there_are_some(web, run, member):
    table = web.get(reverse("run-networks", args=[run.pk]), {"sort": "number"})
    html = table.content.decode()
    assert '>Accuracy on validation</a></th><th class="number">on test</th>' in html
    row = next(r for r in table.context["networks"] if r["trial"] == member)
    tested = member.measures["accuracy:test"]["value"]
    assert row["texts"][0] == f"{100 * member.value_0:.1f} %"
    assert row["texts"][1] == f"{100 * tested:.1f} %"
    assert len(row["values"]) == 3  # what the page's script compares with limits
    run.trials.update(is_verified=False)
    again = web.get(reverse("run-networks", args=[run.pk]))
    assert "on test</th>" not in again.content.decode()


def test_the_best_network_shows_what_it_reaches_on_the_test_split(web, run):
    best = run.trials.filter(on_front=True).order_by("-value_0").first()
    text = f"{100 * best.measures['accuracy:test']['value']:.1f} %"
    html = web.get(reverse("run-list")).content.decode()
    assert f"<small>{text} on test</small>" in html  # the large card
    assert f"<small>on test</small> {text}" in html  # the list
    run.trials.filter(pk=best.pk).update(is_verified=False)
    assert "on test" not in web.get(reverse("run-list")).content.decode()


def test_unknown_axes_fall_back_to_the_first_cost_and_quality(web, run):
    answer = web.get(reverse("run", args=[run.pk]), {"x": "nonsense", "y": "'"})
    axes = answer.context["axes"]
    assert (axes["x"], axes["y"]) == (f"latency@{run.pinned.get().device_id}", "accuracy")


def test_the_table_is_sorted_by_the_database_with_missing_values_last(web, run):
    address = reverse("run-networks", args=[run.pk])
    for sort in ("value_1", "-value_1"):
        page = web.get(address, {"show": "all", "sort": sort, "page": 5}).context["networks"]
        assert page[-1]["values"][1] is None
    front = web.get(address, {"sort": "value_1"}).context["networks"]
    values = [row["values"][1] for row in front]
    assert values == sorted(values)


@pytest.mark.parametrize("asked", ["value_9", "data", "-", "run__owner__password"])
def test_the_table_sorts_by_its_own_columns_only(web, run, asked):
    answer = web.get(reverse("run-networks", args=[run.pk]), {"sort": asked})
    assert answer.context["sort"] == "-value_0"


def test_failed_networks_can_be_listed(web, run):
    shown = web.get(reverse("run-networks", args=[run.pk]), {"show": "failed"}).context["networks"]
    assert [row["state"] for row in shown] == ["Failed", "Failed"]


def test_networks_that_fell_off_are_marked(web, run):
    html = text_of(web.get(reverse("run-networks", args=[run.pk]), {"sort": "number"}))
    assert "fell off on test" in html
    assert "verified" in html


def test_a_picked_network_is_part_of_the_page(web, run, member):
    answer = web.get(reverse("run", args=[run.pk]), {"trial": member.number})
    assert answer.context["detail"]["trial"] == member
    assert f"Network {member.number}" in text_of(answer)


def test_the_detail_says_where_each_value_comes_from(web, run, member):
    html = text_of(web.get(reverse("trial", args=[run.pk, member.number])))
    for words in ("supernet", "on 359 search-validation images", "test images", "predicted"):
        assert words in html
    assert '<svg class="network"' in html
    assert "Cost per block" in html


def test_htmx_gets_the_panel_alone(web, run, member):
    address = reverse("trial", args=[run.pk, member.number])
    html = web.get(address, headers={"hx-request": "true"}).content.decode()
    assert "<html" not in html
    assert f"Network {member.number}" in html


def test_a_failed_network_shows_why_and_cannot_be_chosen(web, run):
    failed = run.trials.filter(status="failed").first()
    html = text_of(web.get(reverse("trial", args=[run.pk, failed.number])))
    assert "no more memory" in html
    assert "Choose this network" not in html


def test_a_run_that_has_just_been_queued_opens(web, ada):
    queued = rows.run(ada)
    queued.pinned.update(version=None)
    html = text_of(web.get(reverse("run", args=[queued.pk])))
    assert "being measured" in html


def test_times_are_relative_with_the_exact_one_on_hover(web, run):
    stamp = timezone.localtime(run.created_at).strftime("%Y-%m-%d")
    assert f'title="{stamp}' in text_of(web.get("/"))
