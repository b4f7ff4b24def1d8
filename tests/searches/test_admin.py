"""The operator looks at rows, and changes none."""

import pytest
from django.contrib.auth.models import User

from devices.models import DeviceProfile
from searches.models import DataSet, Run, Space, Supernet


@pytest.fixture
def operator(db, client):
    client.force_login(User.objects.create_superuser("operator"))
    return client


@pytest.fixture
def rows(db):
    data = DataSet.objects.create(name="d", source="npz")
    space = Space.objects.create(name="s", family="f", definition={}, size="1")
    run = Run.objects.create(name="r", dataset=data, space=space, objectives=[], budget=1, batch=1)
    supernet = Supernet.objects.create(dataset=data, space=space, recipe={})
    return [data, space, run, supernet, DeviceProfile.objects.create(name="b")]


def test_every_row_can_be_looked_at(operator, rows):
    for row in rows:
        listed = f"/admin/{row._meta.app_label}/{row._meta.model_name}/"
        assert operator.get(listed).status_code == 200
        assert operator.get(f"{listed}{row.pk}/change/").status_code == 200


def test_no_row_is_changed_here(operator, rows):
    for row in rows:
        listed = f"/admin/{row._meta.app_label}/{row._meta.model_name}/"
        assert operator.post(f"{listed}{row.pk}/delete/", {"post": "yes"}).status_code == 403
        assert operator.get(f"{listed}add/").status_code == 403
