"""Cards alone tell which choices fit together, and why not."""

import pytest

from searches.evaluators.registry import EVALUATORS
from searches.objectives.cards import Card, Registry, UnknownEntry
from searches.objectives.combinations import fits, problems
from searches.spaces.registry import FAMILIES
from searches.strategies.registry import STRATEGIES
from searches.targets.registry import TARGETS


def card(name, *, requires=(), provides=()):
    return Card(name, name.capitalize(), "x:Y", "", None, frozenset(requires), frozenset(provides))


MOBILE = card("mobile", requires=["data:images"])
SPACE = card("elastic", requires=["data:images"], provides=["weight sharing", "target:mobile"])
CELLS = card("cells", provides=["target:mobile"])
EVOLUTION = card("evolution")
HALVING = card("halving", requires=["fidelities"])
SUPERNET = card("supernet", requires=["weight sharing"])
FULL = card("full", provides=["fidelities"])


def test_choices_that_fit_have_no_problems():
    assert problems(MOBILE, "images", SPACE, EVOLUTION, SUPERNET) == {}
    assert fits(MOBILE, "images", SPACE, HALVING, FULL)


@pytest.mark.parametrize(
    ("choices", "field", "message"),
    [
        ((MOBILE, "images", CELLS, EVOLUTION, SUPERNET), "evaluator", "Cells does not offer this"),
        ((MOBILE, "images", SPACE, HALVING, SUPERNET), "strategy", "Supernet does not offer this"),
        ((MOBILE, "text", SPACE, EVOLUTION, SUPERNET), "dataset", "images with one class each"),
        (
            (card("pose"), "images", SPACE, EVOLUTION, SUPERNET),
            "space",
            "no networks for the target",
        ),
        (
            (MOBILE, "images", SPACE, card("odd", requires=["magic"]), FULL),
            "strategy",
            "none of the other choices",
        ),
        (
            (MOBILE, "images", SPACE, card("gan only", requires=["target:gan"]), FULL),
            "strategy",
            "target gan only",
        ),
    ],
)
def test_choices_that_do_not_fit_are_explained_at_the_field(choices, field, message):
    found = problems(*choices)
    assert list(found) == [field]
    assert message in found[field][0]


REGISTERED = {
    "table": ("table", "table", "table", "nsga2", "table", None),
    "trained in a table": ("table", "table", "table", "nsga2", "full", "evaluator"),
    "shared in a table": ("table", "table", "table", "nsga2", "supernet", "evaluator"),
    "mixed in a table": ("table", "table", "table", "darts", "table", "strategy"),
    "cut short in a table": ("table", "table", "table", "hyperband", "table", "strategy"),
    "looked up in images": ("mobile", "images", "cells", "nsga2", "table", "evaluator"),
    "networks of a table": ("mobile", "images", "table", "nsga2", "table", "space"),
    "full": ("mobile", "images", "cells", "nsga2", "full", None),
}


@pytest.mark.parametrize(
    ("target", "kind", "space", "strategy", "evaluator", "place"),
    REGISTERED.values(),
    ids=REGISTERED,
)
def test_tables_and_networks_do_not_mix(target, kind, space, strategy, evaluator, place):
    found = problems(
        TARGETS[target], kind, FAMILIES[space], STRATEGIES[strategy], EVALUATORS[evaluator]
    )
    assert (place in found) if place else not found


def test_own_promises_do_not_meet_own_needs():
    selfish = card("selfish", requires=["weight sharing"], provides=["weight sharing"])
    assert not fits(MOBILE, "images", CELLS, EVOLUTION, selfish)


def test_registry_lists_and_finds_cards():
    registry = Registry("strategy", "webnas.tests", [EVOLUTION, HALVING])
    assert list(registry) == ["evolution", "halving"]
    assert registry["halving"] is HALVING
    assert "magic" not in registry


def test_unknown_entry_is_refused_with_the_known_ones():
    registry = Registry("strategy", "webnas.tests", [EVOLUTION, HALVING])
    with pytest.raises(UnknownEntry) as refusal:
        registry["magic"]
    assert str(refusal.value) == "There is no strategy called “magic”. Known: evolution, halving."


def test_two_cards_of_one_name_are_refused():
    with pytest.raises(ValueError, match="Two strategy cards"):
        Registry("strategy", "webnas.tests", [EVOLUTION, EVOLUTION])


def test_packages_add_cards_by_entry_points(monkeypatch):
    class Point:
        value = "elsewhere:CARD"

        def __init__(self, thing):
            self.load = lambda: thing

    points = [Point(HALVING)]
    monkeypatch.setattr("searches.objectives.cards.entry_points", lambda group: points)
    assert "halving" in Registry("strategy", "webnas.tests", [EVOLUTION])
    points.insert(0, Point(print))
    registry = Registry("strategy", "webnas.tests", [EVOLUTION])
    for _ in range(2):  # not once, and then as if there were no packages
        with pytest.raises(TypeError, match="elsewhere:CARD"):
            len(registry)


def test_card_loads_what_it_names():
    named = Card("a", "A", "math:pi", "", settings="math:e")
    assert named.load() == pytest.approx(3.14159, abs=1e-4)
    assert named.settings_class() == pytest.approx(2.71828, abs=1e-4)
    assert card("b").settings_class() is None
