"""Kill -9 of web and worker in the middle of long work, and what must be true after the program has got up again.

A `Work` prepares a programme, says how far it has come, and knows what must be there in the end: nothing lost, nothing
doubled. `survive` starts the real program on it, kills at a moment of one's choice, and checks. `make prove` does the
same at random moments.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from random import Random
from signal import SIGINT, SIGTERM
from typing import Any, Protocol

import psycopg
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import func, select, update
from sqlalchemy.engine import make_url

from campaigns.audience.actions import save_audience
from campaigns.outreach import actions as outreach
from campaigns.releases.actions import create_train, plan_release, start_opening
from campaigns.releases.models import Release, Wave
from campaigns.releases.rules import Course, ReleaseState, Step, WaveKind, mark
from crm.accounts.actions import accept_agreement, create_programme
from crm.app import create_app
from crm.builds.actions import register_build
from crm.builds.models import BuildAccess
from crm.core import clock, files, jobs
from crm.core.db import disconnect, reading, session
from crm.core.jobs import Job, JobState
from crm.core.programme import required
from crm.core.weeks import week_of
from crm.outbox.models import Letter, Touch
from crm.outbox.rules import Channel, LetterState
from crm.outbox.tasks import sweep_leases
from crm.people.actions import importing
from crm.people.models import Identity, ImportedPerson, PeopleImport, Person, Source
from crm.settings import read
from tests.fragile import Fragile
from tests.stories.serving import PATIENCE, Served, kill, served, wait_until
from tests.stories.sink import Sink

SITE = "gfan.com"
OPEN_LETTERS = (LetterState.QUEUED, LetterState.SENDING)
LONG_AGO = timedelta(days=1)
Strike = Callable[[Served, Random], None]
ADDRESS = "68 Qinghe Middle Street, Beijing"


class Work(Protocol):
    """`prepare` commits what is to be done, `progress` goes from 0 to 1, `check` raises AssertionError."""

    def prepare(self) -> None: ...
    def progress(self) -> float: ...
    def done(self) -> bool: ...
    def check(self) -> None: ...


def count(model: Any, *where: Any) -> int:
    return int(session().scalar(select(func.count()).select_from(model).where(*where)) or 0)


def state_of(kind: str) -> JobState:
    return session().scalars(select(Job.state).where(Job.kind == kind)).one()


def found(total: int, *, known_every: int = 0, refused_every: int = 0) -> bytes:
    """A file of people: each has two identities; some rows are somebody again, some hold no identity."""
    lines = ["name,email,qq"]
    for n in range(1, total + 1):
        who = n - 1 if known_every and n % known_every == 0 else n
        if refused_every and n % refused_every == 0:
            lines.append(f"nobody {n},,")
        else:
            lines.append(f"person {who},person{who}@prospects.example,{20_000_000 + who}")
    return ("\n".join(lines) + "\n").encode()


def bring(body: bytes) -> int:
    """An import that waits for a worker."""
    at = clock.now()
    bringer = importing.upload(BytesIO(body), "people.csv", at=at)
    mapping = {"name": "name", "email": "email", "qq": "qq"}
    importing.describe(bringer.id, mapping=mapping, site=SITE, basis="public profile")
    importing.start(bringer.id, at=at)
    number = bringer.id
    session().commit()
    return number


def bring_in(total: int) -> list[int]:
    """People who are there already when the work begins."""
    bring(found(total))
    jobs.run_due.run()
    return list(session().scalars(select(Source.person_id).where(Source.site == SITE).order_by(Source.person_id)))


class Importing:
    """Rows arrive once each, and what is refused is told once each."""

    known_every, refused_every = 40, 50

    def __init__(self, rows: int = 20_000) -> None:
        self.rows = rows
        self.id = 0

    def prepare(self) -> None:
        body = found(self.rows, known_every=self.known_every, refused_every=self.refused_every)
        self.id = bring(body)

    def progress(self) -> float:
        done, total = session().execute(select(Job.done, Job.total).where(Job.kind == "people.import")).one()
        return done / (total or 1)

    def done(self) -> bool:
        return state_of("people.import") is JobState.DONE

    def check(self) -> None:
        bringer = session().get_one(PeopleImport, self.id)
        refused = self.rows // self.refused_every
        both = sum(1 for n in range(1, self.rows + 1) if n % self.known_every == 0 and n % self.refused_every == 0)
        known = self.rows // self.known_every - both
        after_refused = sum(
            1 for n in range(1, self.rows + 1) if n % self.known_every == 0 and (n - 1) % self.refused_every == 0
        )
        new = self.rows - refused - known + after_refused
        assert importing.counts(bringer) == {
            "read": self.rows, "new": new, "known": known - after_refused, "merge_proposals": 0, "refused": refused,
        }  # fmt: skip
        assert count(ImportedPerson, ImportedPerson.import_id == self.id, ImportedPerson.created) == new
        assert count(Person, Person.name.like("person %")) == new
        assert count(Identity, Identity.kind == "qq") == count(Source) == new
        assert bringer.refused_key is not None
        told = files.path_of(bringer.refused_key).read_text("utf-8-sig").splitlines()
        assert len(told) == len(set(told)) == refused + 1


class Campaigning:
    """Each person is written to once; letters that were leaving at the kill are uncertain and stay so."""

    def __init__(self, sink: Sink, people: int = 200, *, connections: int = 2, depth: int = 5) -> None:
        self.sink, self.people = sink, people
        self.connections, self.depth = connections, depth
        self.most_uncertain = 0

    @property
    def settings(self) -> dict[str, str]:
        return {
            "SMTP_URL": self.sink.url,
            "MAIL_CONNECTIONS": str(self.connections),
            "MAIL_DEPTH": str(self.depth),
        }

    def prepare(self) -> None:
        at = clock.now()
        bring_in(self.people)
        audience = save_audience("everybody", {"site": SITE}, at=at)
        campaign = outreach.create_campaign("Come and try", audience.id, at=at)
        outreach.set_step(campaign.id, Channel.MAIL, "email", {"en": ("Try it", "Hello {{ name }}, will you try it?")})
        outreach.start(campaign.id, at)
        session().commit()

    def progress(self) -> float:
        return len(self.sink.letters) / self.people

    def done(self) -> bool:
        if count(Letter) < self.people or count(Letter, Letter.state.in_(OPEN_LETTERS)):
            return False
        return state_of("outreach.plan") is JobState.DONE

    def killed(self) -> None:
        """At each kill at most so many letters are on their way."""
        self.most_uncertain += self.connections * self.depth

    def check(self) -> None:
        got = Counter(self.sink.letters)
        assert [address for address, times in got.items() if times > 1] == [], "a letter was sent twice"
        states = Counter(session().scalars(select(Letter.state)))
        assert sum(states.values()) == self.people
        assert set(states) <= {LetterState.SENT, LetterState.UNCERTAIN}
        assert states[LetterState.UNCERTAIN] <= self.most_uncertain
        sent = set(session().scalars(select(Letter.identity_value).where(Letter.state == LetterState.SENT)))
        unsure = set(session().scalars(select(Letter.identity_value).where(Letter.state == LetterState.UNCERTAIN)))
        assert sent <= set(got), "a letter counts as sent that nobody got"
        assert set(got) - sent <= unsure, "somebody got a letter that is not accounted for"
        assert count(Touch) == len(sent)


class Opening:
    """Every tester has access and one letter, wave by wave, and the release is open."""

    def __init__(self, testers: int = 3_000) -> None:
        self.testers = testers
        self.release_id = 0

    def prepare(self) -> None:
        at = clock.now()
        accept_agreement(bring_in(self.testers), at=at)
        build = register_build("android", "1.0.1", {"en": "What you asked for"}, at=at)
        steps = (Step(WaveKind.STAFF), Step(WaveKind.SHARE, percent=30), Step(WaveKind.EVERYBODY))
        course, local = Course(freeze_hours=48, steps=steps), at.time().replace(tzinfo=None)
        train = create_train("Orange Friday", "android", 4, local, "Asia/Shanghai", at=at, course=course)
        week = week_of(at + timedelta(weeks=2), required().tz)
        self.release_id = plan_release(train.id, week, build_id=build.id, at=at).id
        start_opening(self.release_id, at)
        session().commit()

    def progress(self) -> float:
        return count(BuildAccess) / self.testers

    def done(self) -> bool:
        opened = session().get_one(Release, self.release_id).state is ReleaseState.OPEN
        return opened and not count(Letter, Letter.state.in_(OPEN_LETTERS))

    def check(self) -> None:
        testers = set(session().scalars(select(Source.person_id)))
        assert testers <= set(session().scalars(select(BuildAccess.person_id)))
        assert count(Wave, Wave.done_at.is_not(None)) == count(Wave) == 3
        written = Counter(session().scalars(select(Letter.person_id).where(Letter.occasion == mark(self.release_id))))
        assert testers <= set(written), "a tester has no letter"
        assert set(written.values()) == {1}, "a tester has two letters"
        assert count(Touch, Touch.letter_id.is_not(None)) == count(Letter, Letter.state == LetterState.SENT)


@contextmanager
def looking_at(run: Served) -> Iterator[Flask]:
    """The program's database, seen from here through an application of our own."""
    app = create_app(read(run.env), TESTING=True)
    with app.app_context():
        yield app
        disconnect()


