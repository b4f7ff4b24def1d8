"""Queues one small search in WEBNAS_HOME, as the services do it. Run as a process of its own."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webnas.settings")
django.setup()

from django.core.management import call_command  # noqa: E402

from devices import services as devices  # noqa: E402
from devices.models import DeviceProfile  # noqa: E402
from searches.models import DataSet, Space  # noqa: E402
from searches.services import datasets, spaces  # noqa: E402
from searches.services.requests import RunRequest  # noqa: E402
from searches.services.runs import start_run  # noqa: E402
from webnas.accounts.owner import local_owner  # noqa: E402


def main() -> None:
    call_command("migrate", verbosity=0)
    datasets.add_builtin()
    spaces.add_builtin()
    devices.add_builtin()
    # Not measured here: the same costs in every run.
    device = DeviceProfile.objects.filter(is_host=False).order_by("pk").first()
    request = RunRequest(
        name="small",
        dataset=DataSet.objects.get(name="Handwritten digits"),
        space=Space.objects.get(family="ofa_mobilenet_v3", definition__preset="small"),
        devices=[device],
        objectives=[
            {"measure": "accuracy"},
            {"measure": "latency", "device": device.pk},
            {"measure": "storage"},
        ],
        evaluator_settings={"epochs": 3, "recalibration_images": 200},
        budget=24,
        batch=8,
        seed=5,
    )
    start_run(owner=local_owner(), request=request)


main()
