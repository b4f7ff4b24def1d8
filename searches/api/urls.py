"""Addresses of searches under /api/v1/."""

from django.urls import URLPattern, URLResolver, include, path
from rest_framework.routers import SimpleRouter

from searches.api.adjusting import AdjustedSpaces
from searches.api.cards import Evaluators, Families, Strategies, Targets
from searches.api.comparisons import Comparisons
from searches.api.datasets import DataSets
from searches.api.kits import Kits
from searches.api.measurements import Measurements
from searches.api.models import Models
from searches.api.results import Results
from searches.api.runs import Runs
from searches.api.spaces import DeviceCoverage, Spaces
from searches.api.supernets import Supernets
from searches.api.trust import Trusts

router = SimpleRouter(use_regex_path=False)
router.register("datasets", DataSets, basename="dataset")
router.register("spaces", Spaces, basename="space")
router.register("runs", Runs, basename="run")
router.register("models", Models, basename="model")
router.register("supernets", Supernets, basename="supernet")
router.register("strategies", Strategies, basename="strategy")
router.register("evaluators", Evaluators, basename="evaluator")
router.register("targets", Targets, basename="target")


def result(address: str, method: str, act: str) -> URLPattern:
    return path(f"runs/<int:pk>/{address}", Results.as_view({method: act}), name=f"run-{act}")


urlpatterns: list[URLPattern | URLResolver] = [
    path("runs/compare/", Comparisons.as_view({"get": "retrieve"}), name="run-compare"),
    path("", include(router.urls)),
    path(
        "devices/<int:pk>/coverage/",
        DeviceCoverage.as_view({"get": "retrieve"}),
        name="device-coverage",
    ),
    path("devices/kit/", Kits.as_view({"get": "retrieve"}), name="device-kit"),
    path("devices/kit/expected/", Kits.as_view({"get": "expected"}), name="device-kit-expected"),
    path(
        "devices/<int:pk>/measurements/",
        Measurements.as_view({"post": "create"}),
        name="device-measurements",
    ),
    path("spaces/families/", Families.as_view({"get": "list"}), name="space-families"),
    path(
        "spaces/<int:pk>/adjusted/",
        AdjustedSpaces.as_view({"get": "retrieve"}),
        name="space-adjusted",
    ),
    result("trials/", "get", "trials"),
    result("trials/<int:number>/", "get", "trial"),
    result("trials/<int:number>/choose/", "post", "choose"),
    *(result(f"{name}/", "get", name) for name in ("front", "points", "history", "events")),
    result("export/", "get", "export"),
    path(
        "runs/<int:pk>/trust/",
        Trusts.as_view({"get": "retrieve", "post": "create", "delete": "destroy"}),
        name="run-trust",
    ),
    path("runs/<int:pk>/trust/stop/", Trusts.as_view({"post": "stop"}), name="run-trust-stop"),
]
