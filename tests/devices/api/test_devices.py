"""REST: devices."""

import json

import pytest
from django.core.files.storage import default_storage

from devices.models import DeviceProfile
from tests.devices.profiles.formats import golden, mutations
from webnas.work.files import stored

DEVICES = "/api/v1/devices/"


def test_a_profile_in_the_body_makes_a_device(as_alice, document):
    answer = as_alice.post(DEVICES, document)
    assert answer.status_code == 201
    assert answer.data["name"] == "My board"
    assert answer.data["status"] == "ready"
    assert answer.data["version"]["n_entries"] == 4
    assert answer.data["version"]["runtime"]["engine"] == "onnxruntime"


def test_a_profile_in_a_file_makes_a_device(as_alice, document, as_file):
    body = {"file": as_file(document), "name": "Board two"}
    answer = as_alice.post(DEVICES + "upload/", body, format="multipart")
    assert answer.status_code == 201
    assert answer.data["name"] == "Board two"


def test_csv_is_taken_and_given(as_alice, device, as_file):
    csv = as_alice.get(f"{DEVICES}{device.pk}/download/?format=csv")
    assert csv["Content-Type"] == "text/csv; charset=utf-8"
    content = b"".join(csv.streaming_content)
    body = {"file": as_file(content, "again.csv"), "name": "Again"}
    answer = as_alice.post(DEVICES + "upload/", body, format="multipart")
    assert answer.status_code == 201
    latest = device.latest()
    assert answer.data["version"]["content_sha256"] == latest.content_sha256


def test_a_wrong_row_is_named(as_alice, document):
    document["entries"][1]["mean_ms"] = -1
    document["entries"][2]["mean_ms"] = -1
    answer = as_alice.post(DEVICES, document)
    assert answer.status_code == 400
    assert set(answer.data) == {"detail", "errors", "problems"}
    assert any("Row 2" in text and "above 0" in text for text in answer.data["errors"]["file"])
    assert [problem["line"] for problem in answer.data["problems"] if problem["line"]] == [2, 3]
    assert not DeviceProfile.objects.exists()


def test_what_is_missing_is_asked_for_and_answered(as_alice, document, as_file):
    del document["runtime"]["batch"]
    asked = as_alice.post(DEVICES, document)
    assert asked.status_code == 422
    assert asked.data["field"] == "batch"
    assert asked.data["question"]
    assert as_alice.post(DEVICES, {**document, "batch": 1}).status_code == 201
    body = {"file": as_file(document), "batch": "1", "name": "By form"}
    assert as_alice.post(DEVICES + "upload/", body, format="multipart").status_code == 201


def test_everything_that_is_missing_is_asked_for_at_once(as_alice, document):
    document["runtime"] = {"engine": "onnxruntime"}
    asked = as_alice.post(DEVICES, document).data
    fields = [asked["field"], *(further["field"] for further in asked["also"])]
    assert fields == ["dtype", "batch", "threads"]
    assert "fp32" in asked["choices"]
    answers = {"dtype": "fp32", "batch": 1, "threads": 2}
    assert as_alice.post(DEVICES, {**document, **answers}).status_code == 201


def test_a_preview_says_what_would_be_stored_and_stores_nothing(as_alice, document, as_file):
    document["entries"][0]["std_ms"] = 5.0
    document["models"] = [{"arch": {"r": r}, "mean_ms": 2.0, "macs": 1e7} for r in (1, 2, 3)]
    body = {"file": as_file(document)}
    answers = [
        as_alice.post(DEVICES + "preview/", document),
        as_alice.post(DEVICES + "preview/", body, format="multipart"),
    ]
    for answer in answers:
        assert answer.status_code == 200
        assert (answer.data["n_entries"], answer.data["n_networks"]) == (4, 3)
        assert answer.data["rows"][0]["label"] == "conv 32×32×3→8 k3"
        assert any("spread above 3 times" in row["text"] for row in answer.data["report"])
    assert not DeviceProfile.objects.exists()
    stored = as_alice.post(DEVICES, document)
    assert stored.data["version"]["content_sha256"] == answers[0].data["content_sha256"]


