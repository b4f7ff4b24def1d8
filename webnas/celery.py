"""The Celery application. Messages carry ids; the rows say what is to be done."""

import os
import signal
import threading
import time
from typing import Any

from celery import Celery
from celery.signals import worker_process_init, worker_shutting_down

from webnas.work import messages, shutdown

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webnas.settings")
# The checks would load every page into the worker.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")
messages.register()

app = Celery("webnas")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

PARENT_EVERY_SECONDS = 0.5


@worker_process_init.connect
def one_thread_per_process(**_: Any) -> None:
    """One thread per process: two such processes scale, one with two threads under load does not.

    Set before torch is imported, which happens inside tasks: a parent that ran torch before the
    fork would hang its children.
    """
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"


@worker_process_init.connect
def die_with_parent(**_: Any) -> None:
    """End this process when its worker is gone: nobody could stop or replace it."""
    threading.Thread(target=_watch, args=[os.getppid()], daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(PARENT_EVERY_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)


@worker_shutting_down.connect
def stop_slices(**_: Any) -> None:
    """Ask the slices that run in the children to stop at their next consistent state."""
    shutdown.requested.set()
