"""This machine by the kit: how far predictions of OFA-MobileNetV3 networks are from their times.

A kit of all blocks at two resolutions and of 70 random networks is timed by the runner that
people get. Ten networks calibrate, sixty are held out. Then the same with a tenth of the rows, and
with the ten networks alone. Times that do not repeat prove nothing, either way.
"""

import json
from dataclasses import replace
from pathlib import Path
from random import Random

from devices.profiles.cost import CostModel
from devices.profiles.kit.contents import files_of
from devices.profiles.kit.files import kits, run, timing
from devices.profiles.kit.kit import CALIBRATE, HOLDOUT, Kit, Network
from devices.profiles.kit.plan import plan
from devices.profiles.profile import Profile
from searches.spaces import registry
from searches.spaces.registry import FAMILIES

RESOLUTIONS = (160, 224)
N_CALIBRATE, N_HOLDOUT = 10, 60
SEED = 20260101
MINUTES = 20.0  # at most
# Split-half differences of the median block and the median network above which nothing is said.
MOST_OF_BLOCKS, MOST_OF_NETWORKS = 0.03, 0.06


def measure(work: Path) -> dict:
    """What the evidence says; a start that was cut off goes on from its last pass."""
    timings = timed(work, MINUTES)
    return found(Profile.from_dict(json.loads((work / "profile.json").read_text())), timings)


def timed(work: Path, minutes: float) -> list[timing.Timing]:
    """Writes the kit into the folder, unless it is there, and its profile; returns the times."""
    if not (work / "manifest.json").exists():
        for name, data in files_of(kit()):
            (work / name).parent.mkdir(exist_ok=True)
            (work / name).write_bytes(data)
    source = kits.open_kit(work)
    samples = kits.Samples(work / "samples.json", source.manifest, 1)
    document, timings = run.run_kit(
        source,
        seconds=60 * minutes,
        before=samples.load(source.manifest["items"]),
        keep=samples.save,
    )
    (work / "profile.json").write_text(json.dumps(document))
    return timings


def kit() -> Kit:
    definition = dict(FAMILIES["ofa_mobilenet_v3"].presets["full"]) | {"preset": ""}
    definition |= {"family": "ofa_mobilenet_v3", "resolutions": list(RESOLUTIONS)}
    space, rng = registry.load(definition), Random(SEED)
    chosen: dict[tuple[int, ...], None] = {}
    while len(chosen) < N_CALIBRATE + N_HOLDOUT:
        chosen.setdefault(space.sample(rng))
    networks = []
    for number, genes in enumerate(chosen):
        operations = space.operations(genes)
        arch = {"genes": list(genes), "operations": [op.to_dict() for op in operations]}
        split = CALIBRATE if number < N_CALIBRATE else HOLDOUT
        networks.append(Network(arch, operations, split))
    return Kit(space.operation_table(), tuple(networks), "OFA-MobileNetV3")


def found(profile: Profile, timings: list[timing.Timing]) -> dict:
    """All figures, and which of the claims they bear out; None where the times say nothing."""
    tenth = plan([entry.op for entry in profile.entries], limit=len(profile.entries) // 10)
    few = tuple(entry for entry in profile.entries if entry.op in set(tenth))
    judged = {
        "all rows": judgement(profile),
        "a tenth of the rows": judgement(replace(profile, entries=few)),
        "ten networks alone": judgement(replace(profile, entries=())),
    }
    repeat = {role: repeats(timings, role) for role in ("op", "model")}
    is_quiet = repeat["op"] <= MOST_OF_BLOCKS and repeat["model"] <= MOST_OF_NETWORKS
    return {
        "rows": len(profile.entries),
        "networks": {"calibrate": N_CALIBRATE, "held out": N_HOLDOUT},
        "resolutions": list(RESOLUTIONS),
        "passes": min(len(one.passes) for one in timings),
        "load_before": profile.provenance.host_load,
        "two_halves_differ": {"blocks": repeat["op"], "networks": repeat["model"]},
        "is_conclusive": is_quiet,
        "judged": judged,
        "holds": {name: good if is_quiet else None for name, good in claims(judged).items()},
    }


def repeats(timings: list[timing.Timing], role: str) -> float:
    return round(timing.repeatability([t for t in timings if t.item["role"] == role]), 4)


def judgement(profile: Profile) -> dict:
    """The figures of the held-out networks, without the points."""
    judged = CostModel.fit(profile)["judgement"]
    return {name: value for name, value in judged.items() if name != "points"}


def claims(judged: dict) -> dict[str, bool]:
    whole, tenth, alone = judged.values()
    return {
        "MAPE at most 5 %": whole["mape"] <= 0.05,
        "at least 90 % within 10 %": whole["within_10"] >= 0.90,
        "Spearman at least 0.97": whole["spearman"] >= 0.97,
        "better than the MAC proxy": whole["mape"] < whole["macs"]["mape"],
        "the 90 % interval covers 80 to 99 %": 0.80 <= whole["coverage"] <= 0.99,
        "a tenth of the rows: MAPE at most 6 %": tenth["mape"] <= 0.06,
        "ten networks alone: MAPE at most 5 %": alone["mape"] <= 0.05,
    }
