"""Rows of searches, to look at. People act through pages and REST, where rules are kept."""

from django.contrib import admin

from searches.models import ChosenModel, DataSet, FullTraining, Run, RunEvent, Space, Supernet
from webnas.watched import Watched


@admin.register(DataSet)
class DataSets(Watched):
    list_display = ("name", "owner", "source", "status", "n_bytes", "created_at")
    list_filter = ("status", "source")
    search_fields = ("name",)


@admin.register(Space)
class Spaces(Watched):
    list_display = ("name", "owner", "family", "size", "created_at")
    search_fields = ("name",)


@admin.register(Supernet)
class Supernets(Watched):
    list_display = ("id", "owner", "dataset", "space", "is_trained", "step", "total_steps")
    list_select_related = ("owner", "dataset", "space")  # type: ignore[assignment]


class Log(admin.TabularInline):  # type: ignore[type-arg]
    model = RunEvent
    fields = ("created_at", "level", "text")
    readonly_fields = fields
    extra = 0
    can_delete = False


@admin.register(Run)
class Runs(Watched):
    list_display = ("name", "owner", "status", "stage", "n_told", "budget", "created_at")
    list_filter = ("status", "stage", "strategy", "evaluator")
    search_fields = ("name",)
    exclude = ("strategy_state",)
    inlines = (Log,)


@admin.register(ChosenModel)
class Models(Watched):
    list_display = ("name", "owner", "status", "created_at", "ended_at")
    list_filter = ("status",)
    search_fields = ("name",)
    raw_id_fields = ("trial",)


@admin.register(FullTraining)
class FullTrainings(Watched):
    list_display = ("id", "run", "status", "is_sampled", "fell_off", "seconds", "ended_at")
    list_filter = ("status",)
    raw_id_fields = ("run", "trial")
