"""Making invite links, many at once, and noting that one was opened."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, func, text, update

from crm.core.db import UtcDateTime, is_postgres, session
from crm.invites.models import Invite
from crm.invites.queries import codes_of
from crm.invites.rules import ALPHABET, LENGTH

MAKE = {
    True: "INSERT INTO invite (code, origin_id, person_id, variant, sender_id, made_at, opened)"
    " SELECT code, :origin, person_id, variant, sender_id, :at, 0"
    " FROM jsonb_to_recordset(CAST(:rows AS jsonb))"
    " AS wanted(code text, person_id bigint, variant text, sender_id bigint)"
    " ORDER BY person_id ON CONFLICT DO NOTHING",
    False: "INSERT INTO invite (code, origin_id, person_id, variant, sender_id, made_at, opened)"
    " SELECT value ->> 'code', :origin, value ->> 'person_id', value ->> 'variant', value ->> 'sender_id', :at, 0"
    " FROM json_each(:rows) WHERE true ON CONFLICT DO NOTHING",
}
"""A chunk of links in one statement, on PostgreSQL and on SQLite."""
Wanted = tuple[int, str, int | None]


def new_code() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def make_invites(origin_id: int, wanted: Sequence[Wanted], at: datetime) -> dict[int, str]:
    """The code of each person's link from this origin; `wanted` is (person, variant, sender).

    Who has one keeps it, with the variant and sender it was made for.
    """
    known = codes_of(origin_id, [person_id for person_id, _variant, _sender in wanted])
    statement = text(MAKE[is_postgres()]).bindparams(bindparam("at", type_=UtcDateTime()))
    while missing := [one for one in wanted if one[0] not in known]:  # again only where a code was taken: never yet
        rows = [
            {"code": new_code(), "person_id": person_id, "variant": variant, "sender_id": sender_id}
            for person_id, variant, sender_id in missing
        ]
        session().execute(statement, {"origin": origin_id, "at": at, "rows": json.dumps(rows)})
        known |= codes_of(origin_id, [one[0] for one in missing])
    return known


def note_opening(invite_id: int, at: datetime) -> None:
    """Counts one opening; the first stays the first."""
    session().execute(
        update(Invite)
        .where(Invite.id == invite_id)
        .values(opened=Invite.opened + 1, first_opened_at=func.coalesce(Invite.first_opened_at, at), last_opened_at=at)
        .execution_options(synchronize_session=False)
    )


def note_said_joined(invite_id: int, at: datetime) -> None:
    """The person says that they are in the group. Staff see it beside the link; it makes no stay."""
    session().execute(
        update(Invite)
        .where(Invite.id == invite_id, Invite.said_joined_at.is_(None))
        .values(said_joined_at=at)
        .execution_options(synchronize_session=False)
    )
