"""Pages, forms and plots."""

from django.apps import AppConfig


class FrontendConfig(AppConfig):
    name = "frontend"