def look(question: Callable[[], Any]) -> Any:
    """What others have committed by now, seen in a snapshot that keeps nobody waiting."""
    session().rollback()
    with reading():
        found = question()
        session().rollback()
    return found


def let_leases_run_out() -> None:
    """As if a minute had gone by: who held them is dead. One worker looks for them, as each does every few seconds."""
    past = clock.now() - LONG_AGO
    session().execute(update(Job).where(Job.lease_until.is_not(None)).values(lease_until=past))
    session().execute(update(Letter).where(Letter.lease_until.is_not(None)).values(lease_until=past))
    session().commit()
    sweep_leases.run()


def kill_web_and_worker(run: Served, rng: Random) -> None:
    """All processes but the one which starts them again, in any order; waits until none of them lives."""
    doomed = [*run.named("gunicorn"), *run.named("celery")]
    rng.shuffle(doomed)
    for pid in doomed:
        kill(pid)
    wait_until(lambda: not set(doomed) & {*run.processes()}, 10, "the killed to be gone")


def stop_and_start(run: Served, _rng: Random) -> None:
    """SIGTERM, as on a deployment: within ten seconds nothing is on its way any more, and nothing is in doubt."""
    run.tell(SIGTERM)
    assert run.ended(10 / PATIENCE) == 0
    assert run.processes() == {}


