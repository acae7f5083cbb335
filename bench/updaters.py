"""Whether a real updater reads our feeds: `python -m bench.updaters`. Part of `python3 dev.py prove`.

Takes electron-updater from npm into a temporary folder, starts the server as `crm.serve` does, and lets the updater ask
as an AppImage does: with an older build running, with the newest, after the newest was held, after its file was bent on
the disk, and for a tester who has left. It checks the file's SHA-512 by itself. Needs node and npm, and npm's registry.
"""

from __future__ import annotations

import io
import json
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from flask_migrate import upgrade

from bench.feeds import KEYS, START, server
from crm.accounts.actions import create_programme, end_agreement
from crm.accounts.models import Agreement
from crm.app import create_app
from crm.builds import tasks
from crm.builds.actions import grant_access, hold_build, keep_file, register_build, resume_build
from crm.builds.actions.feeds import make_feed_key
from crm.builds.queries import artefacts_of
from crm.builds.queries.feeds import feed_token
from crm.core import files
from crm.core.db import session, start_writing
from crm.people.models import Person
from crm.settings import read
from tests.services import free_port

VERSION = "6.8.10"
CLIENT = Path(__file__).with_name("_updater.cjs")
DATA = random.Random(1).randbytes(1 << 20)


def seed() -> tuple[int, str, int]:
    """A tester, their feeds' token, and the newer of their two builds."""
    start_writing()
    create_programme("Orange", "Asia/Shanghai", ["en"], "Lin", "lin@orange.example", at=START)
    ada = Person(name="Ada", collected_at=START)
    session().add(ada)
    session().flush()
    session().add(Agreement(person_id=ada.id, version=1, accepted_at=START))
    builds = []
    for version in ("1.0.0", "1.1.0"):
        build = register_build("linux", version, {"en": "Faster: 'and' \"better\""}, at=START)
        keep_file(build.id, io.BytesIO(DATA + version.encode()), f"orange {version}.AppImage", at=START)
        grant_access(build.id, [ada.id], at=START, granted_by="bench")
        builds.append(build.id)
    key = make_feed_key(ada.id, START)
    session().commit()
    tasks.look_at_artefacts()
    found = ada.id, feed_token(key.id), builds[-1]
    session().rollback()  # no lock is kept while the server notes downloads
    return found


def asks(modules: Path, feed: str, running: str) -> tuple[Any, str]:
    """What the updater found, with the bytes it downloaded; or its complaint."""
    with tempfile.TemporaryDirectory() as work:
        command = [shutil.which("node") or "node", str(CLIENT), str(modules), feed, running, work]
        ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        if ran.returncode != 0:
            return None, ran.stderr
        told = json.loads(ran.stdout)
        told["files"] = [Path(name).read_bytes() for name in told["files"]]
        return told, ""


def change(work: Callable[[], object]) -> None:
    start_writing()
    work()
    session().commit()


def story(modules: Path, feed: str, ada: int, newest: int) -> bool:
    good = True

    def expect(title: str, running: str, *, found: bool, version: str = "", complaint: str = "") -> None:
        nonlocal good
        told, error = asks(modules, feed, running)
        if complaint:
            fine = complaint in error
        else:
            held = [DATA + version.encode()] if found else []
            fine = bool(told) and (told["available"], told["version"], told["files"]) == (found, version, held)
        print(f"{'ok' if fine else 'FAILED':6} {title}", error if not fine else "")
        good = good and fine

    expect("an older build is brought up, and the file is whole", "1.0.0", found=True, version="1.1.0")
    expect("the newest stays", "1.1.0", found=False, version="1.1.0")
    change(lambda: hold_build(newest, START))
    expect("nothing newer while the newest is on hold", "1.0.0", found=False, version="1.0.0")
    expect("who runs what is on hold is not taken back", "1.1.0", found=False, version="1.0.0")
    change(lambda: resume_build(newest, START))
    path = files.path_of(artefacts_of(newest)[0].file_key)
    session().rollback()
    whole = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(b"X" + whole[1:])
    expect("a file that was bent is refused", "1.0.0", found=True, complaint="sha512 checksum mismatch")
    path.write_bytes(whole)
    expect("and taken when it is whole again", "1.0.0", found=True, version="1.1.0")
    change(lambda: end_agreement(ada, at=START, reason="left"))
    expect("who has left is told nothing new, without an error", "1.0.0", found=False, version="0.0.0")
    return good


def main() -> int:
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        print("bench.updaters needs node and npm")
        return 1
    with tempfile.TemporaryDirectory(prefix="seedbed-updaters-") as name:
        folder, port = Path(name), free_port()
        wanted = ["install", "--no-audit", "--no-fund", "--silent", "--prefix", name, f"electron-updater@{VERSION}"]
        if subprocess.run([npm, *wanted], check=False).returncode != 0:
            print("npm could not bring electron-updater")
            return 1
        env = {**KEYS, "DATA_DIR": str(folder / "data"), "BROKER_URL": "memory://", "LOG_FORMAT": "json"}
        env["BASE_URL"] = f"http://127.0.0.1:{port}"
        app = create_app(read(env))
        with app.app_context():
            upgrade()
            ada, token, newest = seed()
            with server(env, port, folder):
                feed = f"{env['BASE_URL']}/f/{token}/linux"
                return 0 if story(folder / "node_modules", feed, ada, newest) else 1


if __name__ == "__main__":
    sys.exit(main())
