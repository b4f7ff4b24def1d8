"""Who owns what, and how people and scripts come in."""

from django.apps import AppConfig

from webnas.signals import cleaning


class AccountsConfig(AppConfig):
    name = "webnas.accounts"
    label = "accounts"

    def ready(self) -> None:
        from webnas.accounts.expiry import remove_expired

        cleaning.connect(remove_expired)
