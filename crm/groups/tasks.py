"""What groups do by themselves."""

from __future__ import annotations

from celery import shared_task

from crm.core import clock
from crm.core.db import session
from crm.core.matrix import MatrixTrouble
from crm.core.sealed import SealBroken
from crm.groups.actions import connected, note_trouble, reading_of, take_news
from crm.groups.actions import give_places as give


@shared_task
def give_places() -> int:
    """Ends places that nobody took, and gives free ones to who waits."""
    given = give(clock.now())
    session().commit()
    return given


@shared_task
def read_rooms() -> int:
    """Reads each connected Matrix room as far as it is now; returns how many could be read."""
    rooms = connected()
    session().commit()
    return sum(read_room(group_id) for group_id in rooms)


def read_room(group_id: int) -> bool:
    """The homeserver is asked outside of any transaction: a slow one holds up nobody."""
    try:
        reading = reading_of(group_id)
        session().commit()
        if reading is None:
            return False
        news = reading.server.news(reading.room, reading.since)
    except (MatrixTrouble, SealBroken) as trouble:
        session().rollback()
        note_trouble(group_id, trouble, clock.now())
        session().commit()
        return False
    if take_news(reading, news, clock.now()) is None:
        session().rollback()
        return False
    session().commit()
    return True
