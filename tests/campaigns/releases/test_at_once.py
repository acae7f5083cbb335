"""Two managers at one release, each with a browser and a connection of their own, on both databases."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import time
from threading import Barrier

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from campaigns.releases.actions import create_train, plan_release
from campaigns.releases.models import Release
from campaigns.releases.rules import ReleaseState, mark
from crm.accounts.actions import open_session
from crm.accounts.rules import COOKIE
from crm.builds.actions import register_build
from crm.builds.models import BuildAccess
from crm.core import clock, jobs
from crm.core.db import disconnect, session, start_writing
from crm.core.jobs import Job
from crm.core.journal import JournalEntry
from crm.outbox.models import Letter
from crm.people.models import Person
from tests import make
from tests.campaigns.releases.cast import NOW, WEEK

ROUNDS = 4
TESTERS = 3


def browser_of(house: Flask, staff: Person) -> FlaskClient:
    client = house.test_client()
    client.set_cookie(COOKIE, open_session(staff.id, as_staff=True, at=clock.now()))
    return client


def test_of_two_managers_who_open_at_once_one_opens_and_the_other_is_told(house: Flask) -> None:
    with house.app_context():
        start_writing()
        browsers = [browser_of(house, make.staff(name)) for name in ("Lin", "Wei")]
        testers = {make.tester(f"T{n}").id for n in range(TESTERS)}
        train = create_train("Orange Friday", "android", 4, time(17), "Asia/Shanghai", at=NOW)
        build = register_build("android", "5.1", {"en": "A new lock screen"}, at=NOW)
        planned = [plan_release(train.id, WEEK + n, build_id=build.id, at=NOW).id for n in range(ROUNDS)]
        session().commit()
        disconnect()
    together = Barrier(len(browsers))

    def press(browser: FlaskClient, release_id: int) -> tuple[int, bool]:
        together.wait()
        answer = browser.post(f"/releases/{release_id}/open", headers={"Accept-Language": "en"})
        return answer.status_code, "has moved on already" in answer.get_data(as_text=True)

    for release_id in planned:
        with ThreadPoolExecutor(len(browsers)) as pool:
            answers = sorted(pool.map(press, browsers, [release_id] * len(browsers)))
        assert answers == [(302, False), (409, True)]
    with house.app_context():
        start_writing()
        assert len(session().scalars(select(Job.id)).all()) == ROUNDS, "nobody's opening is done twice"
        opened = session().scalars(select(JournalEntry.subject).where(JournalEntry.action == "move_release"))
        assert Counter(opened) == {mark(number): 1 for number in planned}
        jobs.run_due.run()
        assert set(session().scalars(select(Release.state))) == {ReleaseState.OPEN}
        assert testers <= set(session().scalars(select(BuildAccess.person_id)))
        letters = Counter(tuple(row) for row in session().execute(select(Letter.occasion, Letter.person_id)))
        assert {(mark(number), who) for number in planned for who in testers} <= set(letters)
        assert set(letters.values()) == {1}
        disconnect()
