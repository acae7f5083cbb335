"""One command for web, worker and beat: starts them as children, restarts what dies, and ends them all with one Ctrl-C.

python -m crm.serve demo [--scale 0.01]    the story, replayed on its first start
python -m crm.serve run                    your own programme
python -m crm.serve worker                 background jobs only (production: one of them with --beat)
"""

from __future__ import annotations

import argparse
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from crm import settings as settings_module

if TYPE_CHECKING:
    from flask import Flask

PR_SET_PDEATHSIG = 1
GRACE_SECONDS = 12.0
LONGEST_PAUSE = 30.0
HEALTHY_SECONDS = 20.0
TRIES = 5


class CannotStart(Exception):
    """`str(error)` is one line: what is in the way, and what to do."""


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


@dataclass
class Child:
    """A process that is to be kept alive; `pause` grows with each quick death.

    `failures` counts ends by its own fault before it has ever lived long; who is killed is only started again.
    """

    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    start_after: float = 0.0
    pause: float = 0.5
    failures: int = 0
    proven: bool = False

    def start(self) -> None:
        self.process = subprocess.Popen(
            self.command,
            start_new_session=True,
            preexec_fn=partial(_die_with, os.getpid()) if sys.platform == "linux" else None,  # noqa: PLW1509 -- no threads run here yet
        )
        self.started = time.monotonic()

    def look(self) -> None:
        """Starts it when it is due; notes a death and puts the next start off. Raises CannotStart when that is vain."""
        now = time.monotonic()
        if self.process is None:
            if now >= self.start_after:
                self.start()
        elif (code := self.process.poll()) is not None:
            self._ended(code, now)

    def _ended(self, code: int, now: float) -> None:
        self._end_its_own()
        lived = now - self.started > HEALTHY_SECONDS
        self.proven = self.proven or lived
        self.failures += code > 0
        if not self.proven and self.failures >= TRIES:
            raise CannotStart(f"{self.name} does not start: the reason stands above")
        self.pause = 0.5 if lived else min(self.pause * 2, LONGEST_PAUSE)
        say(f"{self.name} ended with {code}; starting it again in {self.pause:g} s")
        self.process, self.start_after = None, now + self.pause

    def _end_its_own(self) -> None:
        """What a killed child has left in its group: a beat without its worker would go on ringing beside the next."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)

    def end(self) -> None:
        """At once; what has ended by itself is only tidied up after."""
        if self.process is not None:
            self._end_its_own()
            self.process.wait()

    @property
    def lives(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def tell(self, number: int) -> None:
        if self.process is not None and self.lives:
            os.killpg(self.process.pid, number)


def _die_with(parent: int) -> None:
    """In the child: asks to be told to stop when the parent dies, however it dies."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os._exit(1)


def web(settings: settings_module.Settings) -> Child:
    return Child(
        "web",
        [
            sys.executable,
            *("-m", "gunicorn", "crm.app:create_app()", "--worker-class", "gthread", "--workers", "1"),
            *("--threads", str(settings.worker_threads), "--bind", f"{settings.host}:{settings.port}"),
            *("--no-control-socket", "--timeout", "120", "--graceful-timeout", "8", "--log-level", "warning"),
        ],
    )


def worker(*, beat: bool) -> Child:
    """Threads share one process: the work is the database's, and a start costs one import instead of five."""
    command = [
        sys.executable,
        "-m",
        "celery",
        "--app",
        "crm.worker",
        "--quiet",
        "worker",
        "--pool",
        "threads",
    ]
    command += ["--concurrency", "4", "--without-gossip", "--without-mingle", "--without-heartbeat"]
    command += ["--loglevel", "WARNING"]
    return Child("worker", [*command, "--beat"] if beat else command)


def supervise(children: list[Child]) -> None:
    """Until Ctrl-C or SIGTERM; then every child drains, and none is left behind. A second Ctrl-C does not wait."""
    asked: list[int] = []

    def ask(number: int, _frame: FrameType | None) -> None:
        asked.append(number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, ask)
    try:
        while not asked:
            for child in children:
                child.look()
            time.sleep(0.2)
    finally:
        say("Stopping.")
        _end(children, asked)


def _end(children: list[Child], asked: list[int]) -> None:
    for child in children:
        child.tell(signal.SIGTERM)
    end, first = time.monotonic() + GRACE_SECONDS, len(asked)
    while any(child.lives for child in children) and time.monotonic() < end and len(asked) == first:
        time.sleep(0.05)
    for child in children:
        child.end()


