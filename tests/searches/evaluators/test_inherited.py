"""Children begin with the weights of their parent, and a lineage can be trained again."""

import pytest
import torch

from searches.evaluators.inherited import InheritedEvaluator
from searches.evaluators.settings import InheritedSettings
from searches.training import checkpoints
from searches.training.base import always

NEVER = float("inf")
SMALL, LARGE = 0, 1
QUICK = {"epochs": 2, "batch_size": 16, "founder_epochs": 4, "founder_learning_rate": 0.05}


@pytest.fixture
def evaluator(tiny_task):
    return InheritedEvaluator(tiny_task, InheritedSettings(**QUICK), 0)


def of_size(evaluator, size, *, seed=1, parent=None):
    space = evaluator.task.space
    genes = space.canonical((0, *(size for _ in space.genes[1:])))
    candidate = evaluator.candidate(genes, seed=seed)
    if parent is not None:
        candidate.inherit(lambda: parent)
    return candidate


def trained(candidate):
    assert candidate.advance(deadline=NEVER, tick=always).done
    return candidate


def is_equal(one, other):
    states = [candidate.network().state_dict() for candidate in (one, other)]
    return all(torch.equal(value, states[1][name]) for name, value in states[0].items())


def entropy(candidate):
    return candidate.quality("validation")["cross_entropy"].value


def test_a_child_is_labelled_and_tells_what_it_inherited(evaluator):
    parent = trained(of_size(evaluator, SMALL))
    child = trained(of_size(evaluator, LARGE, seed=2, parent=parent))
    assert parent.quality("test")["accuracy"].provenance == "fully trained"
    assert child.quality("test")["accuracy"].provenance == "inherited"
    assert parent.story() == {"epochs": 4}
    told = child.story()
    assert told["epochs"] == 2
    assert set(told["operators"]) == {"larger kernels", "new layers", "wider"}
    assert 0 < told["share"] < 1


def test_a_child_starts_where_its_parent_is(evaluator, tiny_task):
    parent = trained(of_size(evaluator, SMALL))
    exact = InheritedEvaluator(tiny_task, InheritedSettings(**QUICK, noise=0.0), 0)
    child = of_size(exact, LARGE, seed=2, parent=parent)
    child.training()
    assert entropy(child) == pytest.approx(entropy(parent), abs=1e-4)


def test_a_child_beats_the_same_network_from_scratch(evaluator, tiny_task):
    parent = trained(of_size(evaluator, SMALL))
    child = trained(of_size(evaluator, LARGE, seed=2, parent=parent))
    short = InheritedSettings(**QUICK | {"founder_epochs": 2})
    scratch = trained(of_size(InheritedEvaluator(tiny_task, short, 0), LARGE, seed=2))
    assert entropy(child) < entropy(scratch)


@pytest.mark.slow
@pytest.mark.parametrize("n_ticks", [2, 16, 19])
def test_a_lineage_cut_anywhere_is_bitwise_the_same(evaluator, n_ticks):
    """Within the founder, at its end, and within the child."""
    whole = trained(of_size(evaluator, SMALL, seed=2, parent=of_size(evaluator, LARGE)))
    ticks = iter([True] * n_ticks)
    cut = of_size(evaluator, SMALL, seed=2, parent=of_size(evaluator, LARGE))
    while not cut.progress.done and next(ticks, False):
        cut.advance(deadline=0.0, tick=always)
    assert not cut.progress.done
    on = of_size(evaluator, SMALL, seed=2, parent=of_size(evaluator, LARGE))
    on.restore(checkpoints.loads(checkpoints.dumps(cut.state())))
    assert is_equal(trained(on), whole)
    assert on.story() == whole.story()


def test_a_judged_child_comes_back_without_its_parent(evaluator):
    child = trained(of_size(evaluator, LARGE, seed=2, parent=of_size(evaluator, SMALL)))
    back = of_size(evaluator, LARGE, seed=2)
    back.inherit(lambda: pytest.fail("nothing of the parent is needed"))
    back.restore(checkpoints.loads(checkpoints.dumps(child.state())))
    assert back.progress.done
    assert back.quality("test") == child.quality("test")


@pytest.mark.slow
def test_a_smaller_child_learns_from_its_parent(tiny_task):
    def child(weight):
        settings = InheritedSettings(**QUICK, distillation=weight)
        evaluator = InheritedEvaluator(tiny_task, settings, 0)
        return trained(of_size(evaluator, SMALL, seed=2, parent=of_size(evaluator, LARGE)))

    taught, alone = child(1.0), child(0.0)
    assert not is_equal(taught, alone)
    outputs = [candidate.network() for candidate in (taught, alone)]
    teacher = trained(of_size(InheritedEvaluator(tiny_task, InheritedSettings(**QUICK), 0), LARGE))
    inputs, _ = tiny_task.batch("train", torch.arange(64), 8)
    with torch.no_grad():
        wanted = teacher.network()(inputs)
        gaps = [tiny_task.distillation_loss(network(inputs), wanted).item() for network in outputs]
    assert gaps[0] < gaps[1]
