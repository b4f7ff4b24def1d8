"""A package that is installed adds choices to every list, and they work."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, skip_or_fail

PACKAGE = ROOT / "tests" / "plugin"
PAGE = ROOT / "docs" / "plugins.md"
GROUPS = ("strategies", "spaces", "evaluators", "targets", "profile_formats")
BLOCK = re.compile(r"```(?:python|toml)\n# (?P<file>\S+)\n(?P<code>.*?)```", re.DOTALL)


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The folder that the package is installed into; its sources stay as they are."""
    folder = tmp_path_factory.mktemp("plugin")
    source = shutil.copytree(PACKAGE, folder / "source")
    pip = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-build-isolation"]
    offline = ["--no-index", "--disable-pip-version-check", "-q"]
    done = subprocess.run(
        [*pip, *offline, "--target", str(folder / "site"), str(source)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    if "No module named pip" in done.stderr:
        skip_or_fail("pip is not installed in this environment")
    assert done.returncode == 0, done.stderr
    return folder / "site"


def run_tests(installed, *arguments):
    """Tests in a fresh interpreter that finds the package."""
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    return int(re.search(r"(\d+) passed", done.stdout)[1])


@pytest.mark.slow
def test_an_installed_package_adds_one_of_each_and_all_work(installed):
    assert run_tests(installed, "tests/searches/runner/with_sample_package.py") >= 9


@pytest.mark.slow
def test_an_installed_strategy_and_space_keep_the_contracts(installed):
    """The conformance suites run over all that is registered."""
    suites = ("strategies/test_conformance.py", "spaces/test_conformance.py")
    paths = [f"tests/searches/{suite}" for suite in suites]
    chosen = "sample_climb or sample_plain"
    assert run_tests(installed, *paths, "-k", chosen) >= 30


def test_the_guide_shows_the_package_as_it_is():
    blocks = [match.groupdict() for match in BLOCK.finditer(PAGE.read_text())]
    for block in blocks:
        text = (PACKAGE / block["file"]).read_text()
        for part in re.split(r"^# …\n", block["code"], flags=re.MULTILINE):
            assert part.strip() in text, f"{block['file']} has no longer:\n{part}"
    shown = {Path(block["file"]).stem for block in blocks}
    assert {"pyproject", "cards", "climb", "plain", "untrained", "balanced", "timings"} <= shown


def test_the_guide_names_every_group_of_entry_points():
    page, project = PAGE.read_text(), (PACKAGE / "pyproject.toml").read_text()
    for group in GROUPS:
        assert f'[project.entry-points."webnas.{group}"]' in project
        assert f"`webnas.{group}`" in page
