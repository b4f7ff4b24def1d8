"""Full trainings of a run's networks, slice by slice, and what they say of its scores."""

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from searches import tasks
from searches.models import FullTraining, Run, Trial, Trust
from searches.objectives.measures import MeasuredValue
from searches.runner import engine, full_training, trust
from searches.services import runs
from searches.services import trust as services
from tests.searches.rows import add_trials
from webnas.work import files

pytestmark = pytest.mark.django_db


class Pretended:
    """A training of three steps: the accuracy is what `reached` says of the trial's number."""

    reached: dict[int, float] = {}

    def __init__(self, number):
        self.number, self.step = number, 0

    @property
    def progress(self):
        from searches.training.base import Progress

        return Progress(self.step, 3, self.step >= 3)

    def advance(self, *, deadline, tick):
        import time

        while self.step < 3:
            self.step += 1
            if not tick() or time.monotonic() >= deadline:
                break
        return self.progress

    def state(self):
        return {"step": self.step}

    def restore(self, state):
        self.step = state["step"]

    def quality(self, split, *, tick):
        tick()
        value = self.reached.get(self.number, 0.9)
        if value < 0:
            raise ArithmeticError("diverged")
        spread = (value - 0.01, value + 0.01)
        found = MeasuredValue(value, "", "fully trained", split=split, spread=spread, n=100)
        return {"accuracy": found}


@pytest.fixture
def reached(monkeypatch):
    """Accuracy by number; nothing is really trained."""
    monkeypatch.setattr(Pretended, "reached", {})
    monkeypatch.setattr(
        full_training, "candidate_of", lambda run, trial, recipe: Pretended(trial.number)
    )
    return Pretended.reached


@pytest.fixture
def run(dataset, space):
    owner = User.objects.create_user("alice")
    run = Run.objects.create(
        owner=owner,
        name="Trusted?",
        target="mobile",
        dataset=dataset,
        space=space,
        strategy="random",
        evaluator="supernet",
        evaluator_settings={"epochs": 3, "batch_size": 16},
        objectives=[
            {"measure": "accuracy", "direction": "max"},
            {"measure": "macs", "direction": "min"},
        ],
        budget=40,
        batch=20,
        status=Run.Status.FINISHED,
    )
    add_trials(run, 40, front=4)
    for trial in run.trials.all():
        trial.value_0, trial.value_1 = (trial.number + 1) / 100, float(trial.number + 1)
        trial.data["measures"] = {
            "accuracy": {"value": trial.value_0, "unit": "", "provenance": "supernet"},
            "macs": {"value": trial.value_1, "unit": "", "provenance": "analytic"},
            "parameters": {"value": -trial.value_1, "unit": "", "provenance": "analytic"},
        }
        trial.save()
    return run


def work(at_most=1000):
    for _ in range(at_most):
        due = FullTraining.objects.filter(due_at__lte=timezone.now()).order_by("pk")
        pk = due.values_list("pk", flat=True).first()
        if pk is None:
            return
        tasks.train_fully(pk)
    raise AssertionError("still due")


