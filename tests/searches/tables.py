"""Tables of known results as people upload them: a small one that is made up, and real ones."""

import csv
import gzip
import io
from itertools import product

from searches.services.datasets import Upload, upload_dataset

OPERATIONS = ("conv", "pool", "skip", "none")


def small(missing=()) -> bytes:
    """64 rows of three choices; error and delay trade off, the score is 1 - error / 100."""
    rows = ["first,second,width,error (% min),delay (ms min),score (max)"]
    for number, (a, b, width) in enumerate(product(OPERATIONS, OPERATIONS, (8, 16, 24, 32))):
        strength = 4 - OPERATIONS.index(a) + 4 - OPERATIONS.index(b) + width / 8
        error, delay = 60 / strength + (number * 7 % 5), strength**2 / 10 + number * 3 % 4 / 10
        shown = "" if number in missing else f"{error:.3f}"
        rows.append(f"{a},{b},{width},{shown},{delay:.3f},{1 - error / 100:.5f}")
    return "\n".join(rows).encode()


def upload(owner, name="Known", content=None, **fields):
    content = small() if content is None else content
    file = Upload(file=io.BytesIO(content), filename="known.csv", **fields)
    return upload_dataset(owner=owner, name=name, upload=file)


def rows_of(path):
    with gzip.open(path, "rt", newline="") as text:
        return list(csv.DictReader(text))


def nas_bench_201(folder) -> bytes:
    """The CIFAR-10 error after 12 epochs and the latency on a Raspberry Pi 4 of 15,625 cells."""
    found = rows_of(folder / "nas_tables/nasbench201_accuracy_12ep.csv.gz")
    latencies = rows_of(folder / "nas_tables/nasbench201_latency_help.csv.gz")
    raspi4 = {row["idx"]: row["lat_ms_raspi4"] for row in latencies}
    lines = ["a,b,c,d,e,f,error (% min),latency on a Pi 4 (ms min)"]
    for row in found:
        nodes = row["arch_str"].strip("|").split("|+|")
        operations = [edge.partition("~")[0] for node in nodes for edge in node.split("|")]
        error = 100 - float(row["c10_val_12ep"])
        lines.append(",".join([*operations, f"{error:.4f}", raspi4[row["idx"]]]))
    return "\n".join(lines).encode()


def nas_bench_macro(folder) -> bytes:
    """The CIFAR-10 accuracy and the size of 3^8 networks."""
    lines = [",".join([*(f"layer {i}" for i in range(8)), "accuracy (% max)", "size (MB min)"])]
    for row in rows_of(folder / "nas_tables/nasbench_macro_cifar10.csv.gz"):
        size = 4 * int(row["params"]) / 1e6
        lines.append(",".join([*row["arch"], row["mean_acc"], f"{size:.6f}"]))
    return "\n".join(lines).encode()
