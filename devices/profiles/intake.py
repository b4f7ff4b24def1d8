"""The one door for uploaded profiles: bytes, a file name and answers in; a verdict out.

Nothing is kept between calls. A `Question` is answered by sending the file again with its field
among the answers.
"""

import gc
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from devices.profiles import archives, checks, duplicates, header, parsing, rows, units
from devices.profiles.formats import registry
from devices.profiles.formats.reading import (
    MJ_PER_UNIT,
    MS_PER_UNIT,
    TIMES,
    UNIT_SPELLINGS,
    UNITS,
    Reading,
    Unsure,
)
from devices.profiles.header import ASKED, Header
from devices.profiles.parsing import Document
from devices.profiles.problems import Problem, capped, shown
from devices.profiles.profile import Entry, ModelRow, Profile
from devices.profiles.rows import Placed


@dataclass(frozen=True, slots=True)
class Accepted:
    """The profile, and what was rejected or looks doubtful."""

    profile: Profile
    report: list[Problem] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Question:
    """What has to be known first; without choices any text may be the answer.

    `also` are further facts that will be asked for, whatever the answer to this one.
    """

    question: str
    field: str
    choices: tuple[str, ...] = ()
    also: tuple["Question", ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """Why the file is not taken."""

    problems: list[Problem]


Verdict = Accepted | Question | Refused


@dataclass(slots=True)
class Case:
    """A file while it is judged: rows still standing, how many fell, and what was found."""

    header: Header
    place: str
    total: int
    entries: list[Placed[Entry]] = field(default_factory=list)
    models: list[Placed[ModelRow]] = field(default_factory=list)
    rejected: int = 0
    too_long: int = 0
    problems: list[Problem] = field(default_factory=list)

    def refusal(self) -> Refused | None:
        """The refusal if there is a problem that refuses the file, or too little is left."""
        problem = checks.enough(len(self.entries), len(self.models), self.rejected, self.total)
        found = [problem] if problem else []
        found += self.problems
        return Refused(capped(found)) if any(one.level == "E" for one in found) else None


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """Without Python's search for cycles, of which a file has none.

    It would look through the million objects of a large file again and again, which takes a
    quarter of the time.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@collector_at_rest()
def read(data: bytes, filename: str, *, answers: Mapping[str, str]) -> Verdict:
    """The verdict on an uploaded file; raises nothing, whatever the bytes are.

    Args:
        data: the file as it came.
        filename: its name; it names the profile if the file does not.
        answers: fields that earlier questions asked for: format, dialect, metric, unit, kind,
            engine, dtype, batch, threads, provenance; also name. They win over what the file says.
    """
    said = {name: value.strip() for name, value in answers.items() if value.strip()}
    try:
        document = archives.document(data, filename, said)
        name = said.get("format") or registry.recognised(document)
        if name is None or name not in registry.FORMATS:
            return Refused([_unknown_layout(document, name)])
        reading = registry.FORMATS[name].load()(document)
    except parsing.Unreadable as error:
        return Refused([error.problem])
    except Unsure as unsure:
        return Question(unsure.question, unsure.field, unsure.choices)
    if name not in registry.NATIVE_FORMATS:
        _note_source(reading, name, data)
    found = header.read(reading.document, said, filename)
    problems = [*reading.problems, *found.problems]
    if any(problem.level == "E" for problem in problems):
        return Refused(capped(problems))
    if found.missing:
        asked = [Question(ASKED[key].question, key, ASKED[key].choices) for key in found.missing]
        return replace(asked[0], also=tuple(asked[1:]))
    return _judged(reading, found, said.get("unit"))


def _note_source(reading: Reading, name: str, data: bytes) -> None:
    """Where the numbers come from, and by which bytes they can be found again."""
    facts = reading.document.get("provenance", {})
    if isinstance(facts, dict):
        source = {"source_format": name, "source_sha256": hashlib.sha256(data).hexdigest()}
        reading.document["provenance"] = {**source, **facts}


def _unknown_layout(document: Document, name: str | None) -> Problem:
    known = ", ".join(f"{card.label} ({key})" for key, card in registry.FORMATS.items())
    if name is not None:
        text = f"format is {shown(name)}; it must be one of {', '.join(registry.FORMATS)}."
        return Problem("E", None, "format", shown(name), text)
    if document.files:
        names = ", ".join(file.name for file in document.files)
        seen = f"the archive holds {shown(names)}"
    elif isinstance(document.value, dict):
        seen = f"top-level keys are {shown(', '.join(document.value))}"
    else:
        seen = f"it begins with {shown(document.text.lstrip()[:40])}"
    return Problem("E", None, "format", None, f"No known layout: {seen}. Known: {known}.")


def _judged(reading: Reading, found: Header, answer: str | None) -> Verdict:
    """The verdict on rows whose header is complete."""
    total = len(reading.rows) + len(reading.models)
    case = Case(found, reading.place, total, problems=list(reading.problems))
    case.problems += rows.read_texts(reading.rows, reading.units, "entries")
    case.problems += rows.read_texts(reading.models, reading.model_units, "models")
    unit = _unit(reading, found, answer)
    if unit is None:
        return Question("Which unit are the times in?", "unit", UNITS)
    if unit not in UNITS:
        text = f"unit is {shown(unit)}; it must be one of {', '.join(UNITS)}."
        return Refused([Problem("E", None, "unit", shown(unit), text)])
    _judge_rows(case, reading)
    refusal = case.refusal()
    if refusal and answer is None and 2 * case.too_long > case.rejected:
        text = f"At least {case.too_long} rows would take above 10 minutes. Which unit is it?"
        return Question(text, "unit", UNITS)
    return refusal or _plausible(case, unit, asked=answer is None) or _accepted(case)


def _unit(reading: Reading, found: Header, answer: str | None) -> str | None:
    """The unit of the mean times, None if it is not said; an answer counts for all times."""
    tables = [reading.units, reading.model_units] if reading.models else [reading.units]
    stated = reading.units.get("mean_ms")
    if answer is None:
        return None if any(None in table.values() for table in tables) else stated
    unit = UNIT_SPELLINGS.get(answer.lower(), answer)
    if unit == stated or unit not in MS_PER_UNIT:
        return unit
    for table in tables:
        wrong = [name for name in table if name in TIMES and (stated or table[name] is None)]
        table.update(dict.fromkeys(wrong, unit))
    if stated and "overhead_ms" in found.values:
        found.values["overhead_ms"] *= MS_PER_UNIT[unit] / MS_PER_UNIT[stated]
    return unit


def _judge_rows(case: Case, reading: Reading) -> None:
    """Rows that stand alone, one per operation, and the whole networks."""
    runtime = case.header.values["runtime"]
    judged = rows.entries(reading.rows, _factors(reading.units), runtime, case.place)
    settled = duplicates.merged(judged.rows, case.place)
    whole = rows.models(reading.models, _factors(reading.model_units), case.place)
    case.entries, case.models = settled.rows, whole.rows
    case.too_long = judged.too_long + whole.too_long
    case.rejected = judged.rejected + settled.rejected + whole.rejected
    case.problems += [*judged.problems, *settled.problems, *whole.problems]


def _factors(stated: Mapping[str, str | None]) -> dict[str, float]:
    """What each figure is multiplied with to be in ms or mJ, where it is not yet."""
    table = {**MS_PER_UNIT, **MJ_PER_UNIT}
    return {name: table[unit] for name, unit in stated.items() if unit and table[unit] != 1}


def _plausible(case: Case, unit: str, *, asked: bool) -> Question | Refused | None:
    """The question for the unit, or the refusal of impossible times; takes single rows out."""
    device, runtime = case.header.values["device"], case.header.values["runtime"]
    found = units.rates(case.entries, case.models, device, runtime)
    if found is not None:
        slip = units.slip(found, device, runtime, unit) if asked else None
        if slip is not None:
            return Question(slip.question, "unit", (unit, slip.unit))
        case.problems += filter(None, [units.impossible(found)])
    case.problems += filter(None, [units.disagreement(case.entries, case.models, runtime)])
    if refusal := case.refusal():
        return refusal
    before = len(case.entries)
    case.problems += units.too_fast(case.entries, device, runtime, case.place)
    case.rejected += before - len(case.entries)
    return case.refusal()


def _accepted(case: Case) -> Accepted:
    device = case.header.values["device"]
    case.problems += checks.possible_energy(case.entries, device, case.place)
    case.problems += checks.possible_energy(case.models, device, case.place)
    case.problems += checks.warnings(case.entries)
    case.problems += units.too_slow(case.entries)
    profile = case.header.profile(
        tuple(placed.row for placed in case.entries), tuple(placed.row for placed in case.models)
    )
    profile = _with_mixed_provenance(profile)
    case.problems += _edited(profile, case.header.stated_sha256)
    return Accepted(profile, capped(case.problems))


def _with_mixed_provenance(profile: Profile) -> Profile:
    """Rows of two or more kinds make a profile of kind `mixed`."""
    kinds = {entry.source or profile.provenance.kind for entry in profile.entries}
    if len(kinds) < 2:
        return profile
    return replace(profile, provenance=replace(profile.provenance, kind="mixed"))


def _edited(profile: Profile, stated: str | None) -> list[Problem]:
    if stated is None or stated == profile.content_sha256():
        return []
    text = "content_sha256 does not fit the content: the file was edited since it was made."
    return [Problem("W", None, "content_sha256", shown(stated), text)]
