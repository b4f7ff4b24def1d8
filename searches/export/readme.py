"""The model card for people."""

from __future__ import annotations

from typing import Any

from searches.objectives.measures import split_key

COLUMNS = 50  # that are listed


def readme(card: dict[str, Any]) -> str:
    """Markdown that says what the network does, how well, and how to run it."""
    sections = [
        [f"# {card.get('name') or 'A network found by webnas'}"],
        ["## Use", *_use(card)],
        ["## What it was measured at", *_metrics(card.get("metrics", {}), _devices(card))],
        ["## Where it comes from", *_origin(card)],
        ["## Checked before it was given out", *_parity(card["parity"])],
        ["## Files", *_files(card["files"])],
    ]
    return "\n\n".join("\n".join(_paragraph(lines)) for lines in sections) + "\n"


def _paragraph(lines: list[str]) -> list[str]:
    return [lines[0], "", *lines[1:]] if len(lines) > 1 else lines


def _use(card: dict[str, Any]) -> list[str]:
    taken, given = card["signature"]["input"], card["signature"]["output"]
    values = ", values {} to {}".format(*taken["range"]) if "range" in taken else ""
    return [
        f"- Input `{taken['name']}`: {taken['dtype']} {taken['shape']}{values}.",
        *_columns(taken.get("columns", [])),
        f"- Before: {'; '.join(card['signature']['preprocessing'])}.",
        "- Normalisation with the training data's mean and deviation is inside the network.",
        f"- Output `{given['name']}`: {given['dtype']} {given['shape']}, one score per class; "
        "the highest wins.",
        f"- Classes: {', '.join(given['classes'])}.",
        "",
        "```",
        "pip install numpy onnxruntime",
        card["signature"]["example"],
        "```",
    ]


def _columns(names: list[str]) -> list[str]:
    if not names:
        return []
    more = "" if len(names) <= COLUMNS else f" and {len(names) - COLUMNS} more, in model_card.json"
    return [f"- Columns: {', '.join(names[:COLUMNS])}{more}."]


def _devices(card: dict[str, Any]) -> dict[int, str]:
    """Names of the run's devices by their numbers."""
    return {profile["device"]: profile["name"] for profile in card.get("device_profiles", [])}


def _measure(key: str, devices: dict[int, str]) -> str:
    """A measure's key as people read it: “latency on Pixel 1”, “accuracy, test”."""
    name, test, _ = key.partition(":test")
    measure, device = split_key(name)
    words = measure.replace("_", " ")
    if device is not None:
        words += f" on {devices.get(device, f'device {device}')}"
    return f"{words}, test" if test else words


def _metrics(metrics: dict[str, Any], devices: dict[int, str]) -> list[str]:
    if not metrics:
        return ["Nothing was handed over."]
    rows = ["| measure | value | 90 % interval | how | on |", "|---|---|---|---|---|"]
    for name, value in metrics.items():
        low, high = value.get("spread") or (None, None)
        interval = "" if low is None else f"{low:.4g} to {high:.4g}"
        number = "unknown" if value["value"] is None else f"{value['value']:.6g}"
        on = " ".join(str(value[k]) for k in ("split", "source") if value.get(k))
        amount = f"{number} {value['unit']}".strip()
        label, how = _measure(name, devices), value["provenance"]
        rows.append(f"| {label} | {amount} | {interval} | {how} | {on} |")
    return rows


def _origin(card: dict[str, Any]) -> list[str]:
    lines = []
    for name in ("data_set", "space", "run"):
        if name in card:
            facts = ", ".join(f"{key} {value}" for key, value in card[name].items())
            lines.append(f"- {name.replace('_', ' ').capitalize()}: {facts}")
    for profile in card.get("device_profiles", []):
        facts = ", ".join(f"{key} {value}" for key, value in profile.items())
        lines.append(f"- Device profile: {facts}")
    return [*lines, "- All settings, versions and seeds: model_card.json"]


def _parity(report: dict[str, Any]) -> list[str]:
    rows = ["| file | on | samples | largest difference | allowed |", "|---|---|---|---|---|"]
    rows += [
        f"| {o['file']} | {o['inputs']} | {o['n']} | {o['largest_difference']:.2g} "
        f"| {o['allowed']:.2g} |"
        for o in report["outputs"]
    ]
    scores = [
        f"- {file} on the test split: "
        + ", ".join(f"{measure} {value:.4f}" for measure, value in values.items())
        for file, values in report["scores"].items()
    ]
    return [*rows, "", *scores]


def _files(files: dict[str, Any]) -> list[str]:
    rows = ["| file | bytes | what | SHA-256 |", "|---|---|---|---|"]
    return rows + [
        f"| {name} | {file['bytes']} | {file['content']} | `{file['sha256']}` |"
        for name, file in files.items()
    ]
