"""Only so many runs of a person are active, however many requests come at once."""

import threading

import pytest
from django.contrib.auth.models import User
from django.db import connection

from searches.models import Run
from searches.services import runs
from tests.searches.rows import bare_run
from webnas.refusals import ConflictingRequest


@pytest.mark.django_db(transaction=True)
def test_of_several_runs_resumed_at_once_no_more_than_allowed_go_on(settings):
    settings.WEBNAS_QUOTA_RUNS = 1
    first = bare_run(User.objects.create_user("alice"), status=Run.Status.PAUSED)
    for number in range(3):
        copy = Run.objects.get(pk=first.pk)
        copy.pk, copy.name = None, f"copy {number}"
        copy.save()
    paused = list(Run.objects.all())
    gate, refused = threading.Barrier(len(paused)), []

    def resume(run):
        gate.wait()
        try:
            runs.resume_run(run=run)
        except ConflictingRequest as refusal:
            refused.append(refusal.detail)
        finally:
            connection.close()

    threads = [threading.Thread(target=resume, args=[run]) for run in paused]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Run.objects.filter(status__in=Run.ACTIVE).count() == 1
    assert refused == ["1 runs are active; 1 are allowed at once."] * 3
