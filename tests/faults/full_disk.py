"""Works on a file system until it is full, and tells what became of it. A process of its own.

WEBNAS_HOME lies on a file system of a few MiB that nobody else uses.
"""

import json
import os
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webnas.settings")
django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402
from rest_framework.test import APIClient  # noqa: E402

from searches.models import Run  # noqa: E402
from searches.runner import slices  # noqa: E402
from searches.runner.slices import Outcome  # noqa: E402
from tests.searches.rows import bare_run  # noqa: E402
from webnas.accounts.models import ApiToken  # noqa: E402
from webnas.accounts.owner import local_owner  # noqa: E402
from webnas.work import files, leases  # noqa: E402

LARGE, SMALL = 64 * 2**20, 256 * 2**10


def fill(ballast: Path) -> None:
    """Leave not a byte: the write-ahead log has no room of its own either."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for size in (2**16, 1):
        try:
            with ballast.open("ab", buffering=0) as file:
                while file.write(bytes(size)):
                    pass
        except OSError:
            continue


def advance(run: Run, work) -> dict:
    Run.objects.filter(pk=run.pk).update(due_at=timezone.now(), status=Run.Status.QUEUED)
    slices.advance_run(leases.claim(Run, run.pk), {run.stage: work})
    run.refresh_from_db()
    return {"status": run.status, "lease": run.lease_owner, "files": list(files.stored())}


def main() -> None:
    call_command("migrate", verbosity=0)
    owner, ballast = local_owner(), Path(os.environ["WEBNAS_HOME"]) / "ballast"
    _, secret = ApiToken.create(owner=owner, label="script")
    run = bare_run(owner)

    def too_large(run, heartbeat):
        return Outcome(written=[files.write("checkpoints", ".pt", bytes(LARGE)).name])

    def no_room_for_rows(run, heartbeat):
        written = files.write("checkpoints", ".pt", bytes(SMALL)).name
        fill(ballast)
        return Outcome({"n_told": 99}, written=[written])

    found = {"too_large": advance(run, too_large), "rows": advance(run, no_room_for_rows)}
    fill(ballast)
    client = APIClient(SERVER_NAME="localhost")
    client.credentials(HTTP_AUTHORIZATION=f"Token {secret}")
    read = client.get(f"/api/v1/runs/{run.pk}/")
    found["read"] = {"code": read.status_code, "status": read.json()["status"]}
    found["written"] = client.post("/api/v1/tokens/", {"label": "x" * 90}).status_code
    print(json.dumps(found))  # noqa: T201


main()
