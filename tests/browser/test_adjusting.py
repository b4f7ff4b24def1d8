"""A space is adjusted to a device in the browser."""

import re

import pytest
from django.urls import reverse

from searches.models import Space
from tests.frontend import rows

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_space_is_adjusted_and_used(web, live_server, ada):
    space, device = rows.space(), rows.device(ada)
    web.goto(live_server.url + reverse("space", args=[space.pk]))
    web.get_by_role("link", name="Adjust to a device").click()
    web.get_by_label("Device").select_option(str(device.pk))
    web.get_by_label("Storage").fill("400")
    web.get_by_text("Sizes to look at").click()
    web.get_by_label("Widths").fill("0.5, 1")
    web.get_by_role("button", name="Compare sizes").click()
    web.get_by_role("heading", name="All sizes").wait_for()
    web.locator(".plot .main-svg").first.wait_for()
    assert "storage=400" in web.url
    n_curves = web.locator(".plot .scatterlayer .trace").count()
    assert 1 <= n_curves <= 10
    web.get_by_role("button", name="Use this space").click()
    web.wait_for_url(re.compile(r"/spaces/\d+/$"))
    made = Space.objects.get(owner=ada)
    assert str(made.pk) in web.url
    assert made.definition["resolutions"]
