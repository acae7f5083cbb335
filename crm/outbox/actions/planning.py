"""Letters come into being: once per person and occasion, however often they are planned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Table, select

from crm.core import programme
from crm.core.bulk import among, chunks, load
from crm.core.db import session
from crm.core.wake import wake_after_commit
from crm.outbox.models import CampaignRefusal, Letter, Wording
from crm.outbox.queries.wordings import in_language, missing, wordings_of
from crm.outbox.rules import HELD, HELD_UNTIL, Channel, Lane, LetterState
from crm.people.models import Person
from crm.people.queries import Addressed, addresses, barred_addresses

SEND_DUE = "crm.outbox.tasks.send_due"
CHUNK = 5000
TABLE: Table = Letter.__table__  # type: ignore[assignment]  # a declarative class's table is a Table
COLUMNS = (
    "person_id",
    "occasion",
    "channel",
    "lane",
    "state",
    "wording_id",
    "values",
    "identity_kind",
    "identity_value",
    "sender_id",
    "origin_id",
    "queued_at",
    "due_at",
    "expires_at",
    "attempts",
    "ended_at",
    "reason",
)


@dataclass(frozen=True, slots=True)
class NewLetter:
    """A letter to be planned. Without `due_at` it is due at once; after `expires_at` it is of no use."""

    person_id: int
    occasion: str
    channel: Channel
    lane: Lane
    wording_id: int
    values: Mapping[str, Any]
    identity_kind: str
    identity_value: str
    origin_id: int | None = None
    sender_id: int | None = None
    due_at: datetime | None = None
    expires_at: datetime | None = None


def _to(letter: NewLetter) -> Addressed:
    return letter.person_id, letter.identity_kind, letter.identity_value


def _barred(letters: Sequence[NewLetter]) -> dict[tuple[Addressed, Lane], str]:
    """What must not be written, and why: nothing to the list but what they asked for, and no more campaigns."""
    asked_for_nothing = {_to(letter) for letter in letters if letter.lane is not Lane.ASKED}
    no_campaigns = select(CampaignRefusal.person_id).where(
        among(CampaignRefusal.person_id, {letter.person_id for letter in letters if letter.lane is Lane.CAMPAIGN})
    )
    refused = set(session().scalars(no_campaigns))
    found = {(to, Lane.CAMPAIGN): "no_campaigns" for to in asked_for_nothing if to[0] in refused}
    for to in barred_addresses(asked_for_nothing):
        found[to, Lane.NOTICE] = found[to, Lane.CAMPAIGN] = "suppressed"
    return found


def _texts(letters: Sequence[NewLetter]) -> dict[int, tuple[str, str]]:
    """Subject and body of the wordings of campaigns: only their letters wait for a value that they lack."""
    ids = {letter.wording_id for letter in letters if letter.lane is Lane.CAMPAIGN}
    if not ids:
        return {}
    rows = session().execute(select(Wording.id, Wording.subject, Wording.body).where(Wording.id.in_(ids)))
    return {row.id: (row.subject, row.body) for row in rows}


def _rows(
    letters: Sequence[NewLetter],
    barred: Mapping[tuple[Addressed, Lane], str],
    texts: Mapping[int, tuple[str, str]],
    at: datetime,
) -> Iterator[tuple[Any, ...]]:
    """Asks the database nothing: a COPY is under way while it runs."""
    for new in letters:
        stopped = barred.get((_to(new), new.lane))
        lacks = missing(texts[new.wording_id], new.values) if new.wording_id in texts and not stopped else []
        yield (
            new.person_id,
            new.occasion,
            new.channel,
            new.lane,
            LetterState.SUPPRESSED if stopped else LetterState.QUEUED,
            new.wording_id,
            dict(new.values),
            new.identity_kind,
            new.identity_value,
            new.sender_id,
            new.origin_id,
            at,
            HELD_UNTIL if lacks else new.due_at or at,
            new.expires_at,
            0,
            at if stopped else None,
            HELD + ",".join(lacks) if lacks else stopped,
        )


def plan_letters(letters: Sequence[NewLetter], at: datetime) -> int:
    """Returns how many are new; those of an occasion that the person has already a letter of are passed over.

    Letters to people who must not be written to come into being as suppressed, unless the person has just asked.
    A campaign's letter that lacks a value is held until a person fills it in.
    """
    new = 0
    for chunk in chunks(letters, CHUNK):
        new += load(TABLE, COLUMNS, _rows(chunk, _barred(chunk), _texts(chunk), at), ignore_known=True)
    if any(letter.channel is Channel.MAIL for letter in letters):
        wake_after_commit(SEND_DUE)
    return new


def write_letter(
    person_id: int,
    occasion: str,
    wording_key: str,
    values: Mapping[str, Any],
    *,
    lane: Lane,
    at: datetime,
    expires_at: datetime | None = None,
    to: str | None = None,
    sender_id: int | None = None,
) -> int | None:
    """One letter by mail, in the person's language; its number, or None when we know no address of theirs.

    `to`: an address that was proved, where any of theirs will not do. Raises LookupError when no wording has this key.
    """
    address = to or addresses([person_id], "email").get(person_id)
    if address is None:
        return None
    wordings = wordings_of(wording_key)
    if not wordings:
        raise LookupError(f"no wording is called {wording_key}: put_wording makes it")
    language = session().scalar(select(Person.language).where(Person.id == person_id))
    letter = NewLetter(
        person_id=person_id,
        occasion=occasion,
        channel=Channel.MAIL,
        lane=lane,
        wording_id=in_language(wordings, language, programme.required().languages),
        values=values,
        identity_kind="email",
        identity_value=address,
        sender_id=sender_id,
        expires_at=expires_at,
    )
    plan_letters([letter], at)
    return session().scalar(select(Letter.id).where(Letter.person_id == person_id, Letter.occasion == occasion))
