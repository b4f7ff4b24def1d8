from datetime import timedelta

import pytest
from django.utils import timezone

from searches.models import DataSet


@pytest.fixture
def due_row(db):
    """Makes a row that is due; any leased model would do."""

    def make(name: str = "row", **fields) -> DataSet:
        due = {"due_at": timezone.now() - timedelta(seconds=1)}
        return DataSet.objects.create(name=name, source=DataSet.Source.FOLDER, **(due | fields))

    return make
