"""What a campaign to a million people costs while its letters are planned:
`python -m bench.planning [--people N] [--database URL] [--sqlite] [--send]`.

Seeds an empty database of its own (PostgreSQL, found or started; with --sqlite a file in a temporary folder; or that
of --database, empty or left by bench/audience.py) as bench/pages.py does, and starts the program as its users do: web
and worker, each a process of its own. One member of staff looks at pages, one after the other, at first while nothing
else is done: that is the floor. Then a campaign to everybody starts: the audience is frozen, and the worker makes the
letters while the pages are asked for again. Printed are letters a second, the worker's and the web's memory at its
highest (VmHWM), and for each page the middle and the slowest of a hundred (p50, p99) of the milliseconds that the
server says it took (Server-Timing), and how many times the floor's middle the middle is. The letters do not leave
meanwhile: the campaign's pace is one an hour. With --send they may, to a sink that speaks pipelining.

It fails when the worker took 500 MB or more, when the middle of a page was above 100 ms, or when not everybody has one
letter. What a page took at p99 is shown beside it and not judged: it tells more of the machine's other work.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from flask_migrate import upgrade
from sqlalchemy import func, select

from bench.audience import tidy
from bench.letters import KEYS, MailSink
from bench.pages import seed
from campaigns.audience.actions import save_audience
from campaigns.outreach import actions as outreach
from campaigns.outreach.rules import JOB
from crm.accounts.actions import open_session
from crm.accounts.models import Credential
from crm.accounts.rules import COOKIE
from crm.app import create_app
from crm.core import clock
from crm.core.db import is_postgres, reading, session, start_writing, writing
from crm.core.jobs import Job
from crm.core.programme import Programme, required
from crm.outbox.models import Letter
from crm.outbox.rules import Channel
from crm.settings import read
from tests.databases import new_database
from tests.services import POSTGRES
from tests.stories.serving import Served, served

MOST_MEGABYTES, MOST_MS = 500, 100
ROUNDS = 20  # of the floor
PAUSE = 0.05  # seconds between two pages, of somebody who reads very quickly
TEXT = "Dear {{ name }},\n\nwill you try {{ programme }}? {{ link }}\n"
Took = dict[str, list[float]]


@contextmanager
def database(asked: argparse.Namespace, folder: str) -> Iterator[str]:
    if asked.database or asked.sqlite:
        yield asked.database or f"sqlite:///{folder}/bench.db"
        return
    with ExitStack() as stack:
        server = POSTGRES.provide(stack)
        assert server is not None, "start a PostgreSQL server, or name a database with --database"
        yield stack.enter_context(new_database(server))


def prepare(people: int, *, send: bool) -> tuple[int, str]:
    """The draft of a campaign to everybody, and the secret of a member of staff's session."""
    if session().scalar(select(func.count()).select_from(Programme)) == 0:
        seed(people)
    looks, at = session().scalars(select(Credential.person_id)).one(), clock.now()
    tidy()
    start_writing()
    known = required()
    known.mail_from, known.postal_address = "seedbed@orange.example", "1 Seed Street, Beijing"
    audience = save_audience("everybody", {"basis": "public profile"}, at=at)
    campaign = outreach.create_campaign("Come and try", audience.id, at=at, pace=None if send else 1)
    texts = {"en": ("Will you try {{ programme }}?", TEXT), "zh": ("{{ programme }}", TEXT)}
    outreach.set_step(campaign.id, Channel.MAIL, "email", texts, again=True)
    secret = open_session(looks, as_staff=True, at=at)
    session().commit()
    return campaign.id, secret


class Reader:
    """A member of staff with a kept connection."""

    def __init__(self, run: Served, secret: str) -> None:
        self.line = HTTPConnection("127.0.0.1", run.port, timeout=600)
        self.headers = {"Cookie": f"{COOKIE}={secret}"}

    def milliseconds(self, address: str) -> float:
        """Of the server, as it says itself."""
        self.line.request("GET", address, headers=self.headers)
        answer = self.line.getresponse()
        answer.read()
        assert answer.status == HTTPStatus.OK, (address, answer.status)
        return float(answer.headers["Server-Timing"].rpartition("dur=")[2])

    def look(self, pages: dict[str, str], goes_on: Callable[[int], bool]) -> Took:
        self.line.close()  # the server has hung up if nothing was asked for two seconds
        took: Took = {label: [] for label in pages}
        rounds = 0
        while goes_on(rounds):
            for label, address in pages.items():
                took[label].append(self.milliseconds(address))
                time.sleep(PAUSE)
            rounds += 1
        return took


