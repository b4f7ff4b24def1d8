"""Buttons: each does what its service does, and says what came of it."""

import pytest
from django.urls import reverse

from searches.models import ChosenModel, Run
from searches.services import models, runs
from tests.frontend import rows


def press(web, run, action, **fields):
    """The page after the button."""
    address = reverse("run-action", args=[run.pk, action])
    answer = web.post(address, fields, follow=True)
    run.refresh_from_db()
    return answer.content.decode()


@pytest.fixture
def active(run):
    Run.objects.filter(pk=run.pk).update(status="running", stage="search")
    run.refresh_from_db()
    return run


def test_pause_and_resume(web, active):
    assert "Paused." in press(web, active, "pause")
    assert active.status == Run.Status.PAUSED
    assert "Resumed." in press(web, active, "resume")
    assert active.status == Run.Status.QUEUED


def test_cancel_keeps_the_results(web, active):
    assert "Results so far are kept" in press(web, active, "cancel")
    assert active.status == Run.Status.CANCELLED
    assert active.trials.count() == 60


def test_what_cannot_be_done_is_said(web, run):
    html = press(web, run, "pause")
    assert "cannot be paused" in html
    assert run.status == Run.Status.FINISHED


def test_extend(web, run):
    press(web, run, "extend", budget="300")
    assert (run.budget, run.status) == (300, Run.Status.QUEUED)


@pytest.mark.parametrize("budget", ["", "many", "10", "-5"])
def test_a_budget_that_makes_no_sense_is_refused(web, run, budget):
    html = press(web, run, "extend", budget=budget)
    assert 'class="notice error"' in html
    assert run.budget == 240


def test_rename(web, run):
    press(web, run, "rename", name="A better name")
    assert run.name == "A better name"


def test_clone_starts_a_copy(web, run):
    answer = web.post(reverse("run-clone", args=[run.pk]))
    copy = Run.objects.get(parent=run)
    assert answer.url == reverse("run", args=[copy.pk])
    assert (copy.seed, copy.budget) == (run.seed, run.budget)


def test_delete(web, run):
    assert web.post(reverse("run-delete", args=[run.pk])).url == reverse("run-list")
    assert not Run.objects.exists()


def test_an_active_run_is_not_deleted(web, active):
    answer = web.post(reverse("run-delete", args=[active.pk]), follow=True)
    assert "Cancel the run before" in answer.content.decode()
    assert Run.objects.filter(pk=active.pk).exists()


def test_choosing_makes_a_model(web, run, member):
    address = reverse("trial-choose", args=[run.pk, member.number])
    answer = web.post(address, {"name": "For the door", "fine_tune_epochs": "5"})
    model = ChosenModel.objects.get()
    assert answer.url == reverse("model", args=[model.pk])
    assert (model.name, model.settings) == ("For the door", {"fine_tune_epochs": 5})


def test_a_refused_choice_says_why(web, run, member):
    address = reverse("trial-choose", args=[run.pk, member.number])
    answer = web.post(address, {"name": "x", "fine_tune_epochs": "-1"})
    assert answer.status_code == 400
    assert "greater than or equal to 0" in answer.content.decode()


def test_a_failed_network_is_not_chosen(web, run):
    failed = run.trials.filter(status="failed").first()
    address = reverse("trial-choose", args=[run.pk, failed.number])
    answer = web.post(address, {"name": "", "fine_tune_epochs": "0"})
    assert answer.status_code == 400
    assert "not done" in answer.content.decode()


def test_a_run_with_a_model_is_kept(web, run, member):
    rows.model(run, member)
    answer = web.post(reverse("run-delete", args=[run.pk]), follow=True)
    assert "Models come from this run" in answer.content.decode()


@pytest.mark.django_db(transaction=True)
def test_choosing_from_a_run_that_is_deleted_meanwhile_says_so(web, run, member, monkeypatch):
    check = models._checked_settings

    def deleted_meanwhile(settings):
        runs.delete_run(run=Run.objects.get(pk=run.pk))
        return check(settings)

    monkeypatch.setattr(models, "_checked_settings", deleted_meanwhile)
    address = reverse("trial-choose", args=[run.pk, member.number])
    answer = web.post(address, {"name": "late", "fine_tune_epochs": 0})
    assert answer.status_code == 400
    assert "was deleted while you chose from it" in answer.content.decode()
