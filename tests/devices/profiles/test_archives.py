"""Archives of several files: bounded, never trusted, never written to disk."""

import io
import zipfile

import pytest

from devices.profiles import archives
from devices.profiles.parsing import Unreadable


def zipped(files, compression=zipfile.ZIP_DEFLATED):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


def refusal(data):
    with pytest.raises(Unreadable) as error:
        archives.document(data, "a.zip")
    return error.value.problem.text


def test_the_members_become_documents():
    found = archives.document(
        zipped({"a/x.json": "[1]", "b.csv": "a,b"}), "a.zip", {"kind": "cpu"}
    )
    assert [(file.name, file.kind) for file in found.files] == [
        ("a/x.json", "json"),
        ("b.csv", "table"),
    ]
    assert found.files[0].answers == {"kind": "cpu"}


def test_a_single_member_is_the_file_itself():
    assert archives.document(zipped({"x.json": "[1]"}), "a.zip").name == "x.json"


def test_models_and_programs_of_a_kit_are_passed_over():
    files = {
        "ops/a.onnx": "\x80",
        "run.py": "x",
        "README.md": "x",
        "__MACOSX/._a": "x",
        "l.csv": "a",
    }
    assert archives.document(zipped(files), "a.zip").name == "l.csv"


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"a.onnx": "x"}, "holds no file that could be a profile"),
        ({"[Content_Types].xml": "x"}, "spreadsheet"),
        ({"../x.json": "[1]"}, "a place outside of itself"),
        ({"/etc/x.json": "[1]"}, "a place outside of itself"),
        ({"x/data.pkl": "x"}, "Pickle files can run code"),
        ({"x.pkl": b"\x80\x04K\x01."}, "'x.pkl' in the archive: Pickle files can run code"),
        ({"x.zip": zipped({"a": "b"})}, "'x.zip' in the archive: This is an archive"),
        ({"x.json": "{oops"}, "'x.json' in the archive: The file is not readable"),
        ({f"{i}.csv": "a" for i in range(archives.MOST_FILES + 1)}, "at most 1000 are read"),
    ],
)
def test_what_is_not_read_is_named(files, words):
    assert words in refusal(zipped(files))


def test_a_bomb_is_refused_while_it_unpacks(monkeypatch):
    monkeypatch.setattr(archives, "UNPACKED_BYTES", 2**20)
    assert "unpacks to more than 1 MiB" in refusal(zipped({"a.csv": b"\n" * 2**21}))


def test_damaged_archives_are_refused():
    data = zipped({"a.csv": "x" * 1000, "b.csv": "y" * 1000}, zipfile.ZIP_STORED)
    for cut in (10, 200, len(data) - 30):
        assert "cannot be read" in refusal(data[:cut])
    assert "cannot be read" in refusal(data.replace(b"xxxx", b"zzzz"))