def megabytes(pids: list[int]) -> float:
    """Of the largest of these processes, at its highest."""
    lines = [line for pid in pids for line in Path(f"/proc/{pid}/status").read_text().splitlines()]
    return max(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def is_planned() -> bool:
    with reading():
        job = session().scalar(select(Job).where(Job.kind == JOB))
        over = job is not None and not job.is_open
        session().rollback()
    return over


def start(campaign_id: int) -> float:
    """Seconds until the audience is frozen and the campaign has started."""
    began = time.perf_counter()
    with writing():
        outreach.start(campaign_id, clock.now())
        session().commit()
    return time.perf_counter() - began


def hundredth(took: list[float]) -> float:
    return sorted(took)[max(0, -(-len(took) * 99 // 100) - 1)]


def tell(floor: Took, meanwhile: Took) -> bool:
    met = True
    for label, took in meanwhile.items():
        least, middle = statistics.median(floor[label]), statistics.median(took)
        met = met and middle < MOST_MS
        verdict = "met" if middle < MOST_MS else "MISSED"
        print(
            f"  {label:28} at rest {least:6.1f} ms, p99 {hundredth(floor[label]):6.1f}; meanwhile {middle:6.1f} ms, "
            f"p99 {hundredth(took):6.1f}, {len(took)} times, {middle / least:.1f} x at rest "
            f"(bar < {MOST_MS} ms: {verdict})"
        )
    return met


def measure(run: Served, people: int, campaign_id: int, secret: str) -> bool:
    reader = Reader(run, secret)
    pages = {
        "Home": "/",
        "people": "/people",
        "people joined, from one site": "/people?stage=joined&site=gfan.com",
        "a person": f"/people/{people // 2}",
        "campaigns": "/campaigns",
        "the campaign": f"/campaigns/{campaign_id}",
        "its progress": f"/campaigns/{campaign_id}/progress",
    }
    draft = reader.milliseconds(f"/campaigns/{campaign_id}")
    others = {label: address for label, address in pages.items() if "campaign" not in address}
    floor = reader.look(others, lambda rounds: rounds < ROUNDS)
    frozen = start(campaign_id)
    began = time.perf_counter()
    meanwhile = reader.look(pages, lambda _rounds: not is_planned())
    seconds = time.perf_counter() - began
    busy = os.getloadavg()[0]
    worker, web = megabytes(run.named("celery")), megabytes(run.named("gunicorn"))
    floor |= reader.look({label: address for label, address in pages.items() if label not in floor}, lambda r: r < 5)
    with reading():
        planned = session().scalar(select(func.count()).select_from(Letter)) or 0
        session().rollback()
    print(f"the draft, with its exact preflight, {draft:,.0f} ms; frozen in {frozen:.1f} s")
    print(f"{planned:,} letters in {seconds:.0f} s, {planned / seconds:,.0f}/s, while pages were asked for")
    verdict = "met" if worker < MOST_MEGABYTES else "MISSED"
    print(f"worker at most {worker:.0f} MB (bar < {MOST_MEGABYTES} MB: {verdict}), web {web:.0f} MB")
    quick = tell(floor, meanwhile)
    print(f"busy: {busy:.1f} processes on {os.cpu_count()} cores")
    return quick and worker < MOST_MEGABYTES and planned == people


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--database", default="", help="URL of a database, empty or of bench/audience.py")
    parser.add_argument("--sqlite", action="store_true", help="on SQLite instead of PostgreSQL")
    parser.add_argument("--send", action="store_true", help="letters leave as soon as they are planned")
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="seedbed-planning-") as folder,
        database(asked, folder) as url,
        MailSink() as sink,
    ):
        env = {"DATA_DIR": folder, "DATABASE_URL": url, "SMTP_URL": sink.url, **KEYS}
        with create_app(read(env)).app_context():
            upgrade()
            start_writing()
            campaign_id, secret = prepare(asked.people, send=asked.send)
            print(f"{asked.people:,} people, {'PostgreSQL' if is_postgres() else 'SQLite'}", flush=True)
            with served(Path(folder), "run", **env) as run:
                run.up()
                return 0 if measure(run, asked.people, campaign_id, secret) else 1


if __name__ == "__main__":
    sys.exit(main())
