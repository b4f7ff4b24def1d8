"""The trust panel of a run: what it says, and what its buttons ask for."""

import pytest
from django.urls import reverse

from searches.models import FullTraining, Trust
from tests.frontend import rows


def text_of(answer) -> str:
    return " ".join(answer.content.decode().split())


def press(web, run, **fields):
    usual = {"what": "sample", "networks": "20", "epochs": "3"}
    return web.post(reverse("run-trust-train", args=[run.pk]), usual | fields, follow=True)


@pytest.fixture
def fallen(run, member):
    rows.fully_trained(run, sample=12, fallen=[member.number])
    return member


def test_a_run_that_nobody_checked_says_what_to_do(web, run):
    html = text_of(web.get(reverse("run", args=[run.pk])))
    assert "Can the scores be trusted?" in html
    assert "Nobody knows yet how well these scores order networks." in html
    assert "Train the sample" in html
    assert "Delete these trainings" not in html


def test_the_sample_and_its_recipe_are_what_the_person_chose(web, run):
    html = text_of(press(web, run))
    assert "The sample is trained fully." in html
    assert run.full_trainings.filter(is_sampled=True, due_at__isnull=False).count() == 20
    assert Trust.objects.get(run=run).settings["epochs"] == 3
    assert "0 of 20" in html
    assert 'hx-trigger="every 3s"' in html


