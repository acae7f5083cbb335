"""A group's Matrix room: connected by staff, read piece by piece.

What was read and how far it is (`since`) commit together, so that after kill -9 the next run reads the same piece
again, and the events of a piece that was taken are known by their ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from flask_babel import gettext as _
from sqlalchemy import select, update

from crm.core import journal
from crm.core.db import session
from crm.core.errors import NotUnderstood, Refusal
from crm.core.matrix import Homeserver, MatrixTrouble, News, Raw
from crm.core.sealed import SealBroken, seal, unseal
from crm.groups.actions.groups import hold
from crm.groups.actions.room_events import take_events
from crm.groups.models import MatrixRoom
from crm.groups.queries import matrix_room_of
from crm.groups.rules import EventKind, RoomEvent, Told
from crm.invites.rules import codes_in
from crm.people.identities import normalise

PURPOSE = "matrix-token"
LOCAL = ("localhost", "127.0.0.1", "::1")
MEMBERSHIPS = {
    "join": EventKind.JOIN,
    "leave": EventKind.LEAVE,
    "ban": EventKind.LEAVE,
    "knock": EventKind.CLAIM,
}


class NotConnected(Refusal):
    """The homeserver refused, or the account is not in the room; told with what to do."""

    status = 422


@dataclass(frozen=True, slots=True)
class Reading:
    """What is needed to read a room, away from the database."""

    group_id: int
    server: Homeserver
    room: str
    account: str
    since: str | None


def tidy_homeserver(written: str) -> str:
    """Raises NotUnderstood. A token travels over https, except to this machine."""
    parts = urlsplit(written.strip())
    if not parts.hostname or parts.scheme not in ("https", "http") or parts.username:
        raise NotUnderstood(_("Write the homeserver's address as https://matrix.example.org"))
    if parts.scheme == "http" and parts.hostname not in LOCAL:
        raise NotUnderstood(_("Over http the token could be read on the way: use https."))
    return f"{parts.scheme}://{parts.netloc}"


def connect_room(group_id: int, homeserver: str, room: str, token: str, *, at: datetime) -> MatrixRoom:
    """Asks the homeserver who the token is and whether they are in the room. An empty token keeps the one stored.

    Raises NotUnderstood, NotConnected.
    """
    server, known = tidy_homeserver(homeserver), matrix_room_of(group_id)
    if not token and (known is None or known.homeserver != server):
        raise NotUnderstood(_("Enter the access token of the account that reads the room."))
    secret = token.strip() or unseal(PURPOSE, known.sealed if known is not None else "")
    account, number = _asked(Homeserver(server, secret), room.strip())
    hold(group_id)
    if known is None:
        known = MatrixRoom(group_id=group_id)
        session().add(known)
    if known.room != number or known.homeserver != server:
        known.since = known.read_at = None
    known.homeserver, known.room, known.account = server, number, account
    known.sealed, known.trouble = seal(PURPOSE, secret), ""
    session().flush()
    journal.record("connect_matrix", f"chat_group:{group_id}", at=at, after={"homeserver": server, "room": number})
    return known


def _asked(server: Homeserver, room: str) -> tuple[str, str]:
    """The account and the room's number."""
    try:
        account, number = server.account(), server.room_of(room)
        is_inside = number in server.joined_rooms()
    except MatrixTrouble as trouble:
        raise NotConnected(_("The homeserver says: %(trouble)s", trouble=str(trouble))) from trouble
    if not is_inside:
        raise NotConnected(_("%(account)s is not in this room: invite it and let it join.", account=account))
    return account, number


def disconnect_room(group_id: int, at: datetime) -> None:
    known = matrix_room_of(group_id)
    if known is not None:
        session().delete(known)
        session().flush()
        journal.record("disconnect_matrix", f"chat_group:{group_id}", at=at)


def connected() -> list[int]:
    """The groups whose rooms are read, the one that was read longest ago first."""
    order = (MatrixRoom.read_at.is_not(None), MatrixRoom.read_at, MatrixRoom.group_id)
    return list(session().scalars(select(MatrixRoom.group_id).order_by(*order)))


def reading_of(group_id: int) -> Reading | None:
    """Raises SealBroken. None when it was disconnected meanwhile."""
    room = matrix_room_of(group_id)
    if room is None:
        return None
    server = Homeserver(room.homeserver, unseal(PURPOSE, room.sealed))
    return Reading(group_id, server, room.room, room.account, room.since)


def take_news(reading: Reading, news: News, at: datetime) -> list[Told] | None:
    """Records what was read and moves `since` by compare-and-set; None when another worker has read this piece."""
    hold(reading.group_id)
    moved = session().scalar(
        update(MatrixRoom)
        .where(MatrixRoom.group_id == reading.group_id, MatrixRoom.since.is_not_distinct_from(reading.since))
        .values(since=news.next, read_at=at, trouble=_("The account has left the room.") if news.has_left else "")
        .returning(MatrixRoom.group_id)
        .execution_options(synchronize_session=False)
    )
    if moved is None:
        return None
    return take_events(reading.group_id, as_events(news.events, reading.account, at), at)


def note_trouble(group_id: int, trouble: MatrixTrouble | SealBroken, at: datetime) -> None:
    """Shown on the group's page and on Home until the room can be read again."""
    changed = update(MatrixRoom).where(MatrixRoom.group_id == group_id).values(trouble=str(trouble), read_at=at)
    session().execute(changed.execution_options(synchronize_session=False))


def as_events(raws: Iterable[Raw], account: str, at: datetime) -> Sequence[RoomEvent]:
    """The joins, leaves and codes among a room's events. Times of other servers never run backwards or ahead of us."""
    found: dict[str, RoomEvent] = {}
    last = datetime.fromtimestamp(0, UTC)
    for raw in raws:
        event = _event(raw, account)
        if event is None or event.id in found:
            continue
        last = min(at, max(last, event.at))
        found[event.id] = RoomEvent(event.id, event.kind, last, event.identity, event.name, event.codes)
    return list(found.values())


def _event(raw: Raw, account: str) -> RoomEvent | None:
    content = raw.get("content")
    content = content if isinstance(content, dict) else {}
    member = raw.get("type") == "m.room.member"
    who = _text(raw.get("state_key") if member else raw.get("sender"))
    kind = MEMBERSHIPS.get(_text(content.get("membership"))) if member else EventKind.CLAIM
    written = [_text(content.get(name)) for name in (("displayname", "reason") if member else ("body",))]
    codes = tuple(codes_in(*written))
    if kind is None or who == account or (kind is EventKind.CLAIM and not codes):
        return None
    try:
        identity = ("matrix", normalise("matrix", who))
    except NotUnderstood:
        return None
    stamp = raw.get("origin_server_ts")
    seconds = stamp / 1000 if isinstance(stamp, int) and 0 <= stamp < 1 << 42 else 0
    at = datetime.fromtimestamp(seconds, UTC)
    return RoomEvent(_text(raw.get("event_id")), kind, at, identity, written[0] if member else "", codes)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
