"""Data sets, spaces and models."""

import io
import json
import zipfile

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from searches.models import ChosenModel, DataSet, Space
from searches.spaces.registry import FAMILIES
from tests.frontend import rows
from webnas.work import files


def npz(**arrays) -> SimpleUploadedFile:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return SimpleUploadedFile("images.npz", buffer.getvalue())


def images(n=40):
    rng = np.random.default_rng(0)
    return {
        "x_train": rng.integers(0, 255, (n, 8, 8), dtype=np.uint8),
        "y_train": np.arange(n) % 2,
    }


def upload(web, file, **fields):
    return web.post(reverse("dataset-upload"), {"name": "Mine", "file": file, **fields})


def html_of(answer) -> str:
    return " ".join(answer.content.decode().split())


def test_an_uploaded_data_set_is_read_and_shown(web, ada):
    answer = upload(web, npz(**images()), seed="4")
    found = DataSet.objects.get()
    assert answer.url == reverse("dataset", args=[found.pk])
    assert (found.owner, found.split_seed) == (ada, 4)
    html = html_of(web.get(answer.url))
    assert "8 × 8, grey" in html
    assert found.sha256 in html


def test_the_sheet_is_a_picture(web, ada):
    found = rows.dataset(ada)
    answer = web.get(reverse("dataset-sheet", args=[found.pk]))
    assert answer["Content-Type"] == "image/png"
    assert answer.getvalue().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arrays", "place"),
    [
        ({"x_train": np.zeros((9, 8, 8), np.uint8)}, "y_train"),
        (images() | {"x_train": np.full((40, 8, 8), np.nan)}, "x_train"),
        (images() | {"y_train": np.arange(3)}, "y_train"),
    ],
)
def test_what_is_wrong_with_an_array_is_named(web, arrays, place):
    answer = upload(web, npz(**arrays))
    assert answer.status_code == 400
    assert place in answer.context["findings"]
    assert place in html_of(answer)
    assert not DataSet.objects.exists()


def table(*rows) -> SimpleUploadedFile:
    lines = ["length,width,sort", *rows]
    return SimpleUploadedFile("leaves.csv", "\n".join(lines).encode())


LEAVES = [f"{i},{-i / 8},{'oak' if i % 2 else 'ash'}" for i in range(40)]


def test_a_table_of_numbers_is_read_and_shown(web, ada):
    answer = upload(web, table(*LEAVES))
    found = DataSet.objects.get()
    assert (found.owner, found.kind) == (ada, "features")
    html = html_of(web.get(answer.url))
    assert "2 numbers a row" in html
    for text in ("length", "width", "sort", "oak", "ash", "Rows by class"):
        assert text in html
    assert f'<td class="number">{found.statistics["mean"][0]:,.4g}</td>' in html
    assert "training rows · 2 classes · 2 features" in html_of(web.get(reverse("dataset-list")))


def test_the_cell_that_is_wrong_is_named(web):
    answer = upload(web, table(*LEAVES[:9], "9,wide,oak", *LEAVES[10:]))
    assert answer.status_code == 400
    assert "row 11, column “width”" in html_of(answer)
    answer = upload(web, table(*LEAVES), target="tree")
    assert "There is no column “tree”" in str(answer.context["form"].errors["target"])


def test_a_zip_that_leads_outside_is_refused(web):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("../../evil/a.png", b"x")
    answer = upload(web, SimpleUploadedFile("pictures.zip", buffer.getvalue()))
    assert answer.status_code == 400
    assert "evil" in html_of(answer)


def test_a_taken_name_is_refused_at_its_field(web, ada):
    rows.dataset(ada, "Mine")
    answer = upload(web, npz(**images()))
    assert answer.status_code == 400
    assert "You have a data set called" in str(answer.context["form"].errors["name"])


