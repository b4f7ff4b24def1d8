"""How close strategies come to the true front within 200 evaluations, beside Optuna and pymoo."""

import hashlib
import os
from pathlib import Path

from tests.benchmarks.contest import (
    BUDGET,
    compared,
    contest,
    every_strategy,
    ours,
    summary,
)
from tests.benchmarks.nas_tables import nas_bench_201, nas_bench_macro
from tests.benchmarks.peers import PEERS
from tests.benchmarks.test_strategies import EVOLUTIONS, MORE_SEEDS, SEEDS
from tests.evidence.server import ROOT

SHARED = Path(os.environ.get("WEBNAS_SHARED", ROOT.parent / "shared")) / "data"


def measure(work: Path) -> dict:
    cells, layers = nas_bench_201(SHARED), nas_bench_macro(SHARED)
    state = fingerprint()

    def played(name, searches, table, seeds, **options):
        return contest(searches, table, seeds, store=work / f"{name}-{state}.json", **options)

    mine = every_strategy()
    main = played("cells", {**mine, **PEERS}, cells, SEEDS)
    found = {
        "evaluations": BUDGET,
        "seeds": len(SEEDS),
        "regret": "1 - hypervolume / that of the true front, from error 90 and the largest cost",
        "NAS-Bench-201, error after 12 epochs and latency on a Raspberry Pi 4": rows(main),
        "best": best(main, mine),
    }
    for population in (20, 50):
        searches = {"nsga2": ours("nsga2", batch=population, population=population)}
        searches |= {name: PEERS[name] for name in EVOLUTIONS}
        evolved = played(
            f"evolution-{population}", searches, cells, MORE_SEEDS, population=population
        )
        found[f"NSGA-II, population {population}, {len(MORE_SEEDS)} seeds"] = rows(evolved) | {
            f"nsga2 beside {name}": rounded(compared(evolved["nsga2"], evolved[name]))
            for name in EVOLUTIONS
        }
    macro = played("layers", {**mine, **PEERS}, layers, SEEDS)
    found["NAS-Bench-Macro, error and parameters"] = rows(macro)
    found["best there"] = best(macro, mine)
    return found


def best(played, mine) -> dict:
    """Our best and the peers' best, and their ratio."""
    means = {name: summary(outcomes)["mean_regret"] for name, outcomes in played.items()}
    own = min(mine, key=means.__getitem__)
    peer = min(PEERS, key=means.__getitem__)
    pair = rounded(compared(played[own], played[peer]))
    return {"ours": own, "peer": peer} | pair | {"holds": means[own] <= means[peer] / 2}


def rows(played) -> dict:
    return {name: rounded(summary(outcomes)) for name, outcomes in played.items()}


def rounded(row: dict) -> dict:
    return {name: float(f"{value:.4g}") for name, value in row.items()}


def fingerprint() -> str:
    """Of the code that decides: what was played with other code does not count."""
    text = hashlib.sha256()
    for folder in ("searches/strategies", "searches/predictors", "tests/benchmarks"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            text.update(path.read_bytes())
    return text.hexdigest()[:12]
