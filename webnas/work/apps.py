"""The app that knows how work is claimed."""

from django.apps import AppConfig


class WorkConfig(AppConfig):
    name = "webnas.work"
    label = "work"

    def ready(self) -> None:
        from webnas import celery  # noqa: F401  (tasks are sent through this application)