def test_the_histogram_counts_each_class_in_each_split(web, ada):
    found = rows.dataset(ada)
    shown = web.get(reverse("dataset", args=[found.pk])).context["histogram"]
    assert [row["name"] for row in shown] == ["one", "two", "three", "four"]
    for row, *counts in zip(shown, *found.statistics["counts"].values(), strict=True):
        assert row["total"] == sum(counts)
    assert max(sum(row["shares"].values()) for row in shown) == pytest.approx(1)


def test_folders_are_for_staff(web, ada):
    assert "Register a folder" not in html_of(web.get(reverse("dataset-list")))
    answer = web.post(reverse("dataset-register"), {"name": "F", "folder": "/data"})
    assert answer.status_code == 403
    ada.is_staff = True
    ada.save()
    assert "Register a folder" in html_of(web.get(reverse("dataset-list")))


def test_a_registered_folder_waits_for_a_worker(web, ada, settings, tmp_path):
    ada.is_staff = True
    ada.save()
    settings.WEBNAS_DATA_ROOTS = [tmp_path.resolve()]
    (tmp_path / "photos").mkdir()
    folder = str(tmp_path.resolve() / "photos")
    answer = web.post(
        reverse("dataset-register"), {"name": "Photos", "folder": folder}, follow=True
    )
    assert "A worker is reading this folder" in html_of(answer)
    assert DataSet.objects.get().due_at is not None


def test_a_folder_outside_the_roots_is_refused_at_its_field(web, ada):
    ada.is_staff = True
    ada.save()
    answer = web.post(reverse("dataset-register"), {"name": "F", "folder": "/etc"})
    assert "not below an allowed folder" in str(answer.context["folder_form"].errors["folder"])


def test_a_data_set_is_deleted_unless_a_run_uses_it(web, ada):
    run = rows.run(ada)
    address = reverse("dataset-delete", args=[run.dataset_id])
    assert "Runs use this data set" in html_of(web.post(address, follow=True))
    run.delete()
    assert web.post(address).url == reverse("dataset-list")


def test_a_space_shows_its_size_and_what_can_be_reached(web, ada):
    space, device = rows.space(), rows.device(ada, "Mine")
    answer = web.get(reverse("space", args=[space.pk]), {"device": device.pk})
    html = html_of(answer)
    assert space.size in html
    assert answer.context["analysis"]["size_formula"] in html
    assert "Latency" in [bound["label"] for bound in answer.context["bounds"]]


def test_a_space_says_what_one_should_know_about_its_size(web):
    space = rows.space(definition=FAMILIES["cells"].presets["lecture"])
    html = html_of(web.get(reverse("space", args=[space.pk])))
    assert "(2·2·M·M·N)^B = 320,000,000,000" in html


def test_without_devices_a_space_has_no_latencies(web):
    space = rows.space()
    bounds = web.get(reverse("space", args=[space.pk])).context["bounds"]
    assert "Latency" not in [bound["label"] for bound in bounds]
    assert "Storage" in [bound["label"] for bound in bounds]


def test_a_space_of_ones_own_begins_from_another(web, ada):
    space = rows.space()
    definition = space.definition | {"resolutions": [16, 32]}
    fields = {"name": "Two sizes", "definition": json.dumps(definition)}
    answer = web.post(reverse("space-create", args=[space.pk]), fields)
    mine = Space.objects.owned_by(ada).get()
    assert answer.url == reverse("space", args=[mine.pk])
    assert int(mine.size) < int(space.size)


@pytest.mark.parametrize(
    "definition",
    [
        "{",
        "[]",
        "{}",
        '{"family": "unknown"}',
        '{"family": "\\ud800"}',
        '{"\\ud800": 1}',
        '{"family": "\\u0000"}',
        '{"family": NaN}',
        "[" * 9999,
    ],
)
def test_a_definition_that_makes_no_space_is_refused(web, definition):
    space = rows.space()
    fields = {"name": "Mine", "definition": definition}
    answer = web.post(reverse("space-create", args=[space.pk]), fields)
    assert answer.status_code == 400
    assert answer.context["form"].errors["definition"]