def test_the_front_is_trained_stopped_and_forgotten_by_its_buttons(web, run):
    press(web, run, what="front")
    assert run.full_trainings.count() == run.trials.filter(on_front=True).count()
    press(web, run, what="stop")
    assert not run.full_trainings.filter(due_at__isnull=False).exists()
    press(web, run, what="forget")
    assert not FullTraining.objects.exists()


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"networks": "1"}, "Networks: Ensure this value is greater than or equal to 2."),
        ({"networks": "x"}, "Networks: Enter a whole number."),
        ({"epochs": ""}, "Epochs: This field is required."),
        ({"networks": "200"}, "200 networks; the run has judged 58 different ones so far."),
        ({"what": "front", "epochs": "0"}, "Epochs: Ensure this value is greater than or"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(web, run, fields, reason):
    assert reason in text_of(press(web, run, **fields))
    assert not FullTraining.objects.exists()


def test_another_recipe_waits_until_the_first_is_forgotten(web, run):
    press(web, run)
    html = text_of(press(web, run, epochs="4", networks="25"))
    assert "are trained for 3 epochs, and what is compared has to be trained alike" in html
    assert run.full_trainings.count() == 20


def test_the_panel_tells_orders_with_their_errors_and_what_they_mean(web, run, fallen):
    answer = web.get(reverse("run-trust", args=[run.pk]))
    html, order = text_of(answer), answer.context["trust"]["order"]
    first = order["scores"][0]
    assert f"<strong>{first['tau']:.2f}</strong> ± {first['tau_error']:.2f}" in html
    assert [row["name"] for row in order["scores"]] == ["accuracy", "macs", "parameters"]
    assert "12 networks are few" in html
    assert "fully trained" in html
    assert "supernet" in html


def test_the_figure_has_every_trained_network_with_its_interval(web, run, fallen):
    figure = web.get(reverse("run-trust-figure", args=[run.pk])).json()
    n = run.full_trainings.count()
    assert sum(len(trace["x"]) for trace in figure["data"]) == n
    for trace in figure["data"]:
        assert all(error > 0 for error in trace["error_y"]["arrayminus"])
    assert figure["layout"]["yaxis"]["title"]["text"] == "Accuracy, fully trained"


def test_a_network_that_fell_off_is_marked_wherever_it_is_shown(web, run, fallen):
    answer = web.get(reverse("run-front", args=[run.pk])).json()
    traces = {trace["meta"]["role"]: trace for trace in answer["figure"]["data"]}
    crossed = traces["fallen"]
    assert [row[0] for row in crossed["customdata"]] == [fallen.number]
    front = traces["front"]
    place = [row[0] for row in front["customdata"]].index(fallen.number)
    assert (crossed["x"], crossed["y"]) == ([front["x"][place]], [front["y"][place]])
    assert "(supernet)" in crossed["text"][0]
    assert "(fully trained)" in crossed["text"][0]
    assert "1 crossed out" in answer["note"]
    trained = run.full_trainings.get(trial=fallen).measures["accuracy"]["value"]
    full = traces["full"]
    assert full["y"][[row[0] for row in full["customdata"]].index(fallen.number)] == trained
    table = text_of(web.get(reverse("run-networks", args=[run.pk]), {"sort": "number"}))
    assert table.count("fell off at full training") == 1
    assert f"fully trained: {100 * trained:.1f} %" in table
    panel = text_of(web.get(reverse("trial", args=[run.pk, fallen.number])))
    assert "fell off at full training" in panel
    assert "Trained fully, apart from the search" in panel


def test_the_plot_without_full_trainings_is_as_before(web, run):
    answer = web.get(reverse("run-front", args=[run.pk])).json()
    roles = [trace["meta"]["role"] for trace in answer["figure"]["data"]]
    assert roles == ["line", "infeasible", "reduced", "dominated", "front"]
    assert "Diamonds" not in answer["note"]


def test_the_panel_is_answered_again_only_when_something_has_changed(web, run):
    rows.fully_trained(run, sample=12, due=2)
    address = reverse("run-trust", args=[run.pk])
    mark = web.get(address).context["mark"]
    assert web.get(address, {"seen": mark}).status_code == 204
    run.full_trainings.filter(status="waiting").update(status="failed", due_at=None)
    answer = web.get(address, {"seen": mark})
    assert answer.headers["HX-Trigger"] == "run-moved"
    assert "2</span> failed" in text_of(answer)


def test_the_front_plot_is_answered_anew_once_a_member_is_trained(web, run):
    address = reverse("run-front", args=[run.pk])
    tag = web.get(address)["ETag"]
    assert web.get(address, headers={"If-None-Match": tag}).status_code == 304
    rows.fully_trained(run)
    assert web.get(address, headers={"If-None-Match": tag}).status_code == 200


def test_nobody_trains_another_persons_networks(others_web, run):
    assert press(others_web, run).status_code == 404
    assert not FullTraining.objects.exists()


def test_choosing_what_nobody_trained_says_that_it_is_trained_first(web, run, member):
    address = reverse("trial", args=[run.pk, member.number])
    assert "It is taken out of the supernet" in text_of(web.get(address))
    type(run).objects.filter(pk=run.pk).update(evaluator="zero_cost", evaluator_settings={})
    assert "Nobody has trained it yet: it is trained fully first" in text_of(web.get(address))
    type(run).objects.filter(pk=run.pk).update(evaluator="full")
    assert "Its weights are those that it was judged with" in text_of(web.get(address))


def test_a_run_by_proxies_shows_accuracy_as_accuracy_and_scores_as_scores(web, run, member):
    objectives = [{"measure": "synflow", "direction": "max", "unit": "nat"}, *run.objectives[1:]]
    for trial in run.trials.filter(status="done"):
        measured = {"value": 99.5 + trial.number, "unit": "nat", "provenance": "proxy"}
        trial.data["measures"] = trial.data["measures"] | {"synflow": measured}
        trial.data["measures"].pop("accuracy:test", None)
        trial.value_0 = 99.5 + trial.number
        trial.data["measures"].pop("accuracy")
        trial.save()
    type(run).objects.filter(pk=run.pk).update(evaluator="zero_cost", objectives=objectives)
    run.refresh_from_db()
    rows.fully_trained(run, sample=10, fallen=[member.number])
    page = text_of(web.get(reverse("run", args=[run.pk])))
    assert f"{99.5 + member.number:.4g} nat" in page
    assert "Synflow beside full training of some networks" in page
    figure = web.get(reverse("run-trust-figure", args=[run.pk])).json()
    assert figure["layout"]["xaxis"]["tickformat"] == ".4~g"
    assert figure["layout"]["yaxis"]["tickformat"] == ".1%"
    front = web.get(reverse("run-front", args=[run.pk])).json()["figure"]
    crossed = next(trace for trace in front["data"] if trace["meta"]["role"] == "fallen")
    assert "Synflow: " in crossed["text"][0]
    assert "(proxy)" in crossed["text"][0]
    assert "Accuracy: 99.9 % (fully trained)" in crossed["text"][0]
    panel = text_of(web.get(reverse("trial", args=[run.pk, member.number])))
    assert "99.9 %" in panel
