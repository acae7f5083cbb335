"""The program as its users start it: real processes, found again by a mark in their environment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from threading import Event
from time import monotonic
from urllib.error import HTTPError, URLError
from uuid import uuid4

from tests.services import free_port

ROOT = Path(__file__).resolve().parents[2]
MARK = "SEEDBED_TEST_RUN"
PATIENCE = 4  # times what a quiet machine needs; only what never comes is waited for so long
PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR")


def wait_until(holds: Callable[[], object], seconds: float, what: str) -> None:
    """Looks again and again until it holds. Raises AssertionError, which names `what`, when time is up."""
    end, pause = monotonic() + seconds * PATIENCE, Event()
    while not holds():
        if monotonic() > end:
            raise AssertionError(f"waited {seconds * PATIENCE:g} s in vain: {what}")
        pause.wait(0.03)


def answer(url: str) -> tuple[int, str]:
    """(status, body); (0, "") when nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310 -- our own address
            return response.status, response.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()
    except (URLError, OSError, HTTPException):
        return 0, ""


class Served:
    """`python -m crm.serve WORDS` with its own data folder, port and log."""

    def __init__(self, folder: Path, *words: str, **settings: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.words, self.folder = words, folder
        self.mark = uuid4().hex
        self.port = int(settings.get("PORT", "") or free_port())
        self.address = f"http://127.0.0.1:{self.port}"
        self.log = folder / "serve.log"
        self.env = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        self.env |= {
            "DATA_DIR": str(folder),
            "PORT": str(self.port),
            "PYTHONUNBUFFERED": "1",
            MARK: self.mark,
        } | settings
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> Served:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "crm.serve", *self.words], cwd=ROOT, env=self.env, stdout=log, stderr=log
            )
        return self

    def up(self, seconds: float = 30) -> Served:
        """Waits for the first answer; says what the log says when there is none."""
        try:
            wait_until(lambda: answer(f"{self.address}/ready")[0] == 200, seconds, "the program to be ready")
        except AssertionError as late:
            raise AssertionError(f"{late}\n{self.said()[-3000:]}") from None
        return self

    def said(self) -> str:
        return self.log.read_text("utf-8", errors="replace")

    def tell(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def ended(self, seconds: float) -> int:
        """Its exit code. Raises subprocess.TimeoutExpired."""
        assert self.process is not None
        return self.process.wait(seconds * PATIENCE)

    def processes(self) -> dict[int, str]:
        """Every living process of this run, whoever its parent is now: number to command line."""
        return dict(_processes(f"{MARK}={self.mark}".encode()))

    def named(self, part: str) -> list[int]:
        return sorted(pid for pid, command in self.processes().items() if part in command)

    def sweep(self) -> None:
        """Ends all that is left of this run, so that a failed test leaves nothing behind."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for pid in self.processes():
            kill(pid)


def _processes(mark: bytes) -> Iterator[tuple[int, str]]:
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (place / "environ").read_bytes().split(b"\0"):
                command = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                if command:  # one that has ended and waits to be read has none
                    yield int(place.name), command
        except OSError:
            continue


def kill(pid: int) -> None:
    """As an out-of-memory killer does it; who is gone already is no matter."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


@contextmanager
def served(folder: Path, *words: str, **settings: str) -> Iterator[Served]:
    run = Served(folder, *words, **settings)
    try:
        yield run.start()
    finally:
        run.sweep()
