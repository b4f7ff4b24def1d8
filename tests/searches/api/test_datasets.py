"""REST: data sets."""

import io
import zipfile

import numpy as np
import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from searches.models import DataSet
from searches.runner import folder
from webnas.work import leases
from webnas.work.files import stored

DATASETS = "/api/v1/datasets/"


def npz(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def some_arrays(n=60):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 255, (n, 8, 8), dtype=np.uint8)
    return {"x_train": images, "y_train": np.arange(n) % 3}


def zipped(members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def picture(shade):
    file = io.BytesIO()
    Image.new("L", (8, 8), shade).save(file, "PNG")
    return file.getvalue()


def some_pictures():
    return {f"{name}/{i}.png": picture(40 * i) for name in ("cat", "dog") for i in range(6)}


@pytest.fixture
def upload(as_alice):
    def send(content, name="Mine", filename="data.npz", client=as_alice, **fields):
        body = {"name": name, "file": SimpleUploadedFile(filename, content), **fields}
        return client.post(DATASETS, body, format="multipart")

    return send


def test_an_npz_is_taken_and_split(upload):
    answer = upload(npz(**some_arrays()))
    assert answer.status_code == 201
    assert answer.data["status"] == "ready"
    assert answer.data["shape"] == [8, 8, 1]
    assert sum(answer.data["n"].values()) == 60
    assert answer.data["statistics"]["classes"] == ["0", "1", "2"]


def test_a_zip_of_pictures_is_taken(upload):
    answer = upload(zipped(some_pictures()), filename="pets.zip")
    assert answer.status_code == 201
    assert answer.data["source"] == "zip"
    assert answer.data["statistics"]["classes"] == ["cat", "dog"]


def test_the_seed_fixes_the_split(upload):
    first = upload(npz(**some_arrays()), name="a", seed=1).data["sha256"]
    assert upload(npz(**some_arrays()), name="b", seed=1).data["sha256"] == first
    assert upload(npz(**some_arrays()), name="c", seed=2).data["sha256"] != first


def with_nan():
    images = np.zeros((60, 8, 8), dtype=np.float32)
    images[7, 0, 0] = np.nan
    return {"x_train": images, "y_train": np.arange(60) % 3}


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"", "file"),
        (b"PK\x03\x04 torn", "file"),
        (b"no archive at all", "file"),
        (npz(y_train=np.arange(9)), "x_train"),
        (npz(**some_arrays() | {"y_train": np.zeros(60)}), "y_train"),
        (npz(**some_arrays() | {"x_train": np.zeros((60, 8, 8), np.int64)}), "x_train"),
        (npz(**some_arrays() | {"x_train": np.zeros(60, np.uint8)}), "x_train"),
        (npz(**some_arrays() | {"y_train": np.arange(7)}), "y_train"),
        (npz(**some_arrays() | {"y_train": np.array([{}] * 60)}), "y_train"),
        (npz(**some_arrays() | {"surprise": np.arange(3)}), "surprise"),
        (npz(**with_nan()), "x_train"),
    ],
)
def test_a_wrong_npz_is_refused_with_the_place(upload, content, place):
    answer = upload(content)
    assert answer.status_code == 400
    assert place in answer.data["errors"]
    assert list(stored()) == []
    assert not DataSet.objects.exists()