def _refuse_taken_port(settings: settings_module.Settings) -> None:
    """Found out before the story is replayed, not by a web server that starts again and again."""
    try:
        found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise CannotStart(f"HOST: set it to an address of this machine (it is {settings.host!r}: {error})") from error
    family, kind, protocol, _name, address = found[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            raise CannotStart(
                f"PORT: {settings.host}:{settings.port} cannot be used ({error.strerror}): "
                "stop what listens there, or set PORT to a free one"
            ) from error


def _refuse_other_key() -> None:
    from crm.accounts.actions import OtherKey, check_key  # noqa: PLC0415 -- imported where the program starts
    from crm.core.db import session  # noqa: PLC0415 -- as above

    try:
        check_key()
    except OtherKey as refusal:
        raise CannotStart(str(refusal)) from refusal
    finally:
        session().rollback()


def _migrated(app: Flask, *, may_upgrade: bool = True) -> None:
    """Brings the database to the newest migration; nothing to do costs one query. Raises CannotStart."""
    from sqlalchemy.exc import OperationalError  # noqa: PLC0415 -- imported where the program starts, not in workers

    from crm.core.db import db, disconnect, newest_migration, reading  # noqa: PLC0415 -- as above
    from crm.core.migrating import known_migration, upgrade  # noqa: PLC0415 -- as above

    head = newest_migration()
    with app.app_context():
        try:
            with reading(), db.engine.connect() as connection:
                known = known_migration(connection)
        except OperationalError as error:
            reason = str(error.orig).strip().splitlines()[0]
            raise CannotStart(f"DATABASE_URL: set it to a database that answers ({reason})") from error
        if known != head and not may_upgrade:
            raise CannotStart(f"the database is at migration {known}, this program needs {head}: run `make migrate`")
        if known != head:
            upgrade()
        _refuse_other_key()
        disconnect()


def _tell_of_the_broker(app: Flask) -> None:
    """Not a reason to stop: rows are the queue, and the pages need no broker."""
    from crm.core.queue import broker_trouble  # noqa: PLC0415 -- imported where the program starts

    trouble = broker_trouble(app)
    if trouble is not None:
        say(f"BROKER_URL: {trouble}. Jobs and letters wait for it, none is lost: start it, or set BROKER_URL.")


def _demo_home(scale: str) -> None:
    """The story has a folder of its own, so that `run` finds an empty programme; its letters go to nobody."""
    os.environ.setdefault("SMTP_URL", "mailbox://")
    if "DATA_DIR" not in os.environ and "DATABASE_URL" not in os.environ:
        os.environ["DATA_DIR"] = str(Path("data") / ("demo" if scale == "1" else f"demo-{scale}"))


def serve(command: str, scale: str) -> None:
    _refuse_taken_port(settings_module.read())
    from crm.app import create_app  # noqa: PLC0415 -- the settings are checked before anything heavy is imported

    if command == "demo":
        from crm import demo  # noqa: PLC0415 -- only the demo needs the story

        demo.prepare(scale, create_app, _migrated)
        app = create_app()
        _migrated(app)  # a story that was told by an earlier release
        demo.announce(app)
    else:
        app = create_app()
        _migrated(app)
        say(f"Seedbed: {settings_module.read().base_url}   (Ctrl-C stops it)")
    _tell_of_the_broker(app)
    settings = settings_module.read()
    supervise([web(settings), worker(beat=True)])


def work(*, beat: bool) -> None:
    from crm.app import create_app  # noqa: PLC0415 -- the settings are checked before anything heavy is imported

    app = create_app()
    _migrated(app, may_upgrade=False)
    _tell_of_the_broker(app)
    supervise([worker(beat=beat)])


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="crm.serve", description="Seedbed: web, worker and beat.")
    parser.add_argument("command", choices=["demo", "run", "worker"])
    parser.add_argument("--scale", type=float, default=1.0, help="of the story: 1 is its real size")
    parser.add_argument("--beat", action="store_true", help="this worker also rings the schedule; one only")
    options = parser.parse_args(words)
    scale = f"{options.scale:g}"
    if options.command == "demo":
        _demo_home(scale)
    try:
        settings_module.read()
        if options.command == "worker":
            work(beat=options.beat)
        else:
            serve(options.command, scale)
    except (settings_module.SettingError, CannotStart, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
