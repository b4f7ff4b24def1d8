"""All addresses of webnas."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.negotiation import DefaultContentNegotiation

from webnas.health import health
from webnas.rest.views import bad_request, nothing_here, server_error

schema = SpectacularAPIView.as_view(content_negotiation_class=DefaultContentNegotiation)
docs = SpectacularSwaggerSplitView.as_view(url_name="api:api-schema")

version_1: list[URLPattern | URLResolver] = [
    path("schema/", schema, name="api-schema"),
    path("docs/", docs, name="api-docs"),
    path("", include("searches.api.urls")),
    path("", include("devices.api.urls")),
    path("", include("webnas.accounts.api")),
    re_path(r"^(?P<path>(?s:.*))", nothing_here),
]
handler400, handler500 = bad_request, server_error

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health, name="health"),
    path("admin/", admin.site.urls),
    path("api/v1/", include((version_1, "api"))),
    path("", include("frontend.urls")),
]
