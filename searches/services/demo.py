"""What a new installation starts with: built-in content, this machine, a small search."""

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction

from devices import services as devices
from devices.models import DeviceProfile
from devices.profiles.kit.kit import Kit, Network
from devices.profiles.kit.plan import plan
from devices.profiles.operations import Operation
from searches.models import DataSet, Run, Space
from searches.runner import engine
from searches.services import datasets, kits, spaces
from searches.services.requests import RunRequest
from searches.services.runs import start_run
from webnas.accounts.models import DoneOnce

DEMO_NAME = "Demo: handwritten digits"
FAMILY = "ofa_mobilenet_v3"
# Blocks of the first profile: all of the small space, and of the full one as many as span it;
# the chain of predictions fills in the others. About 15 seconds.
SMALL_BLOCKS, FULL_BLOCKS = 300, 40
N_NETWORKS = 8  # of each of both spaces; every other one is held out


def first_start(*, owner: User) -> Run | None:
    """Add what is missing; start the demo, once ever, for an owner without a run."""
    datasets.add_builtin()
    spaces.add_builtin()
    devices.add_builtin()
    host = host_profile() if settings.WEBNAS_ONE_MACHINE else None
    with transaction.atomic():
        _, is_first = DoneOnce.objects.get_or_create(owner=owner, what="demo")
        if not is_first or Run.objects.owned_by(owner).exists():
            return None
        return start_run(owner=owner, request=demo_request(host))


def host_profile() -> DeviceProfile:
    """This machine's profile; queued to be measured when it never was."""
    host: DeviceProfile | None = DeviceProfile.objects.filter(is_host=True).first()
    if host is not None and (host.latest() is not None or host.is_measuring):
        return host
    return devices.measure_host(kit=kit_to_measure())


def kit_to_measure() -> Kit:
    """Blocks that span the built-in spaces, as few as a minute allows, and some networks."""
    digits = DataSet.objects.get(owner=None, name=datasets.DIGITS)
    blocks: dict[str, Operation] = {}
    networks: list[Network] = []
    for preset, limit in (("small", SMALL_BLOCKS), ("full", FULL_BLOCKS)):
        row = Space.objects.get(owner=None, family=FAMILY, definition__preset=preset)
        space = engine.space_for(row, digits)
        blocks |= {op.key(): op for op in plan(space.operation_table(), limit=limit)}
        networks += kits.networks_of(space, N_NETWORKS)
    return Kit(tuple(blocks.values()), tuple(networks))


def demo_request(host: DeviceProfile | None) -> RunRequest:
    """Accuracy against latency on this machine, storage beside them; ends within minutes."""
    device = host or DeviceProfile.objects.filter(owner=None, is_host=False).order_by("pk").first()
    if device is None:
        raise DeviceProfile.DoesNotExist("No built-in device profile; add_builtin comes first.")
    return RunRequest(
        name=DEMO_NAME,
        dataset=DataSet.objects.get(owner=None, name=datasets.DIGITS),
        space=Space.objects.get(owner=None, family=FAMILY, definition__preset="small"),
        devices=[device],
        objectives=[
            {"measure": "accuracy"},
            {"measure": "latency", "device": device.pk},
            {"measure": "storage"},
        ],
        limits=[{"measure": "accuracy", "at_least": 0.9}],
        strategy="nsga2",
        evaluator="supernet",
        evaluator_settings=demo_evaluator_settings(),
        budget=240,
        batch=20,
        seed=1,
    )


def demo_evaluator_settings() -> dict[str, object]:
    from searches.evaluators.registry import EVALUATORS

    return dict(EVALUATORS["supernet"].presets["demo"])
