"""Devices: profiles in and out, what is wrong with a file, measuring this machine."""

import json

import pytest
from django.core import signing
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from devices.models import DeviceProfile, ProfileVersion
from devices.profiles.kit.kit import Kit
from frontend import parking
from tests.frontend import rows
from webnas.work import files


def document(**changes) -> dict:
    return {
        "schema": "webnas.device-profile/1",
        "name": "My board",
        "device": {"kind": "cpu"},
        "runtime": {"engine": "onnxruntime", "dtype": "fp32", "batch": 1, "threads": 4},
        "provenance": {"kind": "measured"},
        "entries": [
            {"op": {"type": "conv", "h": 32, "cin": 3, "cout": 16, "k": 3}, "mean_ms": 0.2},
            {"op": {"type": "conv", "h": 16, "cin": 16, "cout": 16, "k": 1}, "mean_ms": 0.1},
        ],
    } | changes


def file(content, name="board.json"):
    text = content if isinstance(content, str) else json.dumps(content)
    return SimpleUploadedFile(name, text.encode())


def upload(web, content, name="board.json", **fields):
    return web.post(reverse("device-upload"), {"file": file(content, name), **fields})


def saved(web, answer, **fields):
    """What comes of saving a previewed upload."""
    assert answer.status_code == 200, html_of(answer)
    return web.post(reverse("device-save"), {"ticket": answer.context["ticket"], **fields})


def html_of(answer) -> str:
    return " ".join(answer.content.decode().split())


def test_an_uploaded_profile_becomes_a_device(web, ada):
    answer = saved(web, upload(web, document(), name="board.json"))
    device = DeviceProfile.objects.get()
    assert answer.url == reverse("device", args=[device.pk])
    assert (device.owner, device.name, device.latest().n_entries) == (ada, "My board", 2)


def test_the_person_may_name_it(web):
    shown = web.post(reverse("device-upload"), {"file": file(document()), "name": "Door camera"})
    assert shown.context["name"] == "Door camera"
    saved(web, shown, name="Yard camera")
    assert DeviceProfile.objects.get().name == "Yard camera"


def test_a_preview_stores_nothing_and_shows_what_would_be(web):
    html = html_of(upload(web, document()))
    for words in (
        "This would be stored",
        "My board",
        "2 rows",
        "conv 32×32×3→16 k3",
        "onnxruntime",
    ):
        assert words in html
    assert not DeviceProfile.objects.exists()


def test_a_preview_shows_what_looks_doubtful(web):
    entries = [row | {"std_ms": 1.0} for row in document()["entries"]]
    assert "2 of 2 rows have a spread above 3 times" in html_of(
        upload(web, document(entries=entries))
    )


def test_a_name_that_is_taken_is_said_on_the_preview(web, mine):
    answer = saved(web, upload(web, document()), name="Mine")
    assert answer.status_code == 400
    assert "You have a device called “Mine”" in html_of(answer)
    assert saved(web, upload(web, document()), name="Other").status_code == 302


def test_a_preview_is_saved_once_and_by_its_owner(web, others_web):
    ticket = {"ticket": upload(web, document()).context["ticket"]}
    assert "waited too long" in html_of(
        others_web.post(reverse("device-save"), ticket, follow=True)
    )
    assert web.post(reverse("device-save"), ticket).status_code == 302
    assert "is gone" in html_of(web.post(reverse("device-save"), ticket, follow=True))
    assert DeviceProfile.objects.count() == 1


def test_what_is_wrong_is_listed_row_by_row(web):
    entries = document()["entries"]
    entries[1]["mean_ms"] = -3
    answer = upload(web, document(entries=entries * 3))
    html = html_of(answer)
    assert answer.status_code == 400
    assert "This profile was not taken" in html
    assert "mean_ms" in html
    assert not DeviceProfile.objects.exists()


@pytest.mark.parametrize("content", ["", "{", "[]", "\x00\x01", '{"schema": "other/9"}'])
def test_what_is_no_profile_is_refused(web, content):
    assert upload(web, content or " ").status_code == 400
    assert not DeviceProfile.objects.exists()


def test_a_file_that_is_not_recognised_can_be_given_its_layout(web):
    text = "a,b\n"
    refused = html_of(upload(web, text))
    assert "No known layout" in refused
    assert '<option value="ofa">OFA/ProxylessNAS</option>' in refused
    chosen = web.post(reverse("device-upload"), {"file": file(text), "layout": "ncnn"})
    assert "No line of the log holds a time" in html_of(chosen)
    wrong = web.post(reverse("device-upload"), {"file": file(text), "layout": "nonsense"})
    assert wrong.status_code == 400
    assert "Select a valid choice" in html_of(wrong)


