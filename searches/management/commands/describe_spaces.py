"""Write the page that documents the definitions of search spaces."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from searches.spaces.documentation import documentation


class Command(BaseCommand):
    help = "Write docs/spaces.md from the families of search spaces."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--file", default="docs/spaces.md", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        options["file"].write_text(documentation(), encoding="utf-8")
