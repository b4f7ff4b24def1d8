"""The loop that repeats lost nudges and removes what nobody needs any more."""

import logging
import signal
import threading
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import Error, close_old_connections

from webnas.signals import cleaning
from webnas.work import files, leases

logger = logging.getLogger(__name__)

CLEAN_EVERY_SECONDS = 3600


class Command(BaseCommand):
    help = "Nudge rows that are due and free, again and again, until told to stop."
    requires_system_checks = ()  # they would load every page into this process

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="One round, then leave.")
        parser.add_argument("--alive", type=Path, help="A file that each round touches.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["once"]:
            self.stdout.write(f"{leases.sweep()} rows nudged")
            return
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        self.loop(stop, alive=options["alive"])

    def loop(self, stop: threading.Event, *, alive: Path | None = None) -> None:
        cleaned_at = time.monotonic()
        while not stop.wait(settings.WEBNAS_SWEEP_SECONDS):
            close_old_connections()
            try:
                if time.monotonic() - cleaned_at > CLEAN_EVERY_SECONDS:
                    cleaned_at = time.monotonic()
                    clean()  # first: on a full disk a nudge may be what fails
                leases.sweep()
                if alive is not None:
                    alive.touch()
            except (Error, OSError):  # the database or disk is away: it may come back
                logger.exception("This round failed; trying again")


def clean() -> None:
    """Remove files that no row names, and let every app remove rows that have expired."""
    files.remove_unreferenced()
    cleaning.send(sender=None)
