"""The page of the kit: what it will be, the download, its token, and this machine."""

import io
import zipfile

import pytest
from django.urls import reverse

from devices.models import DeviceProfile
from searches.models import Space
from searches.spaces.presets import OFA_MOBILENET_V3_SMALL
from webnas.accounts.models import ApiToken

KIT = reverse("device-kit")


@pytest.fixture
def space(ada):
    definition = {**OFA_MOBILENET_V3_SMALL, "family": "ofa_mobilenet_v3"}
    return Space.objects.create(
        owner=ada, name="Small nets", family="ofa_mobilenet_v3", definition=definition, size="1"
    )


def asked(space, **changes):
    choice = {"space": space.pk, "thinned": "on", "resolution": "28", "networks": 2, "batch": 1}
    return choice | changes


def html_of(answer) -> str:
    return " ".join(answer.content.decode().split())


def test_the_page_asks_for_a_space(web, space):
    html = html_of(web.get(KIT))
    assert "Small nets" in html
    assert "Download the kit" not in html


def test_size_and_duration_are_shown_before_the_download(web, space):
    html = html_of(web.get(KIT, asked(space)))
    assert '<dt>Whole networks</dt><dd class="number">2</dd>' in html
    assert "<dt>Download</dt>" in html
    assert "<dt>Takes on a laptop</dt>" in html
    assert "<dt>Resolutions of the space</dt>" in html


def test_the_download_is_the_kit_that_was_shown(web, space):
    answer = web.get(reverse("device-kit-download"), asked(space))
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as opened:
        names = opened.namelist()
    assert "manifest.json" in names
    assert len([name for name in names if name.startswith("models/net-")]) == 2


@pytest.mark.parametrize(
    "changes", [{"resolution": "17"}, {"resolution": "x"}, {"networks": 999}, {"batch": 0}]
)
def test_a_choice_that_makes_no_kit_is_explained(web, space, changes):
    assert 'class="problem"' in html_of(web.get(KIT, asked(space, **changes)))
    assert web.get(reverse("device-kit-download"), asked(space, **changes)).status_code == 400


def test_a_token_is_shown_once_with_the_command(web, ada, space):
    html = html_of(web.post(reverse("device-kit-token"), asked(space)))
    token = ApiToken.objects.get()
    assert (token.is_for_kit, token.label) == (True, "Kit: Small nets")
    assert f"--token {token.prefix}" in html
    assert f"?space={space.pk}&amp;thinned=on&amp;resolution=28" in html.replace("%2C", ",")
    assert token.prefix not in html_of(web.get(KIT, asked(space)))
    account = html_of(web.get(reverse("account")))
    assert "post one device profile" in account
    assert f"revoke-{token.pk}" in account


def test_a_token_that_is_used_up_says_so(web, ada, space):
    from django.utils import timezone

    web.post(reverse("device-kit-token"), asked(space))
    ApiToken.objects.update(used_up_at=timezone.now())
    assert "its profile was posted" in html_of(web.get(reverse("account")))


def test_staff_measure_this_machine_with_the_kit(web, ada, space, settings):
    settings.WEBNAS_ONE_MACHINE = True
    assert web.post(reverse("device-kit-measure"), asked(space)).status_code == 403
    ada.is_staff = True
    ada.save()
    DeviceProfile.objects.create(owner=None, name="This machine", is_host=True)
    assert "Measure this machine" in html_of(web.get(KIT, asked(space)))

    answer = web.post(reverse("device-kit-measure"), asked(space))

    host = DeviceProfile.objects.get(is_host=True)
    assert answer["Location"] == reverse("device", args=[host.pk])
    assert host.is_measuring
    assert (host.plan["space"], len(host.plan["networks"])) == ("Small nets", 2)
    assert "being measured" in html_of(web.get(KIT, asked(space)))


def test_a_space_of_somebody_else_is_not_there(others_web, space):
    assert "Small nets" not in html_of(others_web.get(KIT))
    answer = others_web.get(reverse("device-kit-download"), asked(space))
    assert answer.status_code == 400
