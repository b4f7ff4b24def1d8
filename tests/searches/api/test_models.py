"""REST: chosen models, their files, supernets, and the cards."""

import hashlib

import pytest
from django.core.files.storage import default_storage

from searches.models import ChosenModel, ModelFile, Supernet

MODELS = "/api/v1/models/"


def test_a_file_is_downloaded_with_its_hash(as_alice, model):
    listed = as_alice.get(f"{MODELS}{model.pk}/").data["files"][0]
    answer = as_alice.get(f"{MODELS}{model.pk}/download/?format=onnx")
    content = b"".join(answer.streaming_content)
    assert content == b"not really a network"
    sha256 = hashlib.sha256(content).hexdigest()
    assert listed["sha256"] == answer["X-Content-SHA256"] == sha256
    assert answer["Content-Disposition"] == 'attachment; filename="model.onnx"'
    assert answer["Content-Length"] == str(listed["n_bytes"])
    assert answer["X-Content-Type-Options"] == "nosniff"
    again = as_alice.get(
        f"{MODELS}{model.pk}/download/?format=onnx", headers={"If-None-Match": answer["ETag"]}
    )
    assert again.status_code == 304


@pytest.mark.parametrize("query", ["format=exe", "format=pt2", "", "format=%00"])
def test_a_file_that_is_not_there_is_400(as_alice, model, query):
    assert as_alice.get(f"{MODELS}{model.pk}/download/?{query}").status_code == 400


def test_a_download_before_it_is_ready_is_409(as_alice, model):
    ChosenModel.objects.update(status="training")
    answer = as_alice.get(f"{MODELS}{model.pk}/download/?format=onnx")
    assert (answer.status_code, answer["Retry-After"]) == (409, "2")


def test_a_refused_model_says_why(as_alice, model):
    ChosenModel.objects.update(status="refused", error="Traceback\nparity: 0.3 off")
    answer = as_alice.get(f"{MODELS}{model.pk}/download/?format=onnx")
    assert answer.status_code == 409
    assert "Retry-After" not in answer
    assert "parity: 0.3 off" in answer.data["detail"]


def test_a_model_that_failed_is_made_again(as_alice, as_bob, as_reader, model):
    ChosenModel.objects.update(status="failed", error="no space")
    address = f"{MODELS}{model.pk}/retry/"
    assert as_bob.post(address).status_code == 404
    assert as_reader.post(address).status_code == 403
    answer = as_alice.post(address)
    assert (answer.status_code, answer.data["status"], answer.data["error"]) == (202, "queued", "")
    assert as_alice.post(address).status_code == 409


def test_a_file_that_vanished_is_404(as_alice, model):
    default_storage.delete(ModelFile.objects.get().file)
    answer = as_alice.get(f"{MODELS}{model.pk}/download/?format=onnx")
    assert answer.status_code == 404
    assert "no longer in the storage" in answer.data["detail"]


def test_models_are_listed_and_filtered(as_alice, model, run):
    row = as_alice.get(f"{MODELS}?run={run.pk}&status=ready").data["results"][0]
    assert (row["run"], row["trial"]) == (run.pk, 0)
    assert as_alice.get(f"{MODELS}?status=failed").data["count"] == 0


def test_other_peoples_models_do_not_exist(as_bob, anonymous, as_reader, model):
    address = f"{MODELS}{model.pk}/"
    for tail in ("", "download/?format=onnx"):
        assert as_bob.get(address + tail).status_code == 404
        assert anonymous.get(address + tail).status_code == 401
    assert as_reader.get(address).status_code == 200
    assert list(as_reader.get(address + "download/?format=onnx").streaming_content)
    assert as_bob.delete(address).status_code == 404
    assert as_reader.delete(address).status_code == 403


def test_a_model_is_deleted_with_its_files(as_alice, model, django_capture_on_commit_callbacks):
    name = ModelFile.objects.get().file
    with django_capture_on_commit_callbacks(execute=True):
        assert as_alice.delete(f"{MODELS}{model.pk}/").status_code == 204
    assert not default_storage.exists(name)


def test_a_run_with_models_is_kept(as_alice, model, run):
    as_alice.post(f"/api/v1/runs/{run.pk}/cancel/")
    answer = as_alice.delete(f"/api/v1/runs/{run.pk}/")
    assert answer.status_code == 409
    assert model.name in answer.data["detail"]


def test_a_trial_names_its_models(as_alice, model, run):
    assert as_alice.get(f"/api/v1/runs/{run.pk}/trials/0/").data["models"] == [model.pk]


def test_supernets_are_shown_to_their_owner(as_alice, as_bob, alice, run):
    supernet = Supernet.objects.create(
        owner=alice, dataset=run.dataset, space=run.space, recipe={"seed": 1}
    )
    run.supernet = supernet
    run.save(update_fields=["supernet"])
    row = as_alice.get("/api/v1/supernets/").data["results"][0]
    assert row["runs"] == [run.pk]
    assert row["recipe"] == {"seed": 1}
    assert as_alice.get(f"/api/v1/supernets/{supernet.pk}/").data["is_trained"] is False
    assert as_bob.get("/api/v1/supernets/").data["count"] == 0
    assert as_bob.get(f"/api/v1/supernets/{supernet.pk}/").status_code == 404


@pytest.mark.parametrize("family", ["strategies", "evaluators", "targets"])
def test_cards_tell_what_can_be_set(as_alice, anonymous, family):
    rows = as_alice.get(f"/api/v1/{family}/").data["results"]
    assert rows
    settings = [setting for row in rows for setting in row["settings"]]
    assert all({"name", "type", "default", "help"} <= set(setting) for setting in settings)
    assert anonymous.get(f"/api/v1/{family}/").status_code == 401


def test_an_evaluators_card_names_what_it_tells_in_place_of_the_target(as_alice):
    cards = {card["name"]: card for card in as_alice.get("/api/v1/evaluators/").data["results"]}
    assert cards["full"]["qualities"] == []
    first = cards["zero_cost"]["qualities"][0]
    assert first == {"name": "synflow", "label": "Synflow", "unit": "nat", "direction": "max"}


def test_a_targets_card_names_its_qualities(as_alice):
    card = as_alice.get("/api/v1/targets/").data["results"][0]
    assert card["data_kind"] == "images"
    assert card["qualities"][0]["name"] == "accuracy"
    assert card["qualities"][0]["direction"] == "max"


def test_the_number_of_queries_does_not_grow(
    as_alice, alice, model, run, django_assert_max_num_queries
):
    for number in range(20):
        trial = run.trials.get(number=number)
        ChosenModel.objects.create(owner=alice, trial=trial, name=f"{number}")
        Supernet.objects.create(owner=alice, dataset=run.dataset, space=run.space, recipe={})
    as_alice.get(MODELS)
    with django_assert_max_num_queries(4):
        assert len(as_alice.get(MODELS).data["results"]) == 21
    with django_assert_max_num_queries(4):
        assert len(as_alice.get("/api/v1/supernets/").data["results"]) == 20
