"""Foreign files made for the tests, and the answers that their formats leave open."""

import csv
import gzip
import io
import zipfile

import pytest

from devices.profiles.intake import Accepted

FACTS = {"kind": "mobile", "engine": "tflite", "dtype": "fp32", "batch": "1", "threads": "1"}


@pytest.fixture
def taken(upload):
    """The profile and the report of a file, all facts answered."""

    def read(content, filename="table", **answers):
        verdict = upload(content, filename, **(FACTS | answers))
        assert isinstance(verdict, Accepted), verdict
        return verdict.profile, [f"{problem.level} {problem.text}" for problem in verdict.report]

    return read


@pytest.fixture
def refused(texts):
    """The first thing that is wrong with a file."""
    return lambda content, **answers: texts(content, **(FACTS | answers))[0]


@pytest.fixture
def zipped():
    """An archive of files: name -> text."""

    def made(files):
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        return data.getvalue()

    return made


@pytest.fixture
def published(shared_data):
    """Rows of a published table as dicts of texts."""

    def rows(name):
        with gzip.open(shared_data / "nas_tables" / name, "rt") as file:
            return list(csv.DictReader(file))

    return rows
