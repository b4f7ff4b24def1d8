"""The *search* stage: the coordinator asks the strategy for trials and tells it their results.

Results are told in the order of their tickets, a whole batch at once, so that neither the number
of workers nor their speed changes what the strategy does next.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from django.utils import timezone

from searches.models import N_OBJECTIVES, Run, Trial
from searches.objectives.fidelity import FULL
from searches.objectives.fronts import hypervolume, non_dominated
from searches.objectives.measures import Measures, to_json
from searches.runner import engine, lineage, slices, weights
from searches.runner.costing import Costing
from searches.runner.prepare import scaled
from searches.runner.slices import Outcome
from searches.runner.surrogate import Surrogate
from searches.spaces.base import InfeasibleSpace
from searches.strategies.base import Proposal, Strategy
from webnas.work import leases
from webnas.work.leases import Heartbeat

NOTHING_TO_VERIFY = "A table has no test split: the front is not verified."
NOTHING_TRAINED = "Proxies have no test split: train the front fully to see what it is worth."
# Messages sent for a new batch; a worker that got one goes on with the rest of the batch.
NUDGES_PER_BATCH = 16
# Strategies kept per process, with the counts (asked, told) and the budget that they stand at.
STRATEGIES_KEPT = 4
Standing = tuple[int, int, int]
_strategies: "OrderedDict[int, tuple[Standing, Strategy]]" = OrderedDict()


def search(run: Run, heartbeat: Heartbeat) -> Outcome:
    """Wait for the batch, or tell it and ask for the next one."""
    batch = list(run.trials.filter(number__gt=run.n_told).order_by("number"))
    waiting = [trial for trial in batch if trial.status == Trial.Status.WAITING]
    if waiting:
        return _waits(run, waiting)
    if batch and run.n_told == 0 and not _any_done(batch):
        reason = f"Every network of the first batch failed. The last one:\n{batch[-1].error}"
        return slices.ended(run, Run.Status.FAILED, reason)
    costing = engine.costing_of(run)
    strategy = _strategy(run, costing)
    strategy.tell(engine.results_of(run, batch))
    heartbeat.tick()
    try:
        proposals = _ask(run, strategy)
    except InfeasibleSpace as error:
        if run.n_asked == 0:
            return slices.ended(run, Run.Status.INFEASIBLE, str(error))
        proposals = []  # nothing new is within the limits: what was found stands
    return _outcome(run, costing, strategy, batch, proposals)


def _ask(run: Run, strategy: Strategy) -> Sequence[Proposal]:
    wanted = min(run.batch, run.budget - run.n_asked)
    return strategy.ask(wanted) if wanted > 0 and not strategy.finished() else []


def _waits(run: Run, waiting: Sequence[Trial]) -> Outcome:
    """Look again soon; results that came while this slice looked make it now."""
    rows = Trial.objects.filter(pk__in=[trial.pk for trial in waiting])
    message = f"{run.n_asked - len(waiting)} of {run.budget} networks judged"

    def store() -> None:
        still = rows.filter(status=Trial.Status.WAITING)
        still.filter(due_at=None).update(due_at=timezone.now())
        if not still.exists():
            Run.objects.filter(pk=run.pk).update(due_at=timezone.now())
            leases.nudge_on_commit(Run, run.pk)

    return Outcome({"message": message}, store=store, due_at=slices.in_a_while())


def _any_done(batch: Sequence[Trial]) -> bool:
    return any(trial.status == Trial.Status.DONE for trial in batch)


def _strategy(run: Run, costing: Costing) -> Strategy:
    """The strategy as of the run's row: from this process, else restored from the rows."""
    standing, strategy = _strategies.pop(run.pk, (None, None))
    if strategy is not None and standing == (run.n_asked, run.n_told, run.budget):
        return strategy
    return engine.strategy_of(run, costing)


def _keep(run_id: int, standing: Standing, strategy: Strategy) -> None:
    _strategies[run_id] = (standing, strategy)
    while len(_strategies) > STRATEGIES_KEPT:
        _strategies.popitem(last=False)


def _outcome(
    run: Run,
    costing: Costing,
    strategy: Strategy,
    batch: Sequence[Trial],
    proposals: Sequence[Proposal],
) -> Outcome:
    told = run.n_told + len(batch)
    asked = run.n_asked + len(proposals)
    front = front_after(run, batch)
    parents = lineage.parents_of(run, costing.space, proposals, batch, front)
    trials = new_trials(run, costing, proposals, parents)
    fields: dict[str, Any] = {
        "strategy_state": strategy.state(),
        "n_asked": asked,
        "n_told": told,
        "n_failed": run.n_failed + sum(t.status != Trial.Status.DONE for t in batch),
        "n_front": len(front),
        "hypervolume": hypervolume_of(run, front),
        "message": f"{told} of {run.budget} networks judged",
    }
    end = None
    if not proposals:
        if engine.has_test(run):
            fields["stage"] = Run.Stage.VERIFY
        else:
            end = Run.Status.FINISHED

    def store() -> None:
        if batch:
            volume = {"hypervolume": fields["hypervolume"], "front": len(front)}
            _store_told(run, batch, front)
            slices.note(run.pk, Run.Stage.SEARCH, told, volume | strategy.figures())
        Trial.objects.bulk_create(trials)
        for trial in [t for t in trials if t.due_at][:NUDGES_PER_BATCH]:
            leases.nudge_on_commit(Trial, trial.pk)
        _keep(run.pk, (asked, told, run.budget), strategy)
        if proposals and engine.asks_a_surrogate(run):
            slices.log(run.pk, _told_of_candidates(run, costing, strategy))
        if end is not None:
            is_tabular = engine.is_tabular(run.target)
            slices.log(run.pk, NOTHING_TO_VERIFY if is_tabular else NOTHING_TRAINED)

    due_at = slices.in_a_while() if trials else None
    judged = sum(trial.seconds for trial in batch)
    return Outcome(fields, store=store, end=end, due_at=due_at, told_seconds=judged)