def test_a_missing_file_is_said_so(web):
    answer = web.post(reverse("device-upload"), {})
    assert answer.status_code == 400
    assert "required" in html_of(answer)


CSV = "type,h,cin,cout,k,latency\nconv,32,3,16,3,0.2\nconv,16,16,16,1,0.1\n"


def asked(answer) -> dict[str, str]:
    """The hidden field of the questions."""
    return {"ticket": answer.context["ticket"]}


def answered_to_the_end(web, answer):
    """Answer each question with its first choice, or with a text, and save."""
    for _ in range(12):
        if answer.status_code != 422:
            return saved(web, answer)
        questions = answer.context["questions"]
        said = {f"said-{q.field}": q.choices[0] if q.choices else "1" for q in questions}
        answer = web.post(reverse("device-answer"), asked(answer) | said)
    raise AssertionError("The questions did not end.")


def test_a_question_keeps_the_file_and_is_answered_on_the_page(web):
    answer = upload(web, CSV, "times.csv")
    assert answer.status_code == 422
    html = html_of(answer)
    assert "6 questions about times.csv" in html
    assert html.count("<fieldset") + html.count('<label for="said-') == 6
    answered_to_the_end(web, answer)
    assert DeviceProfile.objects.count() == 1


def test_a_file_that_was_taken_no_longer_waits(web):
    answered_to_the_end(web, upload(web, CSV, "times.csv"))
    assert list(files.stored("parked")) == []


def test_of_each_person_only_the_latest_file_waits(web, others_web):
    first = asked(upload(web, CSV, "first.csv"))
    theirs = asked(upload(others_web, CSV, "theirs.csv"))
    for number in range(3):
        last = asked(upload(web, CSV, f"{number}.csv"))
    assert len(list(files.stored("parked"))) == 2
    answer = web.post(reverse("device-answer"), first | {"said-unit": "ms"}, follow=True)
    assert "This upload is gone" in html_of(answer)
    for browser, fields in ((web, last), (others_web, theirs)):
        answer = browser.post(reverse("device-answer"), fields | {"said-unit": "ms"}, follow=True)
        assert "is gone" not in html_of(answer)


def test_answers_can_be_given_again(web):
    shown = web.post(
        reverse("device-answer"),
        asked(upload(web, document(runtime={"engine": "x", "dtype": "fp32", "threads": 1})))
        | {"said-batch": "4"},
    )
    assert "Your answers" in html_of(shown)
    again = web.post(reverse("device-answer"), asked(shown))
    assert [question.field for question in again.context["questions"]] == ["batch"]
    assert "did not fit" not in html_of(again)


def test_a_wrong_answer_is_asked_for_again(web):
    fields = asked(upload(web, CSV, "times.csv"))
    answer = web.post(reverse("device-answer"), fields | {"said-unit": "furlongs"})
    assert answer.status_code in (400, 422)
    assert not DeviceProfile.objects.exists()


def test_nobody_answers_for_another_person(web, others_web):
    fields = asked(upload(web, CSV, "times.csv")) | {"said-unit": "ms"}
    answer = others_web.post(reverse("device-answer"), fields, follow=True)
    assert "waited too long" in html_of(answer)


@pytest.mark.parametrize(
    "ticket",
    ["", "x", signing.dumps({"a": 1}, salt=parking.SALT)],
    ids=["empty", "no signature", "signed for another form"],
)
def test_a_made_up_ticket_is_worth_nothing(web, ticket):
    fields = {"ticket": ticket, "field": "unit", "said-unit": "ms"}
    answer = web.post(reverse("device-answer"), fields, follow=True)
    assert "send the file again" in html_of(answer)


@pytest.fixture
def mine(ada):
    return rows.device(ada, "Mine")


def test_a_device_shows_its_facts_and_rows(web, mine):
    html = html_of(web.get(reverse("device", args=[mine.pk])))
    for words in ("onnxruntime 1.32.0", "Example CPU", "measured", "mbconv"):
        assert words in html


def test_rows_are_cut_into_pages_and_by_type(web, mine):
    answer = web.get(reverse("device", args=[mine.pk]), {"type": "linear"})
    assert {row["op"]["type"] for row in answer.context["entries"]} == {"linear"}
    version = mine.latest()
    version.document["entries"] *= 4
    version.save()
    page = web.get(reverse("device", args=[mine.pk]), {"page": "2"}).context["page"]
    assert (page.number, len(page.object_list)) == (2, 50)


