"""Make an API token for scripts."""

from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.core.management.base import BaseCommand, CommandError, CommandParser

from webnas.accounts.models import ApiToken
from webnas.accounts.owner import user_named


class Command(BaseCommand):
    help = "Print a new API token, alone on the last line. It is shown once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("label", help="What the token is for; shown in the list of tokens.")
        parser.add_argument("--user", help="Whose token; default: the owner of this machine.")
        parser.add_argument("--read-only", action="store_true", help="It may only read.")

    def handle(self, *args: Any, **options: Any) -> None:
        label = options["label"].strip()
        if not 0 < len(label) <= 100:
            raise CommandError("The label needs 1 to 100 characters.")
        try:
            owner = user_named(options["user"])
        except ObjectDoesNotExist as error:
            raise CommandError(f"There is no user {options['user']!r}.") from error
        _, secret = ApiToken.create(owner=owner, label=label, is_read_only=options["read_only"])
        self.stdout.write(secret)
