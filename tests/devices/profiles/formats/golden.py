"""One small file of every layout, as its tool would write it, and large ones of 100,000 rows."""

import io
import json
import zipfile
from functools import partial

from tests.devices.profiles.formats import (
    test_fbnet,
    test_hat,
    test_logs,
    test_model_csv,
    test_native,
    test_nnmeter,
    test_ofa,
    test_ort,
    test_paddleslim,
    test_tensorrt,
    test_torch_trace,
    test_whole_networks,
)

ANSWERS = {"kind": "cpu", "engine": "x", "dtype": "fp32", "batch": "1", "threads": "1",
           "provenance": "measured", "unit": "ms"}  # fmt: skip
STEM = "Conv-input:8x8x3-output:4x4x8"
NETWORKS = ("mobilenet_v1", "mobilenet_v2", "resnet18")


def zipped(files):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


def three(content, suffix):
    """The same file under three known names."""
    content = content.replace("mobilenet_v2.tflite", "{name}")
    return zipped({f"{name}.{suffix}": content.replace("{name}", name) for name in NETWORKS})


def native(**changes):
    op = {"type": "conv", "h": 8, "cin": 64, "cout": 256, "k": 1}
    return json.dumps(
        {
            "schema": "webnas.device-profile/1",
            "name": "Test device",
            "device": {"kind": "cpu"},
            "runtime": {"engine": "onnxruntime", "dtype": "fp32", "batch": 1, "threads": 1},
            "provenance": {"kind": "measured"},
            "entries": [{"op": op, "mean_ms": 1.0}, {"op": op | {"h": 16}, "mean_ms": 2.5}],
        }
        | changes
    )


TEXTS = {
    "native.json": native(),
    "native.csv": test_native.FACTS + test_native.TABLE + test_native.MODEL,
    "ofa.yaml": test_ofa.OFA,
    "proxyless.yaml": test_ofa.PROXYLESS,
    "ofa.json": json.dumps({test_ofa.BLOCK.format(3): {"mean": 1.5}, STEM: 1}),
    "fbnet.json": json.dumps({"raspi4_latency": test_fbnet.LATENCIES}),
    "fbnet.csv": "".join(f"{key},{ms}\n" for key, ms in
                         (("block", "raspi4_latency"), *test_fbnet.LATENCIES.items())),
    "paddleslim.txt": test_paddleslim.TABLE,
    "hat.csv": test_hat.written([test_hat.row(n, 40.0 * n) for n in range(3, 9)]),
    "networks.csv": test_model_csv.ARCH,
    "ncnn.log": test_logs.NCNN,
    "mnn.log": test_logs.MNN,
    "ort.json": test_ort.trace(test_ort.DEPTHWISE, test_ort.HEAD),
    "torch.json": test_torch_trace.trace(test_torch_trace.CONV, test_torch_trace.LINEAR),
    "litert.log": test_whole_networks.LITERT + test_whole_networks.TOTAL,
    "executorch.csv": test_whole_networks.EXECUTORCH,
    "aihub.json": json.dumps(test_whole_networks.AI_HUB),
    "trt-times.json": test_tensorrt.times(2, 2.5, 2.1),
    "trt-profile.json": json.dumps(test_tensorrt.PROFILE),
}  # fmt: skip
ARCHIVES = {
    "ofa.zip": partial(zipped, {"192.yaml": test_ofa.OFA, "b.yaml": test_ofa.OFA}),
    "nnmeter.zip": partial(zipped, {"a.json": json.dumps(test_nnmeter.SHAPES),
                                    "b.json": json.dumps(test_nnmeter.TIMES)}),
    "trt.zip": partial(zipped, {"p.json": json.dumps(test_tensorrt.PROFILE),
                                "l.json": json.dumps(test_tensorrt.INFO)}),
    "litert.zip": partial(three, test_whole_networks.LITERT + test_whole_networks.TOTAL, "log"),
    "executorch.zip": partial(three, test_whole_networks.EXECUTORCH, "csv"),
    "aihub.zip": partial(three, json.dumps(test_whole_networks.AI_HUB), "json"),
}  # fmt: skip
MANY = 100_000


