"""A real Seedbed for the browser: web and worker as `python3 dev.py` starts them, and the letters that it sends."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from time import monotonic
from typing import Any

from aiosmtpd.controller import Controller

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 120


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Letters:
    """What arrived at the mail server, oldest first."""

    received: list[EmailMessage] = field(default_factory=list)
    arrived: threading.Condition = field(default_factory=threading.Condition)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 -- aiosmtpd's name
        with self.arrived:
            parsed = message_from_bytes(envelope.content, policy=policy.default)
            self.received.append(parsed)
            self.arrived.notify_all()
        return "250 taken"

    def to(self, address: str, *, count: int = 1, seconds: float = 30) -> list[EmailMessage]:
        """The letters to an address, once there are `count` of them. Fails when they do not come in time."""

        def found() -> list[EmailMessage]:
            return [letter for letter in self.received if address in str(letter["To"])]

        with self.arrived:
            self.arrived.wait_for(lambda: len(found()) >= count, seconds)
            if len(found()) < count:
                everybody = sorted({str(letter["To"]) for letter in self.received})
                raise AssertionError(f"no letter to {address}; there are letters to {everybody}")
            return found()


def link_in(letter: EmailMessage, path: str) -> str:
    """The first link of a letter whose path begins so."""
    body = letter.get_body(("plain",))
    assert body is not None
    found = re.search(rf"https?://[^\s/]+({re.escape(path)}\S*)", str(body.get_content()))
    assert found, f"no link to {path} in: {body.get_content()}"
    return found.group(1).rstrip(".")


@dataclass(frozen=True)
class Site:
    url: str
    folder: Path
    letters: Letters
    said: Path

    environment: Mapping[str, str]

    def output(self) -> str:
        return self.said.read_text("utf-8")

    def flask(self, *words: str) -> str:
        """What `flask WORDS` prints for this installation."""
        done = subprocess.run(
            [sys.executable, "-m", "flask", "--app", "crm.app", *words],
            cwd=ROOT,
            env=dict(self.environment),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    def sign_in_link(self, mail: str) -> str:
        """The path of a fresh sign-in page; it is good once."""
        found = re.search(r"/sign-in/\S+", self.flask("accounts", "sign-in-link", "--mail", mail))
        assert found
        return found.group(0)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 -- our own address
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


@contextmanager
def running(folder: Path, *words: str, **environment: str) -> Iterator[Site]:
    """`python -m crm.serve WORDS` on a data folder of its own; ended as Ctrl-C ends it."""
    port = free_port()
    letters = Letters()
    post = Controller(letters, hostname="127.0.0.1", port=free_port())
    post.start()
    said = folder.with_suffix(".log")
    settings = {
        "DATA_DIR": str(folder),
        "PORT": str(port),
        "SMTP_URL": f"smtp://127.0.0.1:{post.port}",
        "PYTHONUNBUFFERED": "1",
    }
    kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "BROKER_URL")}
    everything = {**kept, **settings, **environment}
    with said.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "crm.serve", *words],
            cwd=ROOT,
            env=everything,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    site = Site(f"http://127.0.0.1:{port}", folder, letters, said, everything)
    try:
        deadline = monotonic() + START_SECONDS
        while not _answers(f"{site.url}/ready"):
            if process.poll() is not None or monotonic() > deadline:
                raise AssertionError(f"Seedbed did not start:\n{site.output()}")
            threading.Event().wait(0.2)
        yield site
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)
        post.stop()
