"""Latency data sets of HAT (Wang et al., ACL 2020): whole Transformers by ten features, in ms.

The features are averages over layers, so that no layer can be priced from them: the rows serve a
predictor of whole networks. Traps: the encoder is timed with one sentence, the decoder with as
many as the beam holds; the decoder runs one step per token of the source's length; the last
feature counts attended encoder layers (1 to 3).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from devices.profiles.formats.reading import RawRow, Reading, Unsure, foreign, too_many
from devices.profiles.parsing import Document, Unreadable, csv_rows, number, separator
from devices.profiles.problems import Problem
from devices.profiles.rules import most

FEATURES = (
    "encoder_embed_dim",
    "encoder_layer_num",
    "encoder_ffn_embed_dim_avg",
    "encoder_self_attention_heads_avg",
    "decoder_embed_dim",
    "decoder_layer_num",
    "decoder_ffn_embed_dim_avg",
    "decoder_self_attention_heads_avg",
    "decoder_ende_attention_heads_avg",
    "decoder_arbitrary_ende_attn_avg",
)
MEANS = ("latency_mean_encoder", "latency_mean_decoder")
PARTS = ("both", "encoder", "decoder")
BEAM = (
    "The encoder was timed with one sentence, the decoder with as many as the beam holds; batch 1 "
    "is kept as the batch of the profile."
)


def read(document: Document) -> Reading:
    """One row per Transformer; `metric` chooses both times together or one of them.

    Raises:
        Unreadable: a feature or a latency is no column.
    """
    delimiter = separator(document.text[: max(document.text.find("\n"), 0)])
    rows = csv_rows(document.text, delimiter)
    line, names = next(rows, (1, []))
    columns = {name.strip(): at for at, name in enumerate(names)}
    missing = [name for name in (*FEATURES, *MEANS) if name not in columns]
    if missing:
        raise Unreadable(f"Line {line} lacks the columns {', '.join(missing[:4])}.", line=line)
    part = document.answers.get("metric", "both")
    if part not in PARTS:
        raise Unsure("Which part of the network do the times stand for?", "metric", PARTS)
    reading = foreign("Line", "ms", runtime={"batch": 1})
    for line, cells in rows:
        if len(reading.models) > most("models"):
            break
        reading.models.append(_row(line, columns, cells, part))
    reading.problems += filter(None, [too_many("models", len(reading.models))])
    if part != "encoder":
        reading.problems.append(Problem("W", None, "batch", None, BEAM))
    return reading


def _row(line: int, columns: Mapping[str, int], cells: Sequence[str], part: str) -> RawRow:
    raw = RawRow(line, None, {})
    if len(cells) <= max(columns.values()):
        raw.reject("", None, f"it has {len(cells)} cells, the header has {len(columns)}.")
        return raw
    values = {name: number(cells[at], decimal_comma=False) for name, at in columns.items()}
    kept = [name for name in ("encoder", "decoder") if part in ("both", name)]
    arch: dict[str, Any] = {name: values[name] for name in FEATURES}
    raw.figures["arch"] = arch
    wrong = [name for name, value in arch.items() if not isinstance(value, (int, float))]
    if wrong:
        raw.reject(wrong[0], str(arch[wrong[0]])[:60], f"{wrong[0]} is no number.")
    raw.figures["mean_ms"] = _sum([values[f"latency_mean_{name}"] for name in kept])
    spreads = [values.get(f"latency_std_{name}") for name in kept]
    if all(isinstance(value, (int, float)) for value in spreads):
        squares = [value * value for value in spreads if isinstance(value, (int, float))]
        raw.figures["std_ms"] = sum(squares) ** 0.5
    return raw


def _sum(times: Sequence[Any]) -> Any:
    """The sum of numbers; what is none is left for the judge of rows to name."""
    wrong = [time for time in times if not isinstance(time, (int, float)) or not time > 0]
    return wrong[0] if wrong else sum(times)
