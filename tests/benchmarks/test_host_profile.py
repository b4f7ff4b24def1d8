"""How well the kit's profile of this machine predicts networks that it has not seen."""

import json

import pytest

from devices.profiles.profile import Profile
from tests.evidence import hostprofile

pytestmark = pytest.mark.benchmark

MINUTES = 8.0


def test_a_profile_of_this_machine_predicts_networks_that_it_has_not_seen(tmp_path, capsys):
    timings = hostprofile.timed(tmp_path, MINUTES)
    profile = Profile.from_dict(json.loads((tmp_path / "profile.json").read_text()))
    found = hostprofile.found(profile, timings)

    with capsys.disabled():
        print()
        for name, figures in found["judged"].items():
            print(
                f"{name}: MAPE {100 * figures['mape']:.1f} %, within 10 % "
                f"{100 * figures['within_10']:.0f} %, Spearman {figures['spearman']:.3f}, "
                f"interval covers {100 * figures['coverage']:.0f} %"
            )
        macs = found["judged"]["all rows"]["macs"]
        print(f"MAC proxy: MAPE {100 * macs['mape']:.1f} %, Spearman {macs['spearman']:.3f}")
    if not found["is_conclusive"]:
        pytest.skip(f"inconclusive: two halves differ by {found['two_halves_differ']}")
    assert [name for name, holds in found["holds"].items() if not holds] == []