def test_a_preview_refuses_and_asks_like_an_upload(as_alice, as_reader, anonymous, document):
    address = DEVICES + "preview/"
    assert as_reader.post(address, document).status_code == 403
    assert anonymous.post(address, document).status_code == 401
    assert as_alice.post(address, {**document, "runtime": {}}).status_code == 422
    document["entries"] = [{"op": None}]
    refused = as_alice.post(address, document)
    assert refused.status_code == 400
    assert refused.data["problems"]


def test_a_table_of_another_tool_becomes_a_device(as_alice, as_file):
    table = b"Conv-input:192x192x3-output:96x96x24: {count: 40, mean: 0.71, std: 0.02}\n"
    table += b"Logits-input:1x1x1536-output:1000: {count: 40, mean: 0.66, std: 0.08}\n"
    body = {"file": as_file(table, "note.yaml")}
    asked = as_alice.post(DEVICES + "upload/", body, format="multipart")
    assert asked.data["field"] == "dialect"
    answers = {"kind": "mobile", "engine": "tflite", "dtype": "fp32", "batch": "1", "threads": "1"}
    body = {"file": as_file(table, "note.yaml"), "dialect": "ofa", **answers}
    taken = as_alice.post(DEVICES + "upload/", body, format="multipart")
    assert taken.status_code == 201
    assert taken.data["version"]["provenance"]["source_format"] == "ofa"


def test_a_name_is_taken_once_per_owner(as_alice, as_bob, document):
    assert as_alice.post(DEVICES, document).status_code == 201
    again = as_alice.post(DEVICES, document)
    assert again.status_code == 400
    assert "name" in again.data["errors"]
    assert as_bob.post(DEVICES, document).status_code == 201


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x80\x04\x95pickle",
        b"\xff\xfe\x00",
        b"{" * 5000,
        b"[]",
        b"null",
        b'{"schema": 3}',
        b"type,mean_ms\n",
        b'{"schema": "webnas.device-profile/9"}',
        json.dumps({"schema": "webnas.device-profile/1", "entries": [{"op": None}]}).encode(),
    ],
)
def test_a_file_that_is_no_profile_is_refused(as_alice, as_file, content):
    answer = as_alice.post(DEVICES + "upload/", {"file": as_file(content)}, format="multipart")
    assert answer.status_code in (400, 422)
    assert answer.data["errors"]
    assert not DeviceProfile.objects.exists()


def test_an_unknown_field_of_a_form_is_refused(as_alice, document, as_file):
    body = {"file": as_file(document), "nmae": "Typo"}
    answer = as_alice.post(DEVICES + "upload/", body, format="multipart")
    assert answer.status_code == 400
    assert list(answer.data["errors"]) == ["nmae"]


def test_lists_show_ones_own_devices_and_those_of_webnas(as_alice, as_bob, device, builtin):
    mine = {row["name"] for row in as_alice.get(DEVICES).data["results"]}
    theirs = {row["name"] for row in as_bob.get(DEVICES).data["results"]}
    assert device.name in mine
    assert builtin.name in mine & theirs
    assert device.name not in theirs


def test_other_peoples_devices_do_not_exist(as_bob, device, document):
    address = f"{DEVICES}{device.pk}/"
    for tail in ("", "versions/", "operations/", "download/"):
        assert as_bob.get(address + tail).status_code == 404
    assert as_bob.post(address + "versions/", document).status_code == 404
    assert as_bob.delete(address).status_code == 404
    assert DeviceProfile.objects.filter(pk=device.pk).exists()


def test_what_comes_with_webnas_cannot_be_changed(as_alice, builtin, document):
    address = f"{DEVICES}{builtin.pk}/"
    assert as_alice.get(address).data["is_builtin"] is True
    assert as_alice.delete(address).status_code == 403
    assert as_alice.post(address + "versions/", document).status_code == 403


def test_nobody_sees_nothing(anonymous, device):
    assert anonymous.get(DEVICES).status_code == 401
    answer = anonymous.delete(f"{DEVICES}{device.pk}/")
    assert answer.status_code == 401
    assert set(answer.data) == {"detail", "errors"}


def test_a_reading_token_reads(as_reader, device, document):
    assert as_reader.get(DEVICES).status_code == 200
    assert as_reader.post(DEVICES, document).status_code == 403
    assert as_reader.delete(f"{DEVICES}{device.pk}/").status_code == 403


