"""What the parts may load. Names in strings hide from import-linter, so processes tell."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# Each costs seconds or a hundred megabytes, which a web process must not pay.
HEAVY = ("torch", "sklearn", "onnx", "onnxruntime", "onnxscript", "scipy.optimize")

# Modules of the web side: all that answers requests, whether or not an address leads there yet.
WEB_SIDE = """
import pkgutil, importlib
from django.apps import apps
from django.urls import get_resolver
from django.core.handlers.wsgi import WSGIHandler
import webnas.wsgi
get_resolver().url_patterns
for package in ("frontend", "searches.services", "searches.api", "devices.api", "webnas.rest",
                "webnas.accounts", "webnas.work"):
    try:
        root = importlib.import_module(package)
    except ModuleNotFoundError:
        continue
    for module in pkgutil.walk_packages(root.__path__, package + "."):
        importlib.import_module(module.name)
import devices.services
"""
WORKER_PARENT = """
from webnas.celery import app
app.loader.import_default_modules()
app.finalize()
assert "searches.tasks.advance_run" in app.tasks
"""
CARDS = """
import pkgutil, importlib, searches
for module in pkgutil.walk_packages(searches.__path__, "searches."):
    if module.name.endswith((".registry", ".settings", ".cards", ".presets")):
        importlib.import_module(module.name)
from tests.test_boundaries import registries
for registry in registries().values():
    for card in registry.values():
        card.settings and card.settings_class()
"""


def loaded_by(code: str) -> list[str]:
    """Which heavy packages a fresh interpreter has loaded after `code`."""
    script = f"""
import os, sys, json
os.environ["DJANGO_SETTINGS_MODULE"] = "webnas.settings"
import django; django.setup()
{code}
print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
@pytest.mark.parametrize("code", [WEB_SIDE, WORKER_PARENT, CARDS], ids=["web", "worker", "cards"])
def test_it_loads_nothing_heavy(code):
    assert loaded_by(code) == []


@cache
def registries() -> dict[str, object]:
    from searches.evaluators.registry import EVALUATORS
    from searches.evaluators.zero_cost.registry import PROXIES
    from searches.spaces.registry import FAMILIES
    from searches.strategies.registry import STRATEGIES
    from searches.targets.registry import TARGETS

    return {
        "spaces": FAMILIES,
        "strategies": STRATEGIES,
        "evaluators": EVALUATORS,
        "proxies": PROXIES,
        "targets": TARGETS,
    }


@pytest.mark.parametrize("family", ["spaces", "strategies", "evaluators", "targets"])
def test_every_card_leads_to_a_class_and_its_settings(family):
    registry = registries()[family]
    assert len(registry) > 0
    for card in registry.values():
        assert callable(card.load())
        assert card.label
        assert card.summary
        if card.settings is not None:
            card.settings_class()()  # every setting has a default


def test_every_proxy_is_a_function():
    for card in registries()["proxies"].values():
        assert callable(card.load())


def test_every_package_marker_is_empty_or_a_docstring():
    for folder in ("webnas", "devices", "searches", "frontend"):
        for marker in (ROOT / folder).rglob("__init__.py"):
            text = marker.read_text().strip()
            assert not text or text.startswith('"""'), marker


def test_no_module_is_called_a_bag():
    bags = {"utils", "helpers", "common", "core", "misc"}
    for folder in ("webnas", "devices", "searches", "frontend"):
        assert not [path for path in (ROOT / folder).rglob("*.py") if path.stem in bags]


def test_no_module_runs_away():
    for folder in ("webnas", "devices", "searches", "frontend"):
        for path in (ROOT / folder).rglob("*.py"):
            if "migrations" not in path.parts:
                assert len(path.read_text().splitlines()) <= 500, path


def test_the_import_contracts_hold():
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