def test_a_space_is_deleted_unless_a_run_uses_it(web, ada):
    run = rows.run(ada, place=rows.space(ada))
    address = reverse("space-delete", args=[run.space_id])
    assert "Runs use this space" in html_of(web.post(address, follow=True))
    run.delete()
    assert web.post(address).url == reverse("space-list")


@pytest.fixture
def model(run, member):
    return rows.model(run, member)


def test_a_model_shows_files_hashes_parity_and_how_to_run_it(web, model):
    html = html_of(web.get(reverse("model", args=[model.pk])))
    onnx = model.files.get(format="onnx")
    for words in (
        onnx.sha256,
        "4.1e-07",
        "onnxruntime.InferenceSession",
        "curl -H",
        "95.28 %",
        "0.1603",
    ):
        assert words in html


def test_a_download_is_the_file(web, model):
    answer = web.get(reverse("model-download", args=[model.pk, "onnx"]))
    assert answer.getvalue() == b"model.onnx" * 4000
    assert answer["Content-Disposition"] == 'attachment; filename="model.onnx"'
    assert answer["X-Content-SHA256"] == model.files.get(format="onnx").sha256


def test_a_file_that_is_not_there_is_404(web, model):
    assert web.get(reverse("model-download", args=[model.pk, "pt2"])).status_code == 404


def test_files_that_are_missing_from_the_storage_are_404(web, ada, model):
    found = rows.dataset(ada, "Other")
    files.remove(found.sheet)
    files.remove(model.files.get(format="onnx").file)
    assert web.get(reverse("dataset-sheet", args=[found.pk])).status_code == 404
    assert web.get(reverse("dataset", args=[found.pk])).status_code == 200
    answer = web.get(reverse("model-download", args=[model.pk, "onnx"]))
    assert answer.status_code == 404
    assert "There is nothing here" in answer.content.decode()


def test_a_model_in_the_making_shows_its_progress(web, run, member):
    making = rows.model(
        run, member, status="training", progress={"phase": "tune", "step": 30, "total": 120}
    )
    html = html_of(web.get(reverse("model", args=[making.pk])))
    assert "Training this network further" in html
    assert "step 30 of 120" in html
    assert web.get(reverse("model-status", args=[making.pk])).status_code == 200
    ChosenModel.objects.update(status="ready")
    answer = web.get(reverse("model-status", args=[making.pk]))
    assert (answer.status_code, answer["HX-Refresh"]) == (286, "true")


@pytest.mark.parametrize("status", ["refused", "failed", "lost"])
def test_a_model_that_was_not_made_says_why(web, run, member, status):
    broken = rows.model(run, member, status=status, error="outputs <differ> by 0.3")
    html = html_of(web.get(reverse("model", args=[broken.pk])))
    assert "outputs &lt;differ&gt; by 0.3" in html
    assert "Download everything" not in html
    assert ("Try again" in html) == (status != "refused")


def test_a_model_that_failed_is_tried_again(web, run, member):
    broken = rows.model(run, member, status="failed", error="no space")
    answer = web.post(reverse("model-retry", args=[broken.pk]), follow=True)
    assert "It is made again" in html_of(answer)
    assert ChosenModel.objects.get().status == "queued"
    again = web.post(reverse("model-retry", args=[broken.pk]), follow=True)
    assert "queued is not made again" in html_of(again)


def test_the_list_of_models_links_to_their_networks(web, model, run, member):
    html = html_of(web.get(reverse("model-list")))
    assert f"{reverse('run', args=[run.pk])}?trial={member.number}" in html


def test_a_model_is_deleted_with_its_files(web, model):
    assert web.post(reverse("model-delete", args=[model.pk])).url == reverse("model-list")
    assert not ChosenModel.objects.exists()
