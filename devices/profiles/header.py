"""The facts above the rows: checked, completed by answers, and what is still to be asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from devices.profiles import sections
from devices.profiles.parsing import name_of, number
from devices.profiles.problems import Problem
from devices.profiles.profile import Device, Entry, ModelRow, Profile, Provenance, Runtime
from devices.profiles.rules import rules


@dataclass(frozen=True, slots=True)
class Asked:
    """A fact without which times mean nothing; no choices means free text."""

    section: str
    name: str
    question: str

    @property
    def choices(self) -> tuple[str, ...]:
        return rules(self.section)[self.name].choices


# The order is that of the questions.
ASKED: Mapping[str, Asked] = {
    "kind": Asked("device", "kind", "What kind of device is it?"),
    "engine": Asked(
        "runtime", "engine", "Which runtime ran the operations, for example onnxruntime?"
    ),
    "dtype": Asked(
        "runtime", "dtype", "Which precision are these times for? It changes the ranking."
    ),
    "batch": Asked("runtime", "batch", "Which batch size are these times for?"),
    "threads": Asked("runtime", "threads", "How many threads ran (0: not a CPU)?"),
    "provenance": Asked("provenance", "kind", "How did these numbers come about?"),
}


@dataclass(slots=True)
class Header:
    """Checked facts; `missing` names those that have to be asked for."""

    values: dict[str, Any]
    problems: list[Problem] = field(default_factory=list)
    missing: tuple[str, ...] = ()
    stated_sha256: str | None = None

    def profile(self, entries: tuple[Entry, ...], models: tuple[ModelRow, ...]) -> Profile:
        """The profile of these facts and rows."""
        return Profile(entries=entries, models=models, **self.values)


def read(document: Mapping[str, Any], said: Mapping[str, str], filename: str) -> Header:
    """The header of a document; answers win over what it says."""
    whole = {"name": name_of(filename)} | dict(document)
    for section in sections.PARTS:
        part = whole.get(section, {})
        whole[section] = dict(part) if isinstance(part, dict) else part
    if "name" in said:
        whole["name"] = said["name"]
    missing = _completed(whole, said)
    values, problems = sections.head(whole)
    for section, kind in (("device", Device), ("runtime", Runtime), ("provenance", Provenance)):
        facts, found = sections.facts(section, whole[section])
        problems += [problem for problem in found if not _is_asked(problem, missing)]
        if not found:
            values[section] = kind(**facts)
    stated = whole.get("content_sha256")
    return Header(values, problems, tuple(missing), None if stated is None else str(stated))


def _completed(whole: dict[str, Any], said: Mapping[str, str]) -> list[str]:
    """Puts the answers in place and names the facts that are still absent."""
    missing = []
    for name, asked in ASKED.items():
        section = whole[asked.section]
        if not isinstance(section, dict):
            continue
        if name in said:
            is_text = rules(asked.section)[asked.name].kind == "string"
            answer = said[name]
            section[asked.name] = answer if is_text else number(answer, decimal_comma=False)
        elif asked.name not in section:
            missing.append(name)
    return missing


def _is_asked(problem: Problem, missing: list[str]) -> bool:
    keys = {f"{ASKED[name].section}.{ASKED[name].name}" for name in missing}
    return problem.key in keys
