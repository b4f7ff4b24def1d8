"""A space of one's own is described in the browser."""

import json
import re

import pytest
from django.urls import reverse

from searches.models import Space
from tests.frontend import rows

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_definition_is_checked_while_it_is_typed(web, live_server, ada):
    space = rows.space()
    web.goto(live_server.url + reverse("space", args=[space.pk]))
    web.get_by_role("link", name="Make it your own").click()
    definition = web.get_by_label("Definition")
    changed = json.dumps(space.definition | {"resolutions": [32, 16]})
    definition.fill(changed)
    problems = web.locator("#space-check")
    problems.get_by_text("Options must ascend, each once.").wait_for()
    assert problems.locator("code").first.inner_text() == "resolutions"
    definition.fill(changed.replace("[32, 16]", "[16, 32]"))
    problems.get_by_text("distinct networks").wait_for()
    assert problems.locator(".formula").inner_text().startswith("2 ×")
    web.get_by_label("Name").fill("Two sizes")
    web.get_by_role("button", name="Save the space").click()
    web.wait_for_url(re.compile(r"/spaces/\d+/$"))
    assert Space.objects.get(owner=ada).definition["resolutions"] == [16, 32]
