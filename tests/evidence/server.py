"""A real webnas for a measurement: the launcher on its own home and port, and curl."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Server:
    """Started as a person would; `get` and `post` are curl with a token."""

    def __init__(self, home: Path, *, log: Path, fresh: bool = True):
        if fresh:
            shutil.rmtree(home, ignore_errors=True)
        self.home, self.log = home, log
        self.environment = os.environ | {"WEBNAS_HOME": str(home), "WEBNAS_ONE_MACHINE": "1"}

    def __enter__(self) -> "Server":
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "webnas.launcher", "--port", "0"],
            cwd=ROOT,
            env=self.environment,
            stdout=self.log.open("w"),
            stderr=subprocess.STDOUT,
        )
        self.url = self._address()
        self.seconds_to_serve = time.monotonic() - self.started
        made = self.manage("create_token", "evidence")
        self.token = made.strip().splitlines()[-1]
        return self

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)

    def _address(self) -> str:
        for _ in range(600):
            found = re.search(r"http://[\w.]+:\d+", self.log.read_text())
            if found:
                return found[0]
            if self.process.poll() is not None:
                break
            time.sleep(0.2)
        raise RuntimeError(f"webnas did not start: {self.log.read_text()[-2000:]}")

    def manage(self, *arguments: str) -> str:
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=self.environment, check=True, capture_output=True, text=True
        ).stdout

    def curl(self, path: str, *options: str) -> str:
        command = ["curl", "-sS", "--fail-with-body", "-H", f"Authorization: Token {self.token}"]
        done = subprocess.run(
            [*command, *options, f"{self.url}/api/v1/{path}"], capture_output=True, text=True
        )
        if done.returncode:
            raise RuntimeError(f"{path}: {done.stdout[:2000]} {done.stderr[:500]}")
        return done.stdout

    def get(self, path: str) -> dict:
        return json.loads(self.curl(path))

    def post(self, path: str, body: dict | None = None) -> dict:
        sent = ["-X", "POST", "-H", "Content-Type: application/json", "-d", json.dumps(body or {})]
        return json.loads(self.curl(path, *sent))

    def answer(self, path: str, body: dict) -> tuple[int, dict]:
        """The status and the body of the answer to a request that may well be refused."""
        command = ["curl", "-sS", "-H", f"Authorization: Token {self.token}"]
        command += ["-H", "Content-Type: application/json", "-d", json.dumps(body)]
        command += ["-w", "\n%{http_code}", f"{self.url}/api/v1/{path}"]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        answer, _, status = said.rpartition("\n")
        return int(status), json.loads(answer)

    def wait(self, path: str, statuses: set[str], seconds: float) -> dict:
        """The object once its status is one of `statuses`."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            found = self.get(path)
            if found["status"] in statuses:
                return found
            time.sleep(1)
        raise TimeoutError(f"{path} is still {found['status']} after {seconds} s")

    def cpu_seconds(self) -> float:
        """CPU time of the launcher and all its children, dead or alive, so far."""
        total, pids, seen = 0.0, [self.process.pid], set()
        ticks = os.sysconf("SC_CLK_TCK")
        while pids:
            pid = pids.pop()
            if pid in seen:
                continue
            seen.add(pid)
            try:
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                tasks = Path(f"/proc/{pid}/task").iterdir()
                pids += [int(c) for t in tasks for c in (t / "children").read_text().split()]
            except OSError:
                continue
            total += sum(map(int, fields[11:15])) / ticks
        return total
