"""Built-in content, this machine's profile and the demo search; safe to repeat."""

from typing import Any

from django.core.management.base import BaseCommand

from searches.services import demo
from webnas.accounts.owner import local_owner


class Command(BaseCommand):
    help = "Add built-in content and, on the first start, queue the demo search."

    def handle(self, *args: Any, **options: Any) -> None:
        run = demo.first_start(owner=local_owner())
        self.stdout.write(f"Queued run {run.pk}." if run else "Nothing to start.")
