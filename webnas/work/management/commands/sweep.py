"""The loop that repeats lost nudges and removes files that nothing refers to."""

import logging
import signal
import threading
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import Error, close_old_connections

from webnas.work import files, leases

logger = logging.getLogger(__name__)

CLEAN_EVERY_SECONDS = 3600


class Command(BaseCommand):
    help = "Nudge rows that are due and free, again and again, until told to stop."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="One round, then leave.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["once"]:
            self.stdout.write(f"{leases.sweep()} rows nudged")
            return
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        self.loop(stop)

    def loop(self, stop: threading.Event) -> None:
        cleaned_at = time.monotonic()
        while not stop.wait(settings.WEBNAS_SWEEP_SECONDS):
            close_old_connections()
            try:
                leases.sweep()
                if time.monotonic() - cleaned_at > CLEAN_EVERY_SECONDS:
                    cleaned_at = time.monotonic()
                    files.remove_unreferenced()
            except (Error, OSError):  # the database or disk is away: it may come back
                logger.exception("This round failed; trying again")