def test_a_new_version_stands_beside_the_old_one(as_alice, device, document):
    document["entries"][0]["mean_ms"] = 0.5
    answer = as_alice.post(f"{DEVICES}{device.pk}/versions/", document)
    assert answer.status_code == 201
    assert answer.data["version"]["number"] == 2
    listed = as_alice.get(f"{DEVICES}{device.pk}/versions/").data["results"]
    assert [row["number"] for row in listed] == [2, 1]
    old = as_alice.get(f"{DEVICES}{device.pk}/operations/?version=1").data["results"]
    assert old[0]["mean_ms"] == pytest.approx(0.4)


def test_an_unchanged_version_is_refused(as_alice, device, document):
    answer = as_alice.post(f"{DEVICES}{device.pk}/versions/", document)
    assert answer.status_code == 400
    assert "unchanged" in answer.data["detail"]


def test_operations_come_page_by_page(as_alice, device):
    answer = as_alice.get(f"{DEVICES}{device.pk}/operations/?page_size=3")
    assert answer.data["count"] == 4
    assert len(answer.data["results"]) == 3
    assert answer.data["results"][0]["label"].startswith("conv 32×32")


@pytest.mark.parametrize("tail", ["operations/?version=7", "download/?version=99999"])
def test_a_version_that_is_not_there_is_404(as_alice, device, tail):
    assert as_alice.get(f"{DEVICES}{device.pk}/{tail}").status_code == 404


@pytest.mark.parametrize(
    "tail", ["?version=x", "?version=-1", "?format=exe", "?version=" + "9" * 20]
)
def test_a_senseless_download_is_refused(as_alice, device, tail):
    assert as_alice.get(f"{DEVICES}{device.pk}/download/{tail}").status_code == 400


def test_a_download_carries_its_hash_and_is_not_sent_twice(as_alice, device):
    address = f"{DEVICES}{device.pk}/download/"
    answer = as_alice.get(address)
    content = json.loads(b"".join(answer.streaming_content))
    assert content["content_sha256"] == device.latest().content_sha256
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Disposition"] == 'attachment; filename="My board-v1.json"'
    assert answer["ETag"] == f'"{answer["X-Content-SHA256"]}"'
    again = as_alice.get(address, headers={"If-None-Match": answer["ETag"]})
    assert again.status_code == 304


def test_deleting_removes_rows_and_files(as_alice, device, django_capture_on_commit_callbacks):
    original = device.latest().original
    assert default_storage.exists(original)
    with django_capture_on_commit_callbacks(execute=True):
        assert as_alice.delete(f"{DEVICES}{device.pk}/").status_code == 204
    assert not default_storage.exists(original)
    assert as_alice.get(f"{DEVICES}{device.pk}/").status_code == 404


def test_the_quota_counts_profiles(as_alice, document, settings):
    settings.WEBNAS_QUOTA_BYTES = 100
    answer = as_alice.post(DEVICES, document)
    assert answer.status_code == 400
    assert "of 100" in answer.data["errors"]["file"][0]
    assert list(stored()) == []
    assert not DeviceProfile.objects.exists()


def test_an_upload_has_a_largest_size(as_alice, document, as_file, settings):
    settings.WEBNAS_UPLOAD_BYTES = 100
    body = {"file": as_file(document)}
    answer = as_alice.post(DEVICES + "upload/", body, format="multipart")
    assert answer.status_code == 400


def test_the_number_of_queries_does_not_grow(
    as_alice, alice, document, django_assert_max_num_queries
):
    from devices import services

    for number in range(12):
        data = json.dumps({**document, "name": f"Board {number}"}).encode()
        services.import_profile(owner=alice, data=data, filename="p.json", answers={})
    as_alice.get(DEVICES)  # notes the use of the token
    with django_assert_max_num_queries(4):
        assert len(as_alice.get(DEVICES).data["results"]) == 12


def test_damaged_files_of_other_tools_are_never_an_error_of_the_server(as_alice, as_file):
    for seed, (name, text) in enumerate(golden.TEXTS.items()):
        data = mutations.damaged(text.encode(), seed)
        body = {"file": as_file(data, name), "name": name, **golden.ANSWERS}
        answer = as_alice.post(DEVICES + "upload/", body, format="multipart")
        assert answer.status_code in (201, 400, 422), (name, seed)
        assert answer.status_code == 201 or answer.data["errors"]