def kill_one(run: Served, rng: Random) -> None:
    """One process of web or worker, whichever: the others go on, and it is started again."""
    doomed = rng.choice([*run.named("gunicorn"), *run.named("celery")])
    kill(doomed)
    wait_until(lambda: doomed not in run.processes(), 10, "the killed to be gone")


def cut_database(run: Served, _rng: Random) -> None:
    """PostgreSQL ends every connection, as when it is restarted: whatever was not committed is gone."""
    plain = make_url(run.env["DATABASE_URL"]).set(drivername="postgresql")
    with psycopg.connect(plain.render_as_string(hide_password=False), autocommit=True) as server:
        server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid != pg_backend_pid()"
        )
    disconnect()


def crash(server: Fragile) -> Strike:
    """A server of one's own ends without a farewell and is started again."""

    def strike(_run: Served, _rng: Random) -> None:
        server.restart()
        disconnect()

    return strike


def survive(
    work: Work,
    folder: Path,
    settings: Mapping[str, str],
    *,
    moment: float,
    rng: Random,
    seconds: float = 60,
    strike: Strike = kill_web_and_worker,
    in_doubt: bool = True,
) -> float:
    """Starts the program, strikes when the work's progress has reached `moment`, waits for the end.

    Returns the progress at which the kill struck. `in_doubt`: what was on its way then may be uncertain afterwards.
    """

    run = Served(folder, "run", **{"SMTP_URL": "mailbox://", **settings})
    with looking_at(run):
        upgrade()
        create_programme(
            "Orange",
            "Asia/Shanghai",
            ["en"],
            "Lin",
            "lin@orange.example",
            at=clock.now(),
            postal_address="68 Qinghe Street",
        )
        programme_is_reachable()
        work.prepare()
        with serving(run):
            wait_until(lambda: look(work.progress) >= moment, seconds, f"progress {moment:.2f}")
            workers = {*run.named("celery")}
            strike(run, rng)
            struck = float(look(work.progress))
            if isinstance(work, Campaigning) and in_doubt:
                work.killed()
            if not workers <= {*run.processes()}:
                let_leases_run_out()
            if not run.processes():
                run.start()
            wait_until(lambda: look(work.done), seconds, "the work to be done")
            run.up()
            run.tell(SIGINT)
            assert run.ended(15) == 0
            assert run.processes() == {}
        look(work.check)
    return struck


def programme_is_reachable() -> None:
    """Letters of a campaign need an address to come from and a postal one."""
    made = required()
    made.mail_from, made.postal_address = "seedbed@orange.example", "1 Seed Street, Beijing"
    session().commit()


@contextmanager
def serving(run: Served) -> Iterator[Served]:
    try:
        yield run.start()
    except AssertionError as error:
        raise AssertionError(f"{error}\n{run.said()[-3000:]}") from error
    finally:
        run.sweep()


__all__ = [
    "Campaigning",
    "Importing",
    "Opening",
    "Served",
    "Sink",
    "Strike",
    "Work",
    "crash",
    "cut_database",
    "kill_one",
    "served",
    "stop_and_start",
    "survive",
]
