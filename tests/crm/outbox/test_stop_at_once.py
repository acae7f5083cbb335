"""A campaign is stopped while a worker hands back what it has just taken, on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from flask import Flask
from sqlalchemy import update

from crm.core.db import disconnect, session, start_writing
from crm.outbox.actions.claiming import hand_back, set_pace, stop_leaving, take_due
from crm.outbox.models import Letter
from crm.outbox.rules import Channel
from tests.crm.outbox.test_at_once import queue_of
from tests.databases import waits
from tests.make import T0

LATER = T0 + timedelta(hours=1)


def test_a_stop_and_a_worker_never_wait_for_each_other(house: Flask) -> None:
    """Its pace was lifted meanwhile, so that the worker holds its letters alone."""
    with house.app_context():
        start_writing()
        campaign = queue_of(40)
        session().execute(update(Letter).values(channel=Channel.MAIL))
        set_pace(campaign, None, 100, paused=False, at=T0)
        assert len(take_due(T0, 20)) == 20
        set_pace(campaign, None, None, paused=False, at=T0)
        session().commit()
        disconnect()

    def stop() -> None:
        with house.app_context():
            start_writing()
            stop_leaving(campaign, LATER)
            session().commit()

    with ThreadPoolExecutor(1) as pool, house.app_context():
        start_writing()
        taken = take_due(LATER, 2)
        assert len(taken) == 2
        other = pool.submit(stop)
        assert waits(other), "for the letters"
        hand_back(taken)
        session().commit()
        other.result(20)
        disconnect()
