"""What looks wrong in rows that are each fine by themselves; and whether enough rows are left."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from hashlib import blake2b
from itertools import pairwise
from operator import attrgetter

from devices.profiles.problems import Problem, figure
from devices.profiles.profile import Device, Entry, Profile
from devices.profiles.rows import REJECTED_SHARE, Placed, R
from devices.profiles.vocabulary import FIELDS

Rows = Sequence[Placed[Entry]]
FEWEST_MODELS = 3
FEWEST_TO_COMPARE = 5  # below this, equal or whole numbers are chance
SAME_TIME_SHARE = 0.05
NOISY = 0.5
FEW_RUNS = 5
FASTER = 0.8
FALLBACK_SHARE = 0.2
COPIED_SHOWN = 5


def enough(n_entries: int, n_models: int, rejected: int, total: int) -> Problem | None:
    """The refusal of a file of `total` rows of which too little is left."""
    if rejected and rejected >= REJECTED_SHARE * total:
        text = (
            f"At least {rejected} of {total} rows are rejected; "
            f"below {100 * REJECTED_SHARE:.0f} % the others would be accepted."
        )
        return Problem("E", None, None, str(rejected), text)
    if n_entries or n_models >= FEWEST_MODELS:
        return None
    text = (
        "There is nothing to go by: a profile needs at least one row of an operation "
        f"or {FEWEST_MODELS} whole networks."
    )
    return Problem("E", None, "entries", None, text)


def warnings(rows: Rows) -> Iterator[Problem]:
    """Everything that makes the rows doubtful without refusing them."""
    for test, wording in STATISTICS:
        yield from _counted(rows, test, wording)
    yield from _equal_times(rows)
    yield from _whole_milliseconds(rows)
    yield from _faster_when_bigger(rows)
    yield from _fallback(rows)


def possible_energy(rows: list[Placed[R]], device: Device, place: str) -> Iterator[Problem]:
    """Takes the energies away, in place, that no such device can have drawn in that time."""
    idle, most = device.power_w.get("idle", 0.0), device.power_w.get("tdp", float("inf"))
    for index, placed in enumerate(rows):
        row = placed.row
        if row.energy_mj is None or 0.3 * idle <= row.energy_mj / row.mean_ms <= 1.3 * most:
            continue
        label = row.op.label() if isinstance(row, Entry) else "whole network"
        text = (
            f"{placed.where(place)} ({label}): {figure(row.energy_mj)} mJ in "
            f"{figure(row.mean_ms)} ms is {figure(row.energy_mj / row.mean_ms)} W; "
            f"{_power_range(device)}. The time is kept, the energy is not."
        )
        yield Problem("R", placed.line, "energy_mj", repr(row.energy_mj), text)
        rows[index] = replace(placed, row=replace(row, energy_mj=None))


def fingerprints(profile: Profile) -> frozenset[int]:
    """Operation and time of each row, as 64 bits of a hash; equal ones were copied."""
    texts = (f"{entry.op.key()}:{entry.mean_ms:.9g}" for entry in profile.entries)
    hashes = (blake2b(text.encode(), digest_size=8).digest() for text in texts)
    return frozenset(int.from_bytes(digest, "big") for digest in hashes)


def copied(
    own: frozenset[int], others: Iterable[tuple[str, Iterable[int]]], limit: int = COPIED_SHOWN
) -> list[Problem]:
    """Warnings about rows that equal those of other profiles (name, fingerprints).

    At most `limit` of them, those with the most equal rows first.
    """
    shared = [(len(own.intersection(theirs)), name) for name, theirs in others]
    found: list[Problem] = []
    for n, name in sorted(shared, key=lambda pair: -pair[0])[:limit]:
        if n:
            rows = "1 row equals one" if n == 1 else f"{n} rows equal those"
            text = f"{rows} of '{name}': copied from another device?"
            found.append(Problem("W", None, None, str(n), text))
    return found


def _power_range(device: Device) -> str:
    parts = [f"{name} {figure(watts)} W" for name, watts in device.power_w.items()]
    return f"the device is said to draw {', '.join(parts)}"


Test = Callable[[Entry], bool]
STATISTICS: Sequence[tuple[Test, str]] = (
    (
        lambda row: row.p95_ms is not None and row.p50_ms is not None and row.p95_ms < row.p50_ms,
        "have a p95 below their p50: are the columns swapped?",
    ),
    (
        lambda row: row.min_ms is not None and row.min_ms > row.mean_ms,
        "have a minimum above their mean: are the columns swapped?",
    ),
    (
        lambda row: row.std_ms is not None and row.std_ms > 3 * row.mean_ms,
        "have a spread above 3 times their mean: is it in another unit?",
    ),
    (
        lambda row: row.std_ms is not None and NOISY * row.mean_ms < row.std_ms <= 3 * row.mean_ms,
        "vary by more than 50 %: measure again on a quiet device.",
    ),
    (
        lambda row: row.runs is not None and row.runs < FEW_RUNS,
        f"were measured fewer than {FEW_RUNS} times.",
    ),
)


def _counted(rows: Rows, test: Test, wording: str) -> Iterator[Problem]:
    hits = [placed for placed in rows if test(placed.row)]
    if hits:
        first = hits[0]
        text = f"{len(hits)} of {len(rows)} rows {wording} The first is {_where(first)}."
        yield Problem("W", first.line, None, str(len(hits)), text)


def _where(placed: Placed[Entry]) -> str:
    return f"{placed.where('number')} ({placed.row.op.label()})"


def _equal_times(rows: Rows) -> Iterator[Problem]:
    if len(rows) < FEWEST_TO_COMPARE:
        return
    for mean, times in Counter(placed.row.mean_ms for placed in rows).items():
        if times >= max(3, SAME_TIME_SHARE * len(rows)):
            text = f"{times} rows of different operations have the same time, {figure(mean)} ms."
            yield Problem("W", None, "mean_ms", repr(mean), text)


def _whole_milliseconds(rows: Rows) -> Iterator[Problem]:
    if len(rows) < FEWEST_TO_COMPARE or any(placed.row.mean_ms % 1 for placed in rows):
        return
    error = 50 / min(placed.row.mean_ms for placed in rows)
    text = f"Times are whole milliseconds: errors up to ±{figure(error)} %."
    yield Problem("W", None, "mean_ms", None, text)


def _faster_when_bigger(rows: Rows) -> Iterator[Problem]:
    """A larger map or kernel, everything else equal, cannot be much faster."""
    for name, others in (("h", {"h", "w"}), ("k", {"k"})):
        rest = attrgetter(*(field for field in FIELDS if field not in others))
        groups: dict[object, list[Placed[Entry]]] = {}
        for placed in rows:
            if getattr(placed.row.op, name):
                groups.setdefault(rest(placed.row.op), []).append(placed)
        for group in groups.values():
            group.sort(key=lambda placed: (_area(placed), placed.row.op.k or 0))
            for small, big in pairwise(group):
                if big.row.mean_ms < FASTER * small.row.mean_ms:
                    yield _surprise(name, small, big)


def _area(placed: Placed[Entry]) -> int:
    h, w = placed.row.op.input_size()
    return h * w


def _surprise(name: str, small: Placed[Entry], big: Placed[Entry]) -> Problem:
    text = (
        f"{big.row.op.label()} takes {figure(big.row.mean_ms)} ms ({big.where('number')}), less "
        f"than the smaller {small.row.op.label()} with {figure(small.row.mean_ms)} ms "
        f"({small.where('number')})."
    )
    return Problem("W", big.line, name, repr(big.row.mean_ms), text)


def _fallback(rows: Rows) -> Iterator[Problem]:
    total = sum(placed.row.mean_ms for placed in rows)
    slow = sum(placed.row.mean_ms for placed in rows if placed.row.unit == "fallback")
    if slow > FALLBACK_SHARE * total:
        text = f"{100 * slow / total:.0f} % of the time is spent on the CPU fallback."
        yield Problem("W", None, "unit", None, text)
