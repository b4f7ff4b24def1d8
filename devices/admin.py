"""Rows of devices, to look at. People act through pages and REST, where rules are kept."""

from django.contrib import admin

from devices.models import DeviceProfile, ProfileVersion
from webnas.watched import Watched


class Versions(admin.TabularInline):  # type: ignore[type-arg]
    model = ProfileVersion
    fields = ("number", "content_sha256", "n_entries", "created_at")
    readonly_fields = fields
    extra = 0
    can_delete = False


@admin.register(DeviceProfile)
class Devices(Watched):
    list_display = ("name", "owner", "is_host", "due_at", "created_at")
    list_filter = ("is_host",)
    search_fields = ("name",)
    exclude = ("plan",)
    inlines = (Versions,)
