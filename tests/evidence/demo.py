"""The first start: the demo search ends within minutes with a front of real, trained networks."""

from pathlib import Path

from tests.evidence.server import Server

ENDED = {"finished", "failed", "cancelled", "no_space", "lost", "infeasible"}


def measure(work: Path) -> dict:
    with Server(work / "home", log=work / "launcher.log") as server:
        run = server.get("runs/")["results"][0]
        run = server.wait(f"runs/{run['id']}/", ENDED, 900)
        front = server.get(f"runs/{run['id']}/front/")
        cpu_seconds = server.cpu_seconds()
    members = front["results"] if isinstance(front, dict) else front
    return summary(run, members) | {
        "seconds_from_start_to_served_page": round(server.seconds_to_serve, 1),
        "cpu_seconds": round(cpu_seconds, 1),
    }


def summary(run: dict, members: list[dict]) -> dict:
    key = next(name for name in members[0]["measures"] if name.startswith("latency@"))
    latencies = [m["measures"][key]["value"] for m in members]
    accuracies = [m["measures"]["accuracy:test"]["value"] for m in members]
    from datetime import datetime

    seconds = (
        datetime.fromisoformat(run["ended_at"]) - datetime.fromisoformat(run["created_at"])
    ).total_seconds()
    found = {
        "status": run["status"],
        "trials": run["n_told"],
        "seconds_from_queued_to_finished": round(seconds, 1),
        "members_of_the_front": len(members),
        "latency_ms": [min(latencies), max(latencies)],
        "latency_span": round(max(latencies) / min(latencies), 2),
        "test_accuracy": [min(accuracies), max(accuracies)],
        "hypervolume": run["hypervolume"],
    }
    found["holds"] = {
        "finished": run["status"] == "finished",
        "within 4 minutes": seconds <= 240,
        "at least 5 members": len(members) >= 5,
        "span of a factor of 2": max(latencies) / min(latencies) >= 2,
        "all above 80 %": min(accuracies) > 0.8,
    }
    return found
