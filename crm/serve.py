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
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from crm import settings as settings_module

if TYPE_CHECKING:
    from flask import Flask

PR_SET_PDEATHSIG = 1
GRACE_SECONDS = 15.0
LONGEST_PAUSE = 30.0
HEALTHY_SECONDS = 20.0


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


@dataclass
class Child:
    """A process that is to be kept alive; `pause` grows with each quick death."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    start_after: float = 0.0
    pause: float = 0.5

    def start(self) -> None:
        self.process = subprocess.Popen(
            self.command,
            start_new_session=True,
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 -- no threads run here yet
        )
        self.started = time.monotonic()

    def look(self) -> None:
        """Starts it when it is due; notes a death and puts the next start off."""
        now = time.monotonic()
        if self.process is None:
            if now >= self.start_after:
                self.start()
        elif (code := self.process.poll()) is not None:
            self.pause = 0.5 if now - self.started > HEALTHY_SECONDS else min(self.pause * 2, LONGEST_PAUSE)
            say(f"{self.name} ended with {code}; starting it again in {self.pause:g} s")
            self.process, self.start_after = None, now + self.pause

    def tell(self, number: int) -> None:
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, number)


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


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
    """Until Ctrl-C or SIGTERM; then every child drains, and none is left behind."""
    asked: list[int] = []

    def ask(number: int, _frame: FrameType | None) -> None:
        asked.append(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask)
    while not asked:
        for child in children:
            child.look()
        time.sleep(0.2)
    say("Stopping.")
    for child in children:
        child.tell(signal.SIGTERM)
    end = time.monotonic() + GRACE_SECONDS
    for child in children:
        if child.process is not None:
            try:
                child.process.wait(max(0.1, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.tell(signal.SIGKILL)
                child.process.wait()


def _migrated(app: Flask) -> None:
    """Brings the database to the newest migration; nothing to do costs one query."""
    from alembic.migration import MigrationContext  # noqa: PLC0415 -- imported where the program starts, not in workers
    from flask_migrate import upgrade  # noqa: PLC0415 -- as above

    from crm.core.db import db  # noqa: PLC0415 -- as above

    head = (Path(__file__).resolve().parent.parent / "migrations" / ".current-head").read_text("utf-8").strip()
    with app.app_context():
        with db.engine.connect() as connection:
            known = MigrationContext.configure(connection).get_current_revision()
        if known != head:
            upgrade()
        db.engine.dispose()


def _demo_home(scale: str) -> None:
    """The story has a folder of its own, so that `run` finds an empty programme."""
    if "DATA_DIR" not in os.environ and "DATABASE_URL" not in os.environ:
        os.environ["DATA_DIR"] = str(Path("data") / ("demo" if scale == "1" else f"demo-{scale}"))


def serve(command: str, scale: str) -> None:
    from crm.app import create_app  # noqa: PLC0415 -- the settings are checked before anything heavy is imported

    if command == "demo":
        from crm import demo  # noqa: PLC0415 -- only the demo needs the story

        demo.prepare(scale, create_app, _migrated)
        demo.announce(create_app())
    else:
        _migrated(create_app())
        say(f"Seedbed: {settings_module.read().base_url}   (Ctrl-C stops it)")
    settings = settings_module.read()
    supervise([web(settings), worker(beat=True)])


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
            supervise([worker(beat=options.beat)])
        else:
            serve(options.command, scale)
    except (settings_module.SettingError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
