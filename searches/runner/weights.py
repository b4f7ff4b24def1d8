"""Which weights of trials are kept once the strategy has been told."""

from django.db import transaction

from searches.models import Run
from searches.objectives.fidelity import FULL
from searches.runner import lineage
from webnas.work import files

# More are left to the next batch.
DROPPED_AT_ONCE = 1000


def drop_dominated(run: Run, told: int) -> None:
    """Forget the weights of fully judged trials that are not on the front; in a transaction.

    Nothing asks for them any more: a person who chooses such a network all the same waits for
    its training to be repeated, which its seed allows. Kept are states of lower fidelities, from
    which later trials go on, and what a chosen model is made from.

    Args:
        run: Whose front is up to date.
        told: How many trials the strategy was told.
    """
    stored = run.trials.filter(n_bytes__gt=0, is_told=True, on_front=False, fidelity=FULL)
    if lineage.hands_on(run):  # children begin with those of the latest
        stored = stored.filter(number__lte=told - lineage.KEPT)
    idle = stored.filter(due_at=None, lease_until=None, chosen=None)
    dropped = dict(idle.values_list("pk", "checkpoint")[:DROPPED_AT_ONCE])
    if dropped:
        run.trials.filter(pk__in=dropped).update(checkpoint="", n_bytes=0)
        transaction.on_commit(lambda: files.remove_all(dropped.values()), robust=True)
