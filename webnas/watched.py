"""The operator's view of rows."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest


class Watched(admin.ModelAdmin):  # type: ignore[type-arg]
    """Rows that the operator may read, but that change only by the acts of the services."""

    list_select_related = ("owner",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
