"""Pages of errors look like the others and need nothing."""

import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse


@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "404", "429", "500"])
def test_error_pages_need_no_context(name):
    html = render_to_string(f"{name}.html")
    assert "webnas" in html
    assert reverse("run-list") in html


def test_an_unknown_address_is_answered_with_our_page(db):
    answer = Client().get("/no/such/page/")
    assert answer.status_code == 404
    assert "There is nothing here" in answer.content.decode()


def test_a_form_without_its_token_is_explained(ada):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(ada)
    answer = strict.post(reverse("token-create"), {"label": "x"})
    assert answer.status_code == 403
    assert "open for too long" in answer.content.decode()
