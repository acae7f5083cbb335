"""Whose invite link a code is, who has opened theirs, and which one brought somebody."""

from __future__ import annotations

import base64
import io
from collections.abc import Collection, Iterable
from typing import Any

import segno
from sqlalchemy import select

from crm.core.bulk import among
from crm.core.db import session
from crm.core.tokens import whole_address
from crm.invites.models import Invite
from crm.people.models import Origin


def address_of(code: str) -> str:
    return whole_address(f"/i/{code}")


def by_code(code: str) -> Invite | None:
    """`code` as `tidy_code` gives it."""
    return session().scalar(select(Invite).where(Invite.code == code))


def by_codes(codes: Iterable[str]) -> dict[str, Invite]:
    """Those of these codes that exist."""
    wanted = sorted(set(codes))
    return {one.code: one for one in session().scalars(select(Invite).where(Invite.code.in_(wanted)))} if wanted else {}


def codes_of(origin_id: int, person_ids: Collection[int]) -> dict[int, str]:
    """The codes of these people's links from one campaign's origin."""
    wanted = select(Invite.person_id, Invite.code).where(
        Invite.origin_id == origin_id, among(Invite.person_id, person_ids)
    )
    return {row[0]: row[1] for row in session().execute(wanted)}


def opened_of(origin_id: int, person_ids: Collection[int]) -> set[int]:
    """Those of these people who have opened their link from this campaign's origin."""
    wanted = select(Invite.person_id).where(
        Invite.origin_id == origin_id, Invite.first_opened_at.is_not(None), among(Invite.person_id, person_ids)
    )
    return set(session().scalars(wanted))


def last_touches(person_ids: Collection[int]) -> dict[int, tuple[int, int]]:
    """(invite, origin) of the link that each of these people opened last: what a join is put down to."""
    wanted = (
        select(Invite.person_id, Invite.id, Invite.origin_id)
        .where(Invite.last_opened_at.is_not(None), among(Invite.person_id, person_ids))
        .order_by(Invite.last_opened_at, Invite.id)
    )
    return {person_id: (invite_id, origin_id) for person_id, invite_id, origin_id in session().execute(wanted)}


def invites_of(person_id: int, limit: int) -> list[tuple[Invite, str]]:
    """A person's links with the campaign's title, the newest first."""
    wanted = (
        select(Invite, Origin.title)
        .join(Origin, Origin.id == Invite.origin_id)
        .where(Invite.person_id == person_id)
        .order_by(Invite.id.desc())
        .limit(limit)
    )
    return [(invite, title) for invite, title in session().execute(wanted)]


def qr(text: str, kind: str = "svg", scale: int = 5) -> bytes:
    """A QR code as SVG or PNG; black on white in every theme, or cameras fail to read it."""
    out = io.BytesIO()
    words: dict[str, Any] = {"scale": scale, "border": 3, "light": "white", "dark": "black"}
    segno.make(text, error="m", micro=False).save(out, kind=kind, **words)
    return out.getvalue()


def qr_picture(text: str) -> str:
    """The same for a page: an SVG as a data address."""
    return "data:image/svg+xml;base64," + base64.b64encode(qr(text)).decode()


def shown(invite: Invite, title: str) -> dict[str, Any]:
    """What templates/invites/_link.html shows of a link."""
    address = address_of(invite.code)
    return {"invite": invite, "title": title, "address": address, "qr": qr_picture(address)}
