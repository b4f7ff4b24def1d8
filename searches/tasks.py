"""The tasks: each takes an id, claims the row, and lets the runner do one slice.

The runner is imported inside: it loads torch, which web processes must not.
"""

from celery import shared_task

from searches.models import ChosenModel, DataSet, FullTraining, Run, SupernetPredictor, Trial
from webnas.work.leases import claim


@shared_task(name=Run.task_name)
def advance_run(run_id: int) -> None:
    """One slice of a run's stage; a second delivery finds the lease taken and leaves."""
    lease = claim(Run, run_id)
    if lease is None:
        return
    from searches.runner import stages

    stages.advance(lease)


@shared_task(name=Trial.task_name)
def evaluate_trial(trial_id: int) -> None:
    """Judge a trial, and others of its run while the slice lasts."""
    lease = claim(Trial, trial_id)
    if lease is None:
        return
    from searches.runner import evaluate

    evaluate.evaluate(lease)


@shared_task(name=SupernetPredictor.task_name)
def measure_pairs(predictor_id: int) -> None:
    """Judge networks on a supernet, and learn from them, one slice at a time."""
    lease = claim(SupernetPredictor, predictor_id)
    if lease is None:
        return
    from searches.runner import pairs

    pairs.measure(lease)


@shared_task(name=ChosenModel.task_name)
def make_model(model_id: int) -> None:
    """Train, calibrate and export a chosen network, one slice at a time."""
    lease = claim(ChosenModel, model_id)
    if lease is None:
        return
    from searches.runner import choosing

    choosing.advance(lease)


@shared_task(name=DataSet.task_name)
def read_folder(dataset_id: int) -> None:
    """Read a folder that was registered as a data set."""
    lease = claim(DataSet, dataset_id)
    if lease is None:
        return
    from searches.runner import folder

    folder.read(lease)


@shared_task(name=FullTraining.task_name)
def train_fully(training_id: int) -> None:
    """Train a network of a run fully, and others of the run while the slice lasts."""
    lease = claim(FullTraining, training_id)
    if lease is None:
        return
    from searches.runner import trusting

    trusting.train(lease)