def _lines(head, row, n=MANY):
    return head + "".join(row(i) for i in range(n))


def _block(i):
    return f"ConvBlock_H{7 + i % 90}_W9_Cin{8 + i // 90}_Cout32_exp3_kernel5_stride1_group1"


def _ofa_key(i):
    size = f"{8 + i % 90}x8x{8 + i // 90}"
    return f"expanded_conv-input:{size}-output:{size}-expand:3-kernel:5-stride:1-idskip:0"


def large():
    """Name -> text of a file of 100,000 rows, made when it is asked for."""
    op = {"type": "conv", "h": 8, "cin": 64, "cout": 256, "k": 1}
    hat = ",".join(map(str, test_hat.row().values())) + "\n"
    return {
        "native.json": lambda: native(entries=[{"op": op, "mean_ms": 1.0}] * MANY),
        "native.csv": lambda: _lines(
            test_native.FACTS + "type,h,cin,cout,k,mean_ms\n",
            lambda i: f"conv,{8 + i % 90},{8 + i // 90},16,3,{1 + i % 7}.5\n",
        ),
        "ofa.yaml": lambda: _lines("", lambda i: f"{_ofa_key(i)}: {{mean: 1.5}}\n"),
        "ofa.json": lambda: json.dumps({_ofa_key(i): 1.5 for i in range(MANY)}),
        "fbnet.json": lambda: json.dumps(
            {"raspi4_latency": {_block(i): 1.5 for i in range(MANY)}}
        ),
        "fbnet.csv": lambda: _lines("block,latency_ms\n", lambda i: f"{_block(i)},1.5\n"),
        "paddleslim.txt": lambda: _lines(
            "a,b,c\n", lambda i: f"eltwise,1,{1 + i // 90},{8 + i % 90},8\t0.1\n"
        ),
        "hat.csv": lambda: _lines(test_hat.written([]), lambda i: hat),
        "networks.csv": lambda: _lines("arch.a,latency_ms\n", lambda i: f"{i},{1 + i % 50}\n"),
        "ncnn.log": lambda: _lines("", lambda i: "resnet18 min = 1.0 max = 1.2 avg = 1.1\n"),
        "mnn.log": lambda: _lines("", lambda i: "[ - ] a max = 1 ms min = 1 ms avg = 1 ms\n"),
        "litert.log": lambda: _lines(
            test_whole_networks.LITERT.split("CONV_2D, 0.000")[0] or "",
            lambda i: "CONV_2D, 0.0, 1.2, 1.1, 1%, 1%, 0, 1, [a]:0\n",
        ),
        "executorch.csv": lambda: _lines(
            "event_block_name,event_name,avg\n", lambda i: "Execute,native_call_a,0.1\n"
        ),
        "aihub.json": lambda: json.dumps(
            test_whole_networks.AI_HUB
            | {"execution_detail": [{"compute_unit": "NPU", "execution_time": 4}] * MANY}
        ),
        "trt-times.json": lambda: json.dumps([{"computeMs": 1.0}] * MANY),
        "trt-profile.json": lambda: json.dumps([{"name": "a", "averageMs": 1.0}] * MANY),
        "ort.json": lambda: json.dumps(
            [{"cat": "Node", "name": f"n{i}_kernel_time", "dur": 5, "args": {"op_name": "Add"}}
             for i in range(MANY)]
        ),
        "torch.json": lambda: test_torch_trace.trace(
            *[{"ph": "X", "cat": "cpu_op", "name": "aten::add", "ts": i * 10, "dur": 5,
               "args": {"Input Dims": [[1, 1 + i % 900, 8, 8]]}} for i in range(MANY)]
        ),
    }  # fmt: skip
