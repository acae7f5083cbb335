"""What update feeds cost: `python -m bench.feeds [--people N] [--requests N] [--rounds N] [--clients N]`.

Starts the server as `crm.serve` does, on a PostgreSQL database of its own with N testers, each with a feed address, two
builds and a file that is signed. Clients of their own process, with kept connections, ask in turn for a constant from a
route with the feed's own guard, for feeds whole, and for feeds with the ETag of the last answer (304). Printed are
requests a second, the middle of the rounds' shares of the constant, and the slowest of a hundred (p99). Then a build is
held and resumed, and the time until the next answer says so. Fails under half of the constant, or above a second.
DATABASE_URL or TEST_DATABASE_URL names a server on which databases may be created; else one is found or started.
"""

from __future__ import annotations

import argparse
import io
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple, cast

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from flask import Flask, Response
from flask_migrate import upgrade
from sqlalchemy import Table, text

from crm.accounts.actions import create_programme
from crm.accounts.models import Agreement
from crm.app import create_app
from crm.builds import tasks
from crm.builds.actions import hold_build, keep_file, register_build, resume_build
from crm.builds.models import BuildAccess, FeedKey
from crm.builds.queries.feeds import feed_token
from crm.core.bulk import load, reserve_ids
from crm.core.db import session, start_writing
from crm.core.guards import by_link
from crm.people.models import Person
from crm.settings import read
from tests.databases import new_database
from tests.services import POSTGRES, free_port
from tests.stories.serving import answer, wait_until

START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
KEYS = {"SECRET_KEY": "a secret that only this bench knows", "SUPPRESSION_KEY": "another one for the hashes of people"}
BAR = 0.5
HELD_SECONDS = 1.0
FEED = "macos/appcast.xml"
CONSTANT = b"x" * 900  # about an appcast's size


class Lap(NamedTuple):
    """Milliseconds of each request, and the seconds that the client took for all of them."""

    took: list[float]
    seconds: float


def serving() -> Flask:
    """The program itself, and one more door that asks nothing."""
    app = create_app()
    app.add_url_rule("/constant", "constant", by_link(lambda: Response(CONSTANT, mimetype="application/rss+xml")))
    return app


@contextmanager
def database() -> Iterator[str]:
    with ExitStack() as stack:
        given = os.environ.get("DATABASE_URL", "").replace("postgresql+psycopg:", "postgresql:")
        server = given or POSTGRES.provide(stack)
        if server is None:
            sys.exit("bench.feeds needs PostgreSQL")
        yield stack.enter_context(new_database(server))


def table(model: Any) -> Table:
    return cast(Table, model.__table__)


def seed(count: int) -> tuple[list[str], int]:
    """The testers' tokens, and the newest of their two builds."""
    start_writing()
    create_programme("Orange", "Asia/Shanghai", ["zh", "en"], "Lin", "lin@orange.example", at=START)
    builds = []
    for number in (1, 2):
        at = START + timedelta(days=7 * number)
        build = register_build("macos", f"1.{number}", {"zh": "更快", "en": "Faster"}, at=at)
        keep_file(build.id, io.BytesIO(random.Random(number).randbytes(1 << 20)), f"orange-1.{number}.dmg", at=at)
        builds.append(build.id)
    ids = reserve_ids(table(Person), count)
    load(table(Person), ("id", "name", "is_staff", "collected_at"), [(n, f"p{n}", False, START) for n in ids])
    load(table(Agreement), ("person_id", "version", "accepted_at"), [(n, 1, START) for n in ids])
    access = [(build_id, n, START, "release:1") for build_id in builds for n in ids]
    load(table(BuildAccess), ("build_id", "person_id", "granted_at", "granted_by"), access)
    keys = reserve_ids(table(FeedKey), count)
    load(table(FeedKey), ("id", "person_id", "made_at"), [(key, n, START) for key, n in zip(keys, ids, strict=True)])
    session().commit()
    assert tasks.look_at_artefacts() == len(builds)
    session().execute(text("ANALYZE"))
    session().commit()
    return [feed_token(key) for key in keys], builds[-1]


def answering(port: int, web: subprocess.Popen[bytes]) -> None:
    """Waits until the server answers; ends the program when it has ended or does not."""
    wait_until(
        lambda: web.poll() is not None or answer(f"http://127.0.0.1:{port}/health")[0] == HTTPStatus.OK,
        60,
        "the server",
    )
    if web.poll() is not None:
        sys.exit("the server did not start")


