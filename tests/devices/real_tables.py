"""Published latencies of real devices as profiles: operations of phones, networks of many."""

import csv
import gzip
from dataclasses import replace

import numpy as np

from devices.profiles.operations import Operation
from devices.profiles.profile import Device, Entry, ModelRow, Profile, Provenance, Runtime


def rows_of(path):
    with gzip.open(path, "rt", newline="") as file:
        yield from csv.DictReader(file)


def empty_profile(**changes) -> Profile:
    profile = Profile(
        name="Published",
        device=Device(kind="mobile"),
        runtime=Runtime(engine="tflite", dtype="fp32", batch=1, threads=1),
        provenance=Provenance(kind="measured"),
    )
    return replace(profile, **changes)


def phone_rows(folder, device: str) -> dict[Operation, float]:
    """Operation -> ms; of an operation that several files hold, the first."""
    found: dict[Operation, float] = {}
    for row in rows_of(folder / "nas_tables/phone_op_latency_lut.csv.gz"):
        if row["device"] == device:
            found.setdefault(phone_operation(row), float(row["mean_ms"]))
    return found


def phone_operation(row) -> Operation:
    h, cin, cout = int(row["in_h"]), int(row["in_c"]), int(row["out_c"])
    is_ofa = row["device"] == "samsung_note10"
    if row["op"] == "expanded_conv":
        expand = int(float(row["expand"]))
        return Operation(
            "mbconv",
            h=h,
            cin=cin,
            cout=cout,
            mid=expand if is_ofa else expand * cin,
            k=int(float(row["kernel"])),
            s=int(float(row["stride"])),
            act="hswish" if row["hs"] in ("1", "1.0") else "relu" if is_ofa else "relu6",
            se=row["se"] in ("1", "1.0"),
            skip=row["idskip"] in ("1", "1.0"),
        )
    if row["op"] == "AvgPool2D":
        return Operation("gap", h=h, cin=cin)
    if row["op"] == "Logits":
        if is_ofa:
            return Operation("linear", cin=cin, cout=cout)
        return Operation("other", tag="pool+classifier", h=h, cin=cin, cout=cout)
    kernel = 3 if row["op"] == "Conv" else 1
    act = "hswish" if is_ofa else "relu6"
    stride = 2 if row["op"] == "Conv" else 1
    norm = "none" if row["op"] == "Conv_2" else "folded"  # it follows the pooling, with a bias
    return Operation("conv", h=h, cin=cin, cout=cout, k=kernel, s=stride, act=act, norm=norm)


def table(times: dict[Operation, float], **changes) -> Profile:
    entries = tuple(Entry(op, ms, source="measured") for op, ms in times.items())
    return empty_profile(entries=entries, **changes)


def model_row(operations, ms: float, split: str | None = None) -> ModelRow:
    return ModelRow({"operations": [op.to_dict() for op in operations]}, ms, split=split)


def relative_errors(predicted, measured):
    return np.abs(np.asarray(predicted) / np.asarray(measured) - 1)
