"""Print a fresh login link for the owner of this machine."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.urls import reverse

from webnas.accounts.models import LoginLink
from webnas.accounts.owner import local_owner
from webnas.home import address_of_launcher


class Command(BaseCommand):
    help = "Print a link that logs in once, within 15 minutes, on this machine only."

    def handle(self, *args: Any, **options: Any) -> None:
        address = address_of_launcher(settings.WEBNAS_HOME) or "http://127.0.0.1:8000"
        secret = LoginLink.create(local_owner())
        self.stdout.write(address + reverse("login-link", args=[secret]))
