"""All addresses of webnas."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, path

from webnas.health import health

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health, name="health"),
    path("admin/", admin.site.urls),
]
