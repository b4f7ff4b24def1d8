"""The Celery application. Messages carry ids; the rows say what is to be done."""

import os
from pathlib import Path
from typing import Any

from celery import Celery
from celery.signals import worker_process_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webnas.settings")

app = Celery("webnas")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


def make_message_folders(options: dict[str, Any]) -> None:
    """Make the folders of the filesystem broker, which does not make them itself."""
    for name in ("data_folder_in", "control_folder", "processed_folder"):
        if name in options:
            Path(options[name]).mkdir(parents=True, exist_ok=True)


make_message_folders(app.conf.broker_transport_options)


@worker_process_init.connect
def one_thread_per_process(**_: Any) -> None:
    """One thread per process: two such processes scale, one with two threads under load does not.

    Set before torch is imported, which happens inside tasks: a parent that ran torch before the
    fork would hang its children.
    """
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"
