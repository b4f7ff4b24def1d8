"""Profile: everything that is known about one device under one runtime.

A profile is immutable. Its identity is `content_sha256()`: the facts that change a cost are
inside, its name, notes and date are not, so that renaming keeps the identity.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from itertools import count
from typing import Any, Final

from devices.profiles import csv_form, sections
from devices.profiles.operations import Operation
from devices.profiles.problems import Problem, ProblemError
from devices.profiles.rules import SCHEMA

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Device:
    """Facts of the hardware; bytes, FLOP/s (dense), bytes/s and W."""

    kind: str
    vendor: str | None = None
    model: str | None = None
    soc: str | None = None
    memory_bytes: int | None = None
    storage_bytes: int | None = None
    peak_flops: Mapping[str, float] = field(default_factory=dict)
    peak_is_dense: bool | None = None
    bandwidth_bytes_per_s: float | None = None
    power_w: Mapping[str, float] = field(default_factory=dict)
    facts_source: str | None = None


@dataclass(frozen=True, slots=True)
class Runtime:
    """What ran the operations, and how: these change the ranking, not only the scale."""

    engine: str
    dtype: str
    batch: int
    threads: int
    version: str | None = None
    delegate: str | None = None
    compute_dtype: str | None = None
    affinity: str | None = None
    clock: str | None = None
    clock_hz: float | None = None
    flags: str | None = None


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where the numbers come from."""

    kind: str
    tool: str | None = None
    tool_version: str | None = None
    kit_id: str | None = None
    created: str | None = None
    by: str | None = None
    source_format: str | None = None
    source_sha256: str | None = None
    parent_sha256: str | None = None
    license: str | None = None
    notes: str | None = None
    host_load: float | None = None
    repeat_rel: float | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """The cost of one operation for the whole batch."""

    op: Operation
    mean_ms: float
    std_ms: float | None = None
    min_ms: float | None = None
    p50_ms: float | None = None
    p95_ms: float | None = None
    runs: int | None = None
    energy_mj: float | None = None
    peak_mem_bytes: int | None = None
    source: str | None = None
    unit: str | None = None
    note: str | None = None

    def to_dict(self) -> Document:
        return {"op": self.op.to_dict()} | _present(self, skip=("op",))


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A whole network timed end to end; `arch` is in the encoding of its search space."""

    arch: Mapping[str, Any]
    mean_ms: float
    model_sha256: str | None = None
    macs: float | None = None
    std_ms: float | None = None
    p95_ms: float | None = None
    runs: int | None = None
    energy_mj: float | None = None
    peak_mem_bytes: int | None = None
    file_bytes: int | None = None
    split: str | None = None

    def key(self) -> str:
        """SHA-256 of the canonical JSON of the architecture."""
        return hashlib.sha256(canonical_json(self.arch).encode()).hexdigest()

    def to_dict(self) -> Document:
        return _present(self)


@dataclass(frozen=True, slots=True)
class Profile:
    """A device profile in its normal form: batch and precision of the header are in no key."""

    name: str
    device: Device
    runtime: Runtime
    provenance: Provenance
    entries: tuple[Entry, ...] = ()
    models: tuple[ModelRow, ...] = ()
    space: str | None = None
    overhead_ms: float | None = None
    _sha256: str = field(default="", init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        entries = tuple(_without_header(entry, self.runtime) for entry in self.entries)
        object.__setattr__(self, "entries", entries)

    def content(self) -> Document:
        """The part of the document that makes the identity; absent fields are left out."""
        document: Document = {"device": _present(self.device), "runtime": _present(self.runtime)}
        if self.space is not None:
            document["space"] = self.space
        if self.overhead_ms is not None:
            document["overhead_ms"] = self.overhead_ms
        document["entries"] = [entry.to_dict() for entry in self.entries]
        if self.models:
            document["models"] = [model.to_dict() for model in self.models]
        return document

    def content_sha256(self) -> str:
        """SHA-256 of the canonical JSON of `content()`, entries and models in order of their keys.

        Operations that occur twice keep their order in the file.
        """
        if not self._sha256:
            object.__setattr__(self, "_sha256", self._hashed())
        return self._sha256

    def _hashed(self) -> str:
        document = self.content()
        document["entries"] = _sorted(self.entries, [entry.op.key() for entry in self.entries])
        if self.models:
            document["models"] = _sorted(self.models, [model.key() for model in self.models])
        return hashlib.sha256(canonical_json(document).encode()).hexdigest()

    def to_dict(self) -> Document:
        """The document that the published schema describes."""
        head: Document = {"schema": SCHEMA, "name": self.name}
        return head | {"provenance": _present(self.provenance)} | self.content()

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> "Profile":
        """The profile of a document that was written by `to_dict` or `to_json`.

        Raises:
            ProblemError: the document does not follow the schema.
        """
        values, problems = sections.head(document)
        parts = {}
        for section in sections.PARTS:
            parts[section], found = sections.facts(section, document.get(section))
            problems += found
        if problems:
            raise ProblemError(problems)
        return cls(
            device=Device(**parts["device"]),
            runtime=Runtime(**parts["runtime"]),
            provenance=Provenance(**parts["provenance"]),
            entries=tuple(map(_entry, document.get("entries", ()), count(1))),
            models=tuple(map(_model, document.get("models", ()), count(1))),
            **values,
        )

    def to_json(self) -> str:
        """The file that people download: one row per line, with the content's hash."""
        document = self.to_dict() | {"content_sha256": self.content_sha256()}
        lists = {name: document.pop(name) for name in ("entries", "models") if name in document}
        head = json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1)[:-2]
        parts = [head]
        for name, rows in lists.items():
            lines = ",\n  ".join(json.dumps(row, ensure_ascii=False) for row in rows)
            parts.append(f' "{name}": [\n  {lines}\n ]' if rows else f' "{name}": []')
        return ",\n".join(parts) + "\n}\n"

    def to_csv(self) -> str:
        """The same as a table, facts in comment lines above it."""
        return csv_form.write(self.to_dict() | {"content_sha256": self.content_sha256()})


