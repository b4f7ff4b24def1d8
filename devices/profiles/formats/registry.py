"""The layouts of profile files that are read: name -> (label, dotted path, sniff)."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points

from devices.profiles.formats import sniffing
from devices.profiles.formats.reading import Reading
from devices.profiles.parsing import Document

Reader = Callable[[Document], Reading]


@dataclass(frozen=True, slots=True)
class Card:
    """One layout: its name for people, its reader, and how a file of it is recognised."""

    label: str
    path: str  # "module:function"
    sniff: Callable[[Document], bool]

    def load(self) -> Reader:
        module, _, name = self.path.partition(":")
        reader: Reader = getattr(import_module(module), name)
        return reader


HERE = "devices.profiles.formats"
NATIVE_FORMATS = ("webnas-json", "webnas-csv")
GROUP = "webnas.profile_formats"


class Formats(Mapping[str, Card]):
    """The layouts that come with webnas first, then those of installed packages.

    A package adds one by an entry point of the group, named like the layout, which names a Card.
    """

    def __init__(self, cards: Mapping[str, Card]) -> None:
        self._cards = dict(cards)
        self._asked_packages = False

    def _all(self) -> dict[str, Card]:
        if not self._asked_packages:
            cards = dict(self._cards)
            for point in entry_points(group=GROUP):
                card = point.load()
                if not isinstance(card, Card):
                    raise TypeError(f"Entry point {point.value} of {GROUP} is no Card.")
                if point.name in cards:
                    raise ValueError(f"Two profile formats are called “{point.name}”.")
                cards[point.name] = card
            self._cards, self._asked_packages = cards, True
        return self._cards

    def __getitem__(self, name: str) -> Card:
        return self._all()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())


FORMATS = Formats(
    {
        "webnas-json": Card("webnas JSON", f"{HERE}.native:read_json", sniffing.is_native_json),
        "webnas-csv": Card("webnas CSV", f"{HERE}.native_csv:read_csv", sniffing.is_native_csv),
        "ofa": Card("OFA/ProxylessNAS", f"{HERE}.ofa:read", sniffing.is_ofa),
        "fbnet": Card("FBNet/HW-NAS-Bench", f"{HERE}.fbnet:read", sniffing.is_fbnet),
        "paddleslim": Card("PaddleSlim", f"{HERE}.paddleslim:read", sniffing.is_paddleslim),
        "nn-meter": Card("nn-Meter kernel data", f"{HERE}.nnmeter:read", sniffing.is_nnmeter),
        "hat": Card("HAT", f"{HERE}.hat:read", sniffing.is_hat),
        "tflite": Card("LiteRT benchmark", f"{HERE}.tflite:read", sniffing.is_tflite),
        "onnxruntime": Card("ONNX Runtime profile", f"{HERE}.ort:read", sniffing.is_ort),
        "tensorrt": Card("TensorRT trtexec", f"{HERE}.tensorrt:read", sniffing.is_tensorrt),
        "torch": Card("PyTorch trace", f"{HERE}.torch_trace:read", sniffing.is_torch),
        "executorch": Card("ExecuTorch", f"{HERE}.executorch:read", sniffing.is_executorch),
        "ai-hub": Card("Qualcomm AI Hub", f"{HERE}.aihub:read", sniffing.is_aihub),
        "ncnn": Card("ncnn log", f"{HERE}.logs:read_ncnn", sniffing.is_ncnn),
        "mnn": Card("MNN log", f"{HERE}.logs:read_mnn", sniffing.is_mnn),
        "networks": Card("CSV of networks", f"{HERE}.model_csv:read", sniffing.is_model_csv),
        "several": Card("files of one layout", f"{HERE}.several:read", sniffing.is_several),
    }
)


def recognised(document: Document) -> str | None:
    """Name of the first layout whose sniff knows the document."""
    return next((name for name, card in FORMATS.items() if card.sniff(document)), None)