@pytest.mark.parametrize(
    "members",
    [
        {"../evil/1.png": picture(1)},
        {"/etc/1.png": picture(1)},
        {"cat/1.png": b"no picture"},
        {"1.png": picture(1)},
        {"cat/notes.exe": b"x"},
        {f"cat/{i}.png": b"\0" * 2**22 for i in range(20)},
        {},
    ],
)
def test_a_wrong_zip_is_refused_with_the_place(upload, members):
    answer = upload(zipped(members), filename="pets.zip")
    assert answer.status_code == 400
    assert answer.data["errors"]
    assert list(stored()) == []
    assert not DataSet.objects.exists()


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"seed": "-1"}, "seed"),
        ({"seed": str(2**40)}, "seed"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_wrong_field_of_the_form_is_named(upload, fields, place):
    answer = upload(npz(**some_arrays()), **{"name": "Mine"} | fields)
    assert answer.status_code == 400
    assert list(answer.data["errors"]) == [place]


def test_a_form_without_a_file_is_refused(as_alice):
    answer = as_alice.post(DATASETS, {"name": "x"}, format="multipart")
    assert answer.status_code == 400
    assert "file" in answer.data["errors"]


def test_a_name_is_taken_once(upload, as_bob):
    content = npz(**some_arrays())
    assert upload(content).status_code == 201
    assert "name" in upload(content).data["errors"]
    assert upload(content, client=as_bob).status_code == 201


def test_quota_and_size_are_kept(upload, settings):
    settings.WEBNAS_QUOTA_BYTES = 1000
    answer = upload(npz(**some_arrays()))
    assert answer.status_code == 400
    assert "of 1,000" in answer.data["errors"]["file"][0]
    settings.WEBNAS_UPLOAD_BYTES = 500
    assert "at most 500" in upload(npz(**some_arrays())).data["errors"]["file"][0]
    assert list(stored()) == []


def test_uploads_are_counted_apart(upload, as_alice, monkeypatch):
    from rest_framework.throttling import ScopedRateThrottle

    monkeypatch.setattr(ScopedRateThrottle, "THROTTLE_RATES", {"upload": "1/min"})
    assert upload(npz(**some_arrays()), name="a").status_code == 201
    assert upload(npz(**some_arrays()), name="b").status_code == 429
    assert as_alice.get(DATASETS).status_code == 200


def test_statistics_and_samples_are_shown(as_alice, dataset):
    answer = as_alice.get(f"{DATASETS}{dataset.pk}/").data
    assert answer["statistics"]["counts"]["train"]
    sheet = as_alice.get(f"{DATASETS}{dataset.pk}/samples/")
    assert sheet["Content-Type"] == "image/png"
    assert b"".join(sheet.streaming_content).startswith(b"\x89PNG")
    again = as_alice.get(
        f"{DATASETS}{dataset.pk}/samples/", headers={"If-None-Match": sheet["ETag"]}
    )
    assert again.status_code == 304


def test_lists_are_filtered(as_alice, dataset):
    assert as_alice.get(f"{DATASETS}?source=builtin&status=ready&name=BAR").data["count"] == 1
    assert as_alice.get(f"{DATASETS}?source=npz").data["count"] == 0
    assert as_alice.get(f"{DATASETS}?source=odd").status_code == 400


def test_other_peoples_data_does_not_exist(as_bob, dataset, alice, anonymous, as_reader):
    DataSet.objects.update(owner=alice)
    address = f"{DATASETS}{dataset.pk}/"
    assert as_bob.get(DATASETS).data["count"] == 0
    assert as_bob.get(address).status_code == 404
    assert as_bob.get(address + "samples/").status_code == 404
    assert as_bob.delete(address).status_code == 404
    assert anonymous.get(address).status_code == 401
    assert as_reader.get(address).status_code == 200
    assert as_reader.delete(address).status_code == 403


def test_built_in_data_cannot_be_deleted(as_alice, dataset):
    assert as_alice.delete(f"{DATASETS}{dataset.pk}/").status_code == 403


def test_deleting_removes_the_files(as_alice, upload, django_capture_on_commit_callbacks):
    pk = upload(npz(**some_arrays())).data["id"]
    assert len(list(stored())) == 2
    with django_capture_on_commit_callbacks(execute=True):
        assert as_alice.delete(f"{DATASETS}{pk}/").status_code == 204
    assert list(stored()) == []


def test_data_in_use_is_kept_and_its_users_named(as_alice, alice, run):
    DataSet.objects.update(owner=alice)
    answer = as_alice.delete(f"{DATASETS}{run.dataset_id}/")
    assert answer.status_code == 409
    assert run.name in answer.data["detail"]


@pytest.fixture
def pets(tmp_path, settings):
    """A folder of pictures that the operator has opened."""
    root = tmp_path / "data"
    for name, content in some_pictures().items():
        path = root / "pets" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    settings.WEBNAS_DATA_ROOTS = [root]
    return root / "pets"


def register(client, path):
    return client.post(DATASETS, {"name": "Pets", "folder": str(path)})


def read(pk):
    folder.read(leases.claim(DataSet, pk))
    return DataSet.objects.get(pk=pk)


def test_a_folder_is_registered_by_staff_and_read_by_a_worker(as_carol, pets):
    answer = register(as_carol, pets)
    assert answer.status_code == 202
    assert answer["Retry-After"] == "2"
    assert answer.data["status"] == "reading"
    pk = answer.data["id"]
    sheet = as_carol.get(f"{DATASETS}{pk}/samples/")
    assert (sheet.status_code, sheet["Retry-After"]) == (409, "2")
    row = read(pk)
    assert row.status == "ready"
    assert row.due_at is None
    assert default_storage.exists(row.file)
    sheet = as_carol.get(f"{DATASETS}{pk}/samples/")
    assert b"".join(sheet.streaming_content).startswith(b"\x89PNG")


def test_only_staff_registers_folders(as_alice, pets):
    assert register(as_alice, pets).status_code == 403
    assert not DataSet.objects.exists()


@pytest.mark.parametrize(
    "path", ["/etc", "pets", "{root}/../secret", "{root}/link", "", "/" + "x" * 600]
)
def test_a_folder_elsewhere_is_refused(as_carol, pets, path):
    (pets.parent / "link").symlink_to("/etc")
    answer = register(as_carol, path.format(root=pets.parent))
    assert answer.status_code == 400
    assert "folder" in answer.data["errors"]


def test_a_folder_that_changed_meanwhile_fails_with_the_reason(as_carol, pets, settings):
    pk = register(as_carol, pets).data["id"]
    settings.WEBNAS_DATA_ROOTS = []
    row = read(pk)
    assert row.status == "failed"
    assert "WEBNAS_DATA_ROOTS" in row.error
    assert list(stored()) == []


def test_a_bad_picture_in_a_folder_is_named(as_carol, pets):
    (pets / "cat" / "7.png").write_bytes(b"no picture")
    row = read(register(as_carol, pets).data["id"])
    assert row.status == "failed"
    assert "cat/7.png" in row.error


def test_a_folder_beyond_the_quota_fails(as_carol, pets, settings):
    settings.WEBNAS_QUOTA_BYTES = 100
    row = read(register(as_carol, pets).data["id"])
    assert row.status == "failed"
    assert "of 100" in row.error
    assert list(stored()) == []


def test_a_stopping_worker_leaves_a_folder_due(as_carol, pets):
    from webnas.work import shutdown

    pk = register(as_carol, pets).data["id"]
    lease = leases.claim(DataSet, pk)
    shutdown.requested.set()
    try:
        folder.read(lease)
    finally:
        shutdown.requested.clear()
    row = DataSet.objects.get(pk=pk)
    assert row.status == "reading"
    assert row.due_at is not None
    assert read(pk).status == "ready"


def test_the_number_of_queries_does_not_grow(as_alice, alice, django_assert_max_num_queries):
    for number in range(20):
        DataSet.objects.create(owner=alice, name=f"{number}", source="npz", status="ready")
    as_alice.get(DATASETS)
    with django_assert_max_num_queries(3):
        assert len(as_alice.get(DATASETS).data["results"]) == 20


TABLE = "\n".join(["kind,age,weight", *(f"{'ab'[i % 2]},{i},{i / 4}" for i in range(40))])


def test_a_csv_of_numbers_is_taken_with_the_class_in_a_named_column(upload):
    answer = upload(TABLE.encode(), filename="people.csv", target="kind")
    assert answer.status_code == 201
    assert (answer.data["kind"], answer.data["source"]) == ("features", "csv")
    assert answer.data["shape"] == [2]
    statistics = answer.data["statistics"]
    assert statistics["features"] == ["age", "weight"]
    assert statistics["target"] == "kind"
    assert statistics["classes"] == ["a", "b"]
    assert statistics["mean"][0] == pytest.approx(4 * statistics["mean"][1], rel=1e-5)


def test_rows_in_an_npz_are_taken(upload):
    rows = np.random.default_rng(0).normal(size=(60, 3))
    answer = upload(npz(x_train=rows, y_train=np.arange(60) % 3))
    assert (answer.status_code, answer.data["kind"]) == (201, "features")
    assert answer.data["n_classes"] == 3


def test_a_csv_with_a_gap_is_refused_at_its_row_and_column(upload):
    broken = TABLE.replace("b,3,0.75", "b,,0.75")
    answer = upload(broken.encode(), filename="people.csv", target="kind")
    assert answer.status_code == 400
    assert list(answer.data["errors"]) == ["row 5, column “age”"]
    assert not DataSet.objects.exists()


def test_only_a_csv_has_a_column_of_the_class(upload):
    answer = upload(npz(**some_arrays()), target="kind")
    assert answer.status_code == 400
    assert "Only a CSV" in answer.data["errors"]["target"][0]


def test_the_picture_of_rows_is_served(upload, as_alice):
    row = upload(TABLE.encode(), filename="people.csv", target="kind").data
    answer = as_alice.get(f"{DATASETS}{row['id']}/samples/")
    assert b"".join(answer.streaming_content).startswith(b"\x89PNG")
