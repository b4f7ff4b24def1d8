"""A table of another tool in the browser: questions, a preview, and the device it becomes."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from tests.devices.profiles.formats.test_ofa import OFA

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.mark.django_db(transaction=True)
def test_a_table_becomes_a_device_after_questions_and_a_preview(
    web, live_server, tmp_path, complaints
):
    path = tmp_path / "Note 10.yaml"
    path.write_text(OFA + OFA.replace("1.83", "1.85"))
    web.goto(live_server.url + reverse("device-list"))
    web.get_by_label("Drop a file here, or choose one").set_input_files(path)
    web.get_by_role("button", name="Upload").click()
    expect(web.get_by_role("heading", name="5 questions about Note 10.yaml")).to_be_visible()
    for choice in ("mobile", "fp32"):
        web.get_by_role("radio", name=choice, exact=True).check()
    for label, answer in (("Which runtime", "tflite"), ("Which batch", "1"), ("How many", "1")):
        web.get_by_label(label, exact=False).fill(answer)
    web.get_by_role("button", name="Go on").click()
    expect(web.get_by_role("heading", name="This would be stored")).to_be_visible()
    expect(web.get_by_text("differ by 1.09 %")).to_be_visible()
    block = web.get_by_role("cell", name="mbconv 48×48×32→128→48 k5 s2 relu se", exact=True)
    expect(block).to_be_visible()
    web.get_by_label("Name of the device").fill("My phone")
    web.get_by_role("button", name="Save", exact=True).click()
    expect(web.get_by_role("heading", name="My phone")).to_be_visible()
    expect(web.get_by_text("Version 1: 5 rows were taken.")).to_be_visible()
    # The page of questions is no success (422), and the browser notes that.
    complaints[:] = [text for text in complaints if "status of 422" not in text]