def test_a_sample_of_the_chosen_size_is_spread_over_the_scores_and_compared(run, reached):
    reached |= {number: 0.5 + number / 100 for number in range(40)}
    services.train_sample(run=run, networks=10)
    assert run.full_trainings.count() == 10
    numbers = run.full_trainings.values_list("trial__number", flat=True)
    assert sorted(number // 4 for number in numbers) == list(range(10))
    work()
    found = services.state_of(run)
    assert (found["status"], found["counts"]["done"]) == ("done", 10)
    order = found["order"]
    by_name = {row["name"]: row for row in order["scores"]}
    assert by_name["accuracy"]["tau"] == 1
    assert by_name["macs"]["tau"] == 1
    assert by_name["parameters"]["tau"] == -1
    assert [row["difference"] for row in order["comparisons"]] == [0, 2]
    assert any("10 networks are few" in line["text"] for line in order["says"])


def test_a_larger_sample_adds_to_what_was_trained(run, reached):
    services.train_sample(run=run, networks=5)
    work()
    first = set(run.full_trainings.values_list("pk", flat=True))
    services.train_sample(run=run, networks=12)
    work()
    rows = set(run.full_trainings.values_list("pk", flat=True))
    assert len(rows) == 12
    assert first < rows
    assert Trust.objects.get(run=run).report["order"]["n"] == 12


def test_the_same_request_draws_the_same_networks(run, reached):
    drawn = []
    for _ in range(2):
        services.train_sample(run=run, networks=7)
        drawn.append(list(run.full_trainings.values_list("trial__number", flat=True)))
        services.forget(run=run)
    assert drawn[0] == drawn[1]


def test_baselines_that_rank_better_are_said_to(run, reached):
    reached |= {number: 0.5 + number / 100 for number in range(40)}
    for trial in run.trials.all():
        trial.value_0 = ((trial.number * 17) % 40) / 100
        trial.data["measures"]["accuracy"]["value"] = trial.value_0
        trial.save()
    services.train_sample(run=run, networks=25)
    work()
    says = [line["text"] for line in services.state_of(run)["order"]["says"]]
    assert any(text.startswith("Multiply-accumulates, which cost nothing, rank") for text in says)


def test_members_of_the_front_that_full_training_unmasks_fall_off(run, reached):
    reached |= {0: 0.9, 1: 0.7, 2: 0.91, 3: 0.99}
    services.train_sample(run=run, networks="front")
    assert run.full_trainings.filter(is_sampled=False).count() == 4
    work()
    fell = dict(run.full_trainings.values_list("trial__number", "fell_off"))
    # 1 costs more than 0 and is clearly worse; 2 is better by less than the errors explain.
    assert fell == {0: False, 1: True, 2: False, 3: False}
    assert services.state_of(run)["front"] == {"n": 4, "fell_off": [1]}
    member = run.full_trainings.get(trial__number=1)
    assert member.measures["accuracy"]["provenance"] == "fully trained"
    assert member.measures["accuracy:test"]["split"] == "test"
    assert member.trial.measures["accuracy"]["provenance"] == "supernet"


def test_only_members_of_the_front_are_judged_on_the_test_split(run, reached):
    services.train_sample(run=run, networks=8)
    work()
    for training in run.full_trainings.select_related("trial"):
        assert ("accuracy:test" in training.measures) == training.trial.on_front


def test_a_training_goes_on_where_its_slice_ended(
    run, reached, settings, django_capture_on_commit_callbacks
):
    settings.WEBNAS_SLICE_SECONDS = 0
    services.train_sample(run=run, networks=2)
    steps, held = [], set()
    for _ in range(6):
        pk = FullTraining.objects.filter(due_at__isnull=False).order_by("pk").first().pk
        with django_capture_on_commit_callbacks(execute=True):
            tasks.train_fully(pk)
        row = FullTraining.objects.get(pk=pk)
        steps.append(row.step)
        held.add(bool(row.checkpoint))
        assert bool(row.n_bytes) == bool(row.checkpoint)
    assert steps == [1, 2, 3, 1, 2, 3]
    assert held == {True, False}
    assert not list(files.stored(f"checkpoints/run-{run.pk}"))


def test_what_is_stopped_is_kept_and_goes_on_when_asked_for_again(run, reached, settings):
    settings.WEBNAS_SLICE_SECONDS = 0
    services.train_sample(run=run, networks=2)
    tasks.train_fully(FullTraining.objects.order_by("pk").first().pk)
    services.stop(run=run)
    assert services.state_of(run)["status"] == "stopped"
    work()
    assert run.full_trainings.filter(status="done").count() == 0
    services.train_sample(run=run, networks=2)
    assert run.full_trainings.order_by("pk").first().step == 1
    work()
    assert services.state_of(run)["status"] == "done"


def test_a_second_delivery_and_a_lost_worker_do_no_harm(run, reached):
    services.train_sample(run=run, networks=2)
    row = run.full_trainings.order_by("pk").first()
    FullTraining.objects.filter(pk=row.pk).update(attempts=3)
    tasks.train_fully(row.pk)
    tasks.train_fully(row.pk)
    row.refresh_from_db()
    assert row.status == FullTraining.Status.LOST
    assert "lost 3 times" in row.error
    work()
    assert services.state_of(run)["counts"] == {
        "asked": 2,
        "sampled": 2,
        "done": 1,
        "failed": 1,
        "due": 0,
    }


def test_a_network_that_cannot_be_trained_fails_alone(run, reached):
    services.train_sample(run=run, networks=3)
    first = run.full_trainings.order_by("pk").first()
    reached[first.trial.number] = -1
    work()
    first.refresh_from_db()
    assert (first.status, "diverged" in first.error) == ("failed", True)
    assert Trust.objects.get(run=run).report["order"]["n"] == 2


def test_what_counts_fewer_trainings_comes_too_late(run, reached):
    services.train_sample(run=run, networks=4)
    work()
    Trust.objects.filter(run=run).update(n_ended=5, report={"order": {"n": 5}})
    trust.consider(run)
    assert Trust.objects.get(run=run).report == {"order": {"n": 5}}


def test_deleting_the_run_removes_its_trainings_and_their_files(
    run, reached, settings, django_capture_on_commit_callbacks
):
    settings.WEBNAS_SLICE_SECONDS = 0
    services.train_sample(run=run, networks=3)
    tasks.train_fully(FullTraining.objects.order_by("pk").first().pk)
    assert list(files.stored(f"checkpoints/run-{run.pk}"))
    with django_capture_on_commit_callbacks(execute=True):
        runs.delete_run(run=run)
    assert not FullTraining.objects.exists()
    assert not Trust.objects.exists()
    assert not list(files.stored("checkpoints"))


def test_what_is_forgotten_while_it_is_trained_leaves_nothing(run, reached, settings, monkeypatch):
    services.train_sample(run=run, networks=2)
    monkeypatch.setattr(
        Pretended, "advance", lambda self, **_: services.forget(run=run) or self.progress
    )
    tasks.train_fully(FullTraining.objects.order_by("pk").first().pk)
    assert not FullTraining.objects.exists()
    assert not list(files.stored("checkpoints"))


def test_the_recipe_is_that_of_the_run_but_for_its_length(run):
    assert full_training.recipe_of(run) == {"batch_size": 16}
    run.evaluator = "full"
    assert full_training.recipe_of(run) == {"batch_size": 16, "epochs": 3}
    run.evaluator, run.evaluator_settings = "zero_cost", {"batch_size": 8}
    assert full_training.recipe_of(run) == {}


@pytest.mark.slow
def test_a_real_network_is_trained_and_judged_on_what_it_did_not_learn_from(run):
    genes = [0] * len(engine.space_of(run).genes)
    Trial.objects.filter(run=run).update(data={"genes": genes, "measures": {}})
    run.trials.filter(number__gt=1).delete()
    services.train_sample(run=run, networks=2, epochs=1)
    work()
    done = run.full_trainings.filter(status="done")
    assert done.count() == 2
    values = [training.measures["accuracy"] for training in done]
    assert {value["provenance"] for value in values} == {"fully trained"}
    assert {value["split"] for value in values} == {"validation"}