@pytest.mark.parametrize("kind", ["json", "csv"])
def test_a_download_can_be_uploaded_again(web, ada, mine, kind):
    answer = web.get(reverse("device-download", args=[mine.pk]), {"format": kind})
    assert answer["Content-Disposition"] == f'attachment; filename="mine-v1.{kind}"'
    saved(web, upload(web, answer.content.decode(), f"again.{kind}"), name="Again")
    again = DeviceProfile.objects.get(name="Again")
    assert again.latest().content_sha256 == mine.latest().content_sha256


def test_an_unknown_format_is_not_there(web, mine):
    address = reverse("device-download", args=[mine.pk])
    assert web.get(address, {"format": "exe"}).status_code == 404


def test_new_numbers_become_a_version(web, mine):
    address = reverse("device-version", args=[mine.pk])
    saved(web, web.post(address, {"file": file(document())}))
    assert mine.latest().number == 2
    older = web.get(reverse("device", args=[mine.pk]), {"version": "1"})
    assert older.context["version"].number == 1
    assert web.get(reverse("device", args=[mine.pk]), {"version": "9"}).status_code == 404


def test_the_same_numbers_make_no_version(web, mine):
    address = reverse("device-version", args=[mine.pk])
    saved(web, web.post(address, {"file": file(document())}))
    answer = web.post(address, {"file": file(document())})
    assert "version 2 unchanged" in html_of(answer)


def test_a_device_is_deleted_unless_a_run_uses_it(web, ada, mine):
    run = rows.run(ada, on=mine)
    answer = web.post(reverse("device-delete", args=[mine.pk]), follow=True)
    assert "Runs use this device" in html_of(answer)
    run.delete()
    assert web.post(reverse("device-delete", args=[mine.pk])).url == reverse("device-list")
    assert not DeviceProfile.objects.exists()


def test_an_analytic_device_says_that_it_was_not_measured(web):
    device = rows.analytic_device()
    html = html_of(web.get(reverse("device", args=[device.pk])))
    assert "<strong>Not measured.</strong> A roofline from published facts" in html
    assert "<p>Raspberry Pi 4B ·" in html  # the model's name holds the vendor's
    assert "analytic, not measured" in html_of(web.get(reverse("device-list")))


@pytest.fixture
def host(db):
    found = rows.device(None, "This machine", is_host=True)
    DeviceProfile.objects.filter(pk=found.pk).update(
        due_at=timezone.now(), progress={"done": 12, "total": 40}
    )
    return found


def test_measuring_shows_how_far_it_is(web, host):
    assert "12 of at most 40" in html_of(web.get(reverse("device", args=[host.pk])))
    answer = web.get(reverse("device-measuring", args=[host.pk]))
    assert answer.status_code == 200
    assert "HX-Refresh" not in answer


def test_the_page_is_loaded_again_when_measuring_has_ended(web, host):
    DeviceProfile.objects.update(due_at=None)
    answer = web.get(reverse("device-measuring", args=[host.pk]))
    assert (answer.status_code, answer["HX-Refresh"]) == (286, "true")


def test_staff_measure_the_machine_again(web, ada, host, settings, monkeypatch):
    settings.WEBNAS_ONE_MACHINE = True
    monkeypatch.setattr("searches.services.demo.kit_to_measure", lambda: Kit(()))
    DeviceProfile.objects.update(due_at=None)
    assert web.post(reverse("device-measure", args=[host.pk])).status_code == 403
    ada.is_staff = True
    ada.save()
    web.post(reverse("device-measure", args=[host.pk]))
    host.refresh_from_db()
    assert host.is_measuring


def test_staff_stop_the_measuring(web, ada, host):
    assert web.post(reverse("device-cancel", args=[host.pk])).status_code == 403
    ada.is_staff = True
    ada.save()
    assert "Stop measuring" in html_of(web.get(reverse("device", args=[host.pk])))
    web.post(reverse("device-cancel", args=[host.pk]))
    host.refresh_from_db()
    assert not host.is_measuring


def test_the_list_does_not_read_the_rows_of_profiles(web, mine, django_assert_num_queries):
    for number in range(4):
        rows.device(mine.owner, f"Device {number}")
    web.get(reverse("device-list"))
    with django_assert_num_queries(4) as asked:
        web.get(reverse("device-list"))
    assert not any('"document" AS' in q["sql"] for q in asked.captured_queries)
    assert ProfileVersion.objects.count() == 5