def canonical_json(value: object) -> str:
    """JSON with one spelling: sorted keys, no spaces, `repr` floats, no NaN."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def _entry(row: object, number: int) -> Entry:
    fields_of_op = row.get("op") if isinstance(row, Mapping) else None
    if not isinstance(row, Mapping) or not isinstance(fields_of_op, Mapping):
        raise ProblemError([Problem("R", number, "op", None, "op is missing.")])
    values = _figures("entries", {name: row[name] for name in row if name != "op"}, number)
    return Entry(op=Operation.from_dict(fields_of_op), **values)


def _model(row: object, number: int) -> ModelRow:
    if not isinstance(row, Mapping):
        raise ProblemError([Problem("R", number, "arch", None, "arch is missing.")])
    return ModelRow(**_figures("models", row, number))


def _figures(section: str, row: Mapping[str, Any], number: int) -> Document:
    values, faults = sections.figures(section, row)
    if faults:
        raise ProblemError(
            [Problem("R", number, fault.field, fault.value, fault.text) for fault in faults]
        )
    return values


PARTS = (Device, Runtime, Provenance, Entry, ModelRow)
NAMES: Final[Mapping[type, tuple[str, ...]]] = {
    part: tuple(found.name for found in fields(part)) for part in PARTS
}


def _present(part: object, skip: tuple[str, ...] = ()) -> Document:
    """The fields of a part that are there, in the order of its definition."""
    found: Document = {}
    for name in NAMES[type(part)]:
        value = getattr(part, name)
        if name in skip or value is None or (value == {} and name != "arch"):
            continue
        found[name] = dict(value) if isinstance(value, Mapping) else value
    return found


def _sorted(rows: tuple[Entry, ...] | tuple[ModelRow, ...], keys: list[str]) -> list[Document]:
    order = sorted(range(len(rows)), key=keys.__getitem__)
    return [rows[index].to_dict() for index in order]


def _without_header(entry: Entry, runtime: Runtime) -> Entry:
    """The entry with batch and precision only where they differ from the header."""
    op = entry.op
    if op.batch is None and op.dtype is None:
        return entry
    batch = None if op.batch == runtime.batch else op.batch
    dtype = None if op.dtype == runtime.dtype else op.dtype
    if (batch, dtype) == (op.batch, op.dtype):
        return entry
    return replace(entry, op=replace(op, batch=batch, dtype=dtype))
