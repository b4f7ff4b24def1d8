"""Which function does a slice of which stage of a run."""

from searches.models import Run
from searches.runner import slices
from searches.runner.prepare import prepare
from searches.runner.search import search
from searches.runner.train import train
from searches.runner.verify import verify
from webnas.work.leases import Lease

STAGES = {
    Run.Stage.PREPARE.value: prepare,
    Run.Stage.TRAIN.value: train,
    Run.Stage.SEARCH.value: search,
    Run.Stage.VERIFY.value: verify,
}


def advance(lease: Lease) -> None:
    slices.advance_run(lease, STAGES)
