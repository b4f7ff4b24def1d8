"""The search strategies."""

from dataclasses import dataclass

from searches.objectives.cards import Card, Registry


@dataclass(frozen=True)
class StrategyCard(Card):
    """A strategy's card.

    Attributes:
        trainable: "module:Class" of the training that a one-shot strategy searches by; None for
            strategies that propose and are told.
    """

    trainable: str | None = None


STRATEGIES = Registry(
    "strategy",
    "webnas.strategies",
    [
        StrategyCard(
            name="grid",
            label="Grid search",
            path="searches.strategies.grid:Grid",
            summary="Tries every combination of options, or of each n-th option: for a few genes "
            "and a budget that holds them all.",
            settings="searches.strategies.settings.sampling:GridSettings",
            presets={"default": {}},
            precheck="searches.strategies.grid:precheck",
        ),
        StrategyCard(
            name="random",
            label="Random search",
            path="searches.strategies.random_search:RandomSearch",
            summary="Tries architectures at random, none twice: the baseline of every comparison.",
            settings="searches.strategies.settings.sampling:RandomSettings",
            presets={"default": {}},
        ),
        StrategyCard(
            name="nsga2",
            label="Evolution (NSGA-II)",
            path="searches.strategies.nsga2:Nsga2",
            summary="A population evolves: the non-dominated survive, those in the widest gaps "
            "of the front first. Serves up to three objectives best.",
            settings="searches.strategies.settings.evolution:Nsga2Settings",
            provides=frozenset({"warm start"}),
            presets={"default": {}, "large": {"population": 100}},
        ),
        StrategyCard(
            name="regularised_evolution",
            label="Regularised evolution",
            path="searches.strategies.regularised_evolution:RegularisedEvolution",
            summary="The best of a random tournament has a mutant, and the oldest of the "
            "population dies, however good it was.",
            settings="searches.strategies.settings.evolution:RegularisedEvolutionSettings",
            provides=frozenset({"warm start"}),
            presets={"default": {}, "paper": {"population": 100, "sample": 25}},
        ),
        StrategyCard(
            name="ofa_evolution",
            label="Evolution (once-for-all)",
            path="searches.strategies.ofa_evolution:OfaEvolution",
            summary="The best quarter of all generations stays; half of its children are "
            "mutants, half mix two parents, each made again until it is within the limits.",
            settings="searches.strategies.settings.evolution:OfaEvolutionSettings",
            provides=frozenset({"warm start"}),
            presets={"default": {}, "small budget": {"population": 20}},
        ),
        StrategyCard(
            name="local_search",
            label="Local search",
            path="searches.strategies.local_search:LocalSearch",
            summary="Tries the neighbours of each member of the front until none adds to it, "
            "then starts elsewhere.",
            settings="searches.strategies.settings.local:LocalSearchSettings",
            provides=frozenset({"warm start"}),
            presets={"default": {}},
        ),
        StrategyCard(
            name="motpe",
            label="Bayesian (multi-objective TPE)",
            path="searches.strategies.motpe:Motpe",
            summary="Models what the good results have in common and the others lack, and "
            "proposes what fits best.",
            settings="searches.strategies.settings.bayesian:MotpeSettings",
            provides=frozenset({"warm start"}),
            presets={"default": {}},
        ),
        StrategyCard(
            name="predictor",
            label="Predictor-guided search (Bayesian)",
            path="searches.strategies.predictor:Predictor",
            summary="Predictors learn from every trial, and those networks come next that "
            "are expected to enlarge the front most: the widest front from few trials.",
            settings="searches.strategies.settings.bayesian:PredictorSettings",
            provides=frozenset({"warm start"}),
            presets={"default": {}},
        ),
        StrategyCard(
            name="specialise",
            label="Specialise a supernet",
            path="searches.strategies.specialise:Specialise",
            summary="Evolution asks the supernet's predictor of thousands of networks, and only "
            "the best are judged: a front for another device within seconds.",
            settings="searches.strategies.settings.evolution:SpecialiseSettings",
            requires=frozenset({"shared weights"}),
            provides=frozenset({"surrogate"}),
            presets={"default": {}},
        ),
        StrategyCard(
            name="successive_halving",
            label="Successive halving",
            path="searches.strategies.halving:SuccessiveHalving",
            summary="Many start with a few epochs; the best third of each rung "
            "goes on with three times as many.",
            settings="searches.strategies.settings.fidelity:HalvingSettings",
            requires=frozenset({"fidelities"}),
            presets={"default": {}, "model-based": {"sampler": "motpe"}},
        ),
        StrategyCard(
            name="hyperband",
            label="Hyperband",
            path="searches.strategies.halving:Hyperband",
            summary="Rounds of successive halving, from many short starts to a few full ones.",
            settings="searches.strategies.settings.fidelity:HalvingSettings",
            requires=frozenset({"fidelities"}),
            presets={"default": {}, "model-based": {"sampler": "motpe"}},
        ),
        StrategyCard(
            name="asha",
            label="ASHA",
            path="searches.strategies.halving:Asha",
            summary="Successive halving whose rungs never wait: whatever is among the best third "
            "of its rung goes on with the next batch.",
            settings="searches.strategies.settings.fidelity:HalvingSettings",
            requires=frozenset({"fidelities"}),
            presets={"default": {}, "model-based": {"sampler": "motpe"}},
        ),
        StrategyCard(
            name="reinforce",
            label="Reinforcement learning (REINFORCE)",
            path="searches.strategies.reinforcement.reinforce:Reinforce",
            summary="A recurrent controller proposes gene by gene and learns from one reward that "
            "trades quality against costs; it heads for one point of the front, not for all.",
            settings="searches.strategies.settings.reinforcement:ReinforceSettings",
            provides=frozenset({"warm start"}),
            presets={"default": {}, "hard": {"reward": "hard"}},
        ),
        StrategyCard(
            name="ppo",
            label="Reinforcement learning (PPO)",
            path="searches.strategies.reinforcement.ppo:Ppo",
            summary="The same controller, trained in several small steps per batch that are kept "
            "near what it was; it heads for one point of the front, not for all.",
            settings="searches.strategies.settings.reinforcement:PpoSettings",
            provides=frozenset({"warm start"}),
            presets={"default": {}, "hard": {"reward": "hard"}},
        ),
        StrategyCard(
            name="darts",
            label="DARTS",
            path="searches.strategies.derived:Derived",
            summary="Trains one network that mixes all operations, and learns "
            "their weights by gradient descent; stops before it collapses to skip connections. "
            "Have its networks trained in full: the mixture's weights say little of each alone.",
            settings="searches.strategies.settings.one_shot:DartsSettings",
            requires=frozenset({"differentiable slots"}),
            presets={"default": {}, "second order": {"order": "second"}},
            trainable="searches.training.one_shot.darts:Darts",
        ),
        StrategyCard(
            name="gdas",
            label="GDAS",
            path="searches.strategies.derived:Derived",
            summary="Like DARTS, but each step draws one operation per choice by "
            "Gumbel noise: as fast as training one network.",
            settings="searches.strategies.settings.one_shot:GdasSettings",
            requires=frozenset({"differentiable slots"}),
            presets={"default": {}},
            trainable="searches.training.one_shot.gumbel:Gdas",
        ),
        StrategyCard(
            name="fbnet",
            label="FBNet",
            path="searches.strategies.derived:Derived",
            summary="Mixes operations by a Gumbel softmax; the loss is multiplied "
            "by the expected cost on the device.",
            settings="searches.strategies.settings.one_shot:FbnetSettings",
            requires=frozenset({"differentiable slots"}),
            presets={"default": {}},
            trainable="searches.training.one_shot.gumbel:Fbnet",
        ),
        StrategyCard(
            name="proxyless",
            label="ProxylessNAS",
            path="searches.strategies.derived:Derived",
            summary="Binary gates: one path is in memory at a time, choices "
            "learn from two; the expected cost on the device is part of the loss.",
            settings="searches.strategies.settings.one_shot:ProxylessSettings",
            requires=frozenset({"differentiable slots"}),
            presets={"default": {}},
            trainable="searches.training.one_shot.proxyless:Proxyless",
        ),
        StrategyCard(
            name="proxyless_reinforce",
            label="ProxylessNAS (REINFORCE)",
            path="searches.strategies.derived:Derived",
            summary="Like ProxylessNAS, but choices learn from the rewards of whole networks.",
            settings="searches.strategies.settings.one_shot:ProxylessReinforceSettings",
            requires=frozenset({"differentiable slots"}),
            presets={"default": {}},
            trainable="searches.training.one_shot.proxyless:ProxylessReinforce",
        ),
    ],
)