@contextmanager
def server(
    env: dict[str, str], port: int, folder: Path, program: str = "bench.feeds:serving()", python: str = sys.executable
) -> Iterator[subprocess.Popen[bytes]]:
    """As crm.serve starts it; its log goes to a file, as it would."""
    command = [
        python,
        *("-m", "gunicorn", program, "--worker-class", "gthread", "--workers", "1"),
        *("--threads", "64", "--bind", f"127.0.0.1:{port}", "--no-control-socket", "--log-level", "warning"),
    ]
    with (folder / "log").open("wb") as log:
        web = subprocess.Popen(command, env=os.environ | env, stdout=log, stderr=log)
        try:
            answering(port, web)
            yield web
        finally:
            web.terminate()
            web.wait()


def get(connection: HTTPConnection, path: str, headers: dict[str, str]) -> tuple[int, bytes, str]:
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    return answer.status, answer.read(), answer.getheader("ETag") or ""


def lap(port: int, asked: list[tuple[str, str]], status: int) -> Lap:
    """Asks for each (path, ETag) over one kept connection; any other status ends the bench."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    took = []
    began = time.perf_counter()
    for path, etag in asked:
        start = time.perf_counter()
        told, _body, _etag = get(connection, path, {"If-None-Match": etag} if etag else {})
        took.append((time.perf_counter() - start) * 1000)
        if told != status:
            raise AssertionError(f"{path} answered {told}, not {status}")
    return Lap(took, time.perf_counter() - began)


def etags(port: int, paths: list[str]) -> list[tuple[str, str]]:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    return [(path, get(connection, path, {})[2]) for path in paths]


def measure(port: int, tokens: list[str], requests: int, rounds: int, clients: int) -> bool:
    paths = [f"/f/{token}/{FEED}" for token in random.Random(1).sample(tokens, min(requests, len(tokens)))]
    ways = {
        "constant": ([("/constant", "")] * len(paths), 200),
        "feed, whole": ([(path, "") for path in paths], 200),
        "feed, 304": (etags(port, paths), 304),
    }
    rates: dict[str, list[float]] = {name: [] for name in ways}
    took: dict[str, list[float]] = {name: [] for name in ways}
    with ProcessPoolExecutor(clients) as pool:
        list(pool.map(etags, [port] * clients, [paths[n::clients] for n in range(clients)]))  # connections warm up
        for _round in range(rounds):
            for name, (asked, status) in ways.items():
                shares = [asked[n::clients] for n in range(clients)]
                laps = list(pool.map(lap, [port] * clients, shares, [status] * clients))
                rates[name].append(len(asked) / max(one.seconds for one in laps))
                took[name] += [each for one in laps for each in one.took]
    good = True
    for name, found in rates.items():
        share = statistics.median(own / bare for own, bare in zip(found, rates["constant"], strict=True))
        slow = statistics.quantiles(took[name], n=100)[98]
        print(
            f"{name:12} {statistics.median(found):8,.0f} requests/s   {share:5.2f} of the constant   p99 {slow:6.1f} ms"
        )
        good = good and share >= BAR
    return good


def hold_until_told(port: int, token: str, build_id: int) -> bool:
    """Holds and resumes the newest build; the seconds until the feed names the other one."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    good = True
    for change, then in ((hold_build, b"1.1"), (resume_build, b"1.2")):
        start_writing()
        change(build_id, START)
        began = time.perf_counter()
        session().commit()
        while b"<title>" + then + b"</title>" not in get(connection, f"/f/{token}/{FEED}", {})[1]:
            if time.perf_counter() - began > HELD_SECONDS:
                break
        waited = time.perf_counter() - began
        print(f"{change.__name__:12} {waited * 1000:8.1f} ms until the feed says so")
        good = good and waited < HELD_SECONDS
    return good


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--people", type=int, default=100_000)
    options.add_argument("--requests", type=int, default=2_000)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--clients", type=int, default=4)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="seedbed-feeds-") as name, database() as address:
        folder, port = Path(name), free_port()
        env = KEYS | {"DATA_DIR": name, "DATABASE_URL": address, "BROKER_URL": "memory://", "LOG_FORMAT": "json"}
        env["BASE_URL"] = f"http://127.0.0.1:{port}"
        app = create_app(read(env))
        with app.app_context():
            upgrade()
            tokens, newest = seed(chosen.people)
            with server(env, port, folder):
                fast = measure(port, tokens, chosen.requests, chosen.rounds, chosen.clients)
                told = hold_until_told(port, tokens[0], newest)
    return 0 if fast and told else 1


if __name__ == "__main__":
    sys.exit(main())
