"""REST: runs side by side."""

import pytest

from searches.models import Run, Space
from searches.services import runs
from searches.services.requests import RunRequest
from tests.searches import tables
from tests.searches.runner.conftest import drive

ADDRESS = "/api/v1/runs/compare/"


@pytest.fixture
def pair(alice):
    """Two runs of Alice's in one table."""
    dataset = tables.upload(alice)
    request = RunRequest(
        name="Known",
        dataset=dataset,
        space=Space.objects.get(name="Known"),
        objectives=[{"measure": "error"}, {"measure": "delay"}],
        target="table",
        evaluator="table",
        strategy="random",
        budget=6,
    )
    first, second = (runs.start_run(owner=alice, request=request) for _ in range(2))
    drive(first)
    drive(second)
    return first.pk, second.pk


def test_two_runs_are_compared_in_the_order_asked_for(as_alice, pair):
    answer = as_alice.get(ADDRESS, {"ids": f"{pair[1]},{pair[0]},{pair[1]}"})
    assert answer.status_code == 200
    assert [run["id"] for run in answer.data["runs"]] == [pair[1], pair[0]]
    assert [o["key"] for o in answer.data["objectives"]] == ["error", "delay"]
    one, other = answer.data["runs"]
    assert one["front"] == other["front"]  # of the same seed
    assert one["hypervolume"] == Run.objects.get(pk=pair[0]).hypervolume
    assert one["history"][-1] == {"step": 6, "hypervolume": one["hypervolume"]}


def test_another_persons_runs_are_not_there(as_bob, pair):
    assert as_bob.get(ADDRESS, {"ids": f"{pair[0]},{pair[1]}"}).status_code == 404


@pytest.mark.parametrize(
    ("ids", "status", "reason"),
    [
        ("", 400, "ids such as 3,7"),
        ("a,b", 400, "'a'; ids such as 3,7"),
        ("1;2", 400, "ids such as 3,7"),
        (",".join("1" * 30), 400, "At most 20"),
        ("1,99999", 404, "no run with the id "),
        ("1,9999999999", 404, "9999999999"),
    ],
)
def test_what_names_no_runs_is_refused(as_alice, pair, ids, status, reason):
    answer = as_alice.get(ADDRESS, {"ids": ids})
    assert answer.status_code == status
    assert reason in str(answer.data)


def test_one_run_is_not_compared_with_itself(as_alice, pair):
    answer = as_alice.get(ADDRESS, {"ids": f"{pair[0]},{pair[0]}"})
    assert answer.status_code == 400
    assert "2 to 6 can be compared" in answer.data["errors"]["ids"][0]
