"""Who owns what, and how people and scripts come in."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "webnas.accounts"
    label = "accounts"
