"""What a cluster is made of. No container engine is needed: the files are checked as files."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent


def checked(*command: str | Path) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["Dockerfile.web", "Dockerfile.worker"])
def test_an_image_follows_the_rules(name):
    checked(BIN / "hadolint", f"docker/{name}")


def test_the_compose_file_fits_its_schema():
    schema = ("--builtin-schema", "vendor.compose-spec")
    checked(BIN / "check-jsonschema", *schema, "docker/compose.yaml")


@pytest.fixture(scope="module")
def compose() -> dict:
    return yaml.safe_load((ROOT / "docker/compose.yaml").read_text())


def test_every_part_that_stays_says_whether_it_is_healthy(compose):
    in_image = {"web"}  # its image says so
    staying = {name for name, part in compose["services"].items() if part["restart"] != "no"}
    with_check = {name for name, part in compose["services"].items() if "healthcheck" in part}
    assert staying == with_check | in_image


def test_no_part_starts_before_the_database_is_up_to_date(compose):
    for name in ("web", "sweeper", "coordinator", "trainer"):
        waits = compose["services"][name]["depends_on"]["first-start"]["condition"]
        assert waits == "service_completed_successfully"


def test_every_queue_has_a_worker(compose):
    commands = " ".join(
        " ".join(part["command"]) for part in compose["services"].values() if "command" in part
    )
    queues = set(",".join(re.findall(r"--queues=(\S+)", commands)).split(","))
    assert queues == {"default", "evaluate", "train"}


def test_the_compose_file_holds_no_secret():
    text = (ROOT / "docker/compose.yaml").read_text()
    for line in text.splitlines():
        if re.search(r"(SECRET|PASSWORD)\w*:", line):
            assert ":?" in line, line


def test_every_setting_by_environment_is_documented():
    text = (ROOT / "webnas/settings.py").read_text()
    named = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', text))
    documented = set(re.findall(r"`([A-Z_]+)`", (ROOT / "docs/deployment.md").read_text()))
    assert named - documented == set()
