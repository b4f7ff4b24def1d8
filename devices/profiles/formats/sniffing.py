"""By what each layout is known: a look at the first lines or keys, never at the whole file."""

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from devices.profiles.parsing import Document, lines

FIRST = 60  # lines or rows that are looked at
TIMES = ("mean", "latency", "time", "avg", "average")
OFA_KEY = re.compile(r"""\s*["']?(?:Conv(?:_\d)?|expanded_conv|AvgPool2D|Logits)-input:\d""")
TFLITE_MARKS = ("Operator-wise Profiling Info", "Inference timings in us:",
                "Average inference timings in us:")  # fmt: skip
PADDLE_ROW = re.compile(r"[a-z]\w{1,30}(?:,[-\w.]{0,20}){4,14}\t")
NCNN_ROW = re.compile(r"\bmin ?= {0,8}[\d.]+ {1,8}max ?= {0,8}[\d.]+ {1,8}avg ?=")
MNN_ROW = re.compile(r"^\s*\[ ?- ?\] \S.*\bmax ?=")
MODEL_COLUMNS = frozenset({"arch", "arch_str", "architecture", "network", "model", "macs"})
FBNET_KEY = re.compile(r"(?:Conv(?:Norm|Block)|Skip|AvgP|FC)(?:_[A-Za-z]+\d+){2,}")


def is_native_json(document: Document) -> bool:
    return isinstance(document.value, dict) and "schema" in document.value


def is_native_csv(document: Document) -> bool:
    """Marked in the first line, or a table with a column `type` and one for a time."""
    if document.kind != "table":
        return False
    if document.text.lstrip('"').startswith("#webnas.device-profile/"):
        return True
    columns = columns_of(document)
    return "type" in columns and any(name in column for name in TIMES for column in columns)


def is_ofa(document: Document) -> bool:
    if document.kind == "table":
        return any(OFA_KEY.match(line) for line in first_lines(document))
    return any(OFA_KEY.match(key) for key in _keys(document.value))


def is_fbnet(document: Document) -> bool:
    if document.kind == "table":
        return any(FBNET_KEY.search(line) for line in islice(first_lines(document), 1, 4))
    inner = (part for part in _first(_values(document.value)) if isinstance(part, dict))
    return any(FBNET_KEY.match(key) for part in (document.value, *inner) for key in _keys(part))


def is_paddleslim(document: Document) -> bool:
    found = list(islice(first_lines(document), 2)) if document.kind == "table" else []
    return len(found) == 2 and "\t" not in found[0] and bool(PADDLE_ROW.match(found[1]))


def is_nnmeter(document: Document) -> bool:
    """The configurations, the latencies, or both in one archive."""
    files = document.files or (document,)
    return all(_is_nnmeter(file.value) for file in files)


def _is_nnmeter(value: Any) -> bool:
    samples = _first(_values(value))[:1]
    inner = [part for sample in samples for part in _first(_values(sample))[:1]]
    return any(isinstance(part, dict) and {"config", "latency"} & part.keys() for part in inner)


def is_hat(document: Document) -> bool:
    return document.kind == "table" and "encoder_embed_dim" in columns_of(document)


def is_tflite(document: Document) -> bool:
    """The marks may stand below hundreds of lines of settings."""
    return document.kind == "table" and any(mark in document.text for mark in TFLITE_MARKS)


def is_ort(document: Document) -> bool:
    return any(item.get("cat") == "Node" for item in _items(document.value))


def is_tensorrt(document: Document) -> bool:
    """A profile, layer info or times; or the first two in one archive."""
    if document.files:
        kinds = {_trtexec(file.value) for file in document.files}
        return None not in kinds and {"profile", "info"} <= kinds
    return _trtexec(document.value) is not None


def _trtexec(value: Any) -> str | None:
    if isinstance(value, dict):
        return "info" if isinstance(value.get("Layers"), list) else None
    keys = {key for item in _items(value)[:5] for key in item}
    if "averageMs" in keys:
        return "profile"
    return "times" if "computeMs" in keys else None


def is_torch(document: Document) -> bool:
    value = document.value
    return isinstance(value, dict) and isinstance(value.get("traceEvents"), list)


def is_executorch(document: Document) -> bool:
    return document.kind == "table" and "event_block_name" in columns_of(document)


def is_aihub(document: Document) -> bool:
    return isinstance(document.value, dict) and "execution_summary" in document.value


def is_ncnn(document: Document) -> bool:
    return _has_line(document, NCNN_ROW) and not is_mnn(document)


def is_mnn(document: Document) -> bool:
    return _has_line(document, MNN_ROW)


def is_model_csv(document: Document) -> bool:
    """Networks by architecture or by name, and a column for a time."""
    columns = columns_of(document) if document.kind == "table" else []
    names = any(name in MODEL_COLUMNS or name.startswith("arch.") for name in columns)
    return names and any(name.startswith(TIMES) for name in columns)


def _has_line(document: Document, pattern: re.Pattern[str]) -> bool:
    if document.kind != "table":
        return False
    return any(pattern.search(line[:400]) for line in first_lines(document))


def is_several(document: Document) -> bool:
    return document.kind == "archive"


def columns_of(document: Document) -> list[str]:
    """The cells of the first line that is no comment, in small letters."""
    found = (line for line in lines(document.text) if not line.lstrip('" ').startswith("#"))
    line = next(found, "")[:4000].lower()
    return [cell.strip(' "') for cell in re.split(r"[,;\t]", line.strip())]


def first_lines(document: Document) -> Iterator[str]:
    filled = (line[:4000] for line in lines(document.text) if line.strip())
    return islice(filled, FIRST)


def _items(value: Any) -> list[dict[str, Any]]:
    """The first objects of a list; a trace may begin with hundreds of events of other kinds."""
    listed = value[:2000] if isinstance(value, list) else ()
    return [item for item in listed if isinstance(item, dict)]


def _keys(value: Any) -> Iterable[str]:
    return _first(value) if isinstance(value, dict) else ()


def _values(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else ()


def _first(items: Iterable[Any]) -> list[Any]:
    return list(islice(items, FIRST))