def _told_of_candidates(run: Run, costing: Costing, strategy: Strategy) -> str:
    """How many candidates were looked at to ask for this batch, and what ranked them."""
    n = int(strategy.figures().get("candidates", 0))
    return f"{n:,} candidates looked at. {Surrogate(run, costing).text()}"


def _store_told(run: Run, batch: Sequence[Trial], front: Sequence[Trial]) -> None:
    numbers = [trial.number for trial in front]
    run.trials.filter(number__in=[trial.number for trial in batch]).update(is_told=True)
    run.trials.filter(on_front=True).exclude(number__in=numbers).update(on_front=False)
    run.trials.filter(on_front=False, number__in=numbers).update(on_front=True)
    weights.drop_dominated(run, run.n_told + len(batch))


def front_after(run: Run, batch: Sequence[Trial]) -> list[Trial]:
    """The front of the front so far and a batch: feasible, each architecture once."""
    done = [t for t in batch if t.status == Trial.Status.DONE and t.violation == 0]
    done = [t for t in done if t.fidelity == FULL]  # scores of different effort do not compare
    seen: set[str] = set()
    pool = []
    for trial in [*run.trials.filter(on_front=True).order_by("number"), *done]:
        if trial.architecture_hash not in seen and None not in trial.values[: _n(run)]:
            seen.add(trial.architecture_hash)
            pool.append(trial)
    if not pool:
        return []
    keep = non_dominated(losses_of(run, pool))
    return [trial for trial, is_kept in zip(pool, keep, strict=True) if is_kept]


def _n(run: Run) -> int:
    return len(run.objectives)


def losses_of(run: Run, trials: Sequence[Trial]) -> np.ndarray:
    """[n, n_objectives] minimised values of trials that have them all."""
    objectives = engine.objectives_of(run)
    rows = [[o.to_loss(v) for o, v in zip(objectives, t.values, strict=False)] for t in trials]  # type: ignore[arg-type]
    return np.array(rows, dtype=float).reshape(len(trials), len(objectives))


def hypervolume_of(run: Run, front: Sequence[Trial]) -> float:
    """Share of the box between ideal and reference that the front dominates, 0 to 1."""
    if not front:
        return 0.0
    return float(hypervolume(scaled(losses_of(run, front), run), np.ones(_n(run))))


def new_trials(
    run: Run, costing: Costing, proposals: Sequence[Proposal], parents: Mapping[int, int]
) -> list[Trial]:
    """Rows for proposals, with their costs; an architecture that is known takes its judgement.

    Args:
        run: Whose trials they become.
        costing: Of the run's devices.
        proposals: In the order of their tickets.
        parents: By ticket, the number of the trial whose weights it begins with.
    """
    if not proposals:
        return []
    costs = costing.measures([proposal.genes for proposal in proposals])
    hashes = [costing.space.hash(proposal.genes) for proposal in proposals]
    known = {
        (trial.architecture_hash, trial.fidelity): trial
        for trial in run.trials.filter(architecture_hash__in=hashes, status=Trial.Status.DONE)
    }
    roots = _roots(run, proposals)
    trials = []
    for proposal, cost, name in zip(proposals, costs, hashes, strict=True):
        trial = _new_trial(run, proposal, cost, name)
        if proposal.resume_from is not None:
            trial.data |= {"resume_from": proposal.resume_from, **roots[proposal.resume_from]}
        if proposal.ticket in parents:
            trial.data |= {"parent": parents[proposal.ticket]}
        twin = known.get((name, proposal.fidelity))
        if twin is not None:
            _copy(twin, trial)
        trials.append(trial)
    return trials


def _roots(run: Run, proposals: Sequence[Proposal]) -> dict[int, dict[str, Any]]:
    """For each trial that is continued, which one started its training, and its fidelities."""
    numbers = [p.resume_from for p in proposals if p.resume_from is not None]
    rows = run.trials.filter(number__in=numbers)
    found = {}
    for number, fidelity, root, earlier in rows.values_list(
        "number", "fidelity", "data__root", "data__earlier"
    ):
        fidelities = [*(earlier or []), fidelity]
        found[number] = {"root": number if root is None else root, "earlier": fidelities}
    return found


def _new_trial(run: Run, proposal: Proposal, costs: Measures, name: str) -> Trial:
    return Trial(
        run=run,
        number=proposal.ticket,
        architecture_hash=name,
        fidelity=proposal.fidelity,
        data={"genes": list(proposal.genes), "measures": to_json(costs)},
        due_at=timezone.now(),
    )


def _copy(twin: Trial, trial: Trial) -> None:
    """One evaluation serves equal architectures at equal fidelity; a verification does not."""
    judged = {name: value for name, value in twin.measures.items() if not name.endswith(":test")}
    told = {name: twin.data[name] for name in ("parent", "lineage") if name in twin.data}
    trial.data |= {"measures": judged, "same_as": twin.number, **told}
    trial.status, trial.violation = Trial.Status.DONE, twin.violation
    for position in range(N_OBJECTIVES):
        setattr(trial, f"value_{position}", getattr(twin, f"value_{position}"))
    trial.due_at, trial.ended_at = None, timezone.now()
