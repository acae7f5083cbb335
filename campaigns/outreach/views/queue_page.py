"""The page of a queue by hand: as whom it is worked, who is on the screen, who holds whom, what was done today."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from flask import render_template, request
from sqlalchemy import Row, select

from campaigns.outreach.models import Campaign, CampaignStep
from campaigns.outreach.rules import app_url, profile_url
from crm.core import clock, programme
from crm.core.db import session
from crm.core.guards import May, viewer
from crm.groups.queries import groups_to_join
from crm.invites.queries import qr_picture
from crm.outbox.models import Letter
from crm.outbox.queries import count_by_hand
from crm.outbox.queries.accounts import Account, accounts_over
from crm.outbox.queries.hand import account_as_column, can_be_undone, done_since, holders, on_screen, remarks
from crm.outbox.queries.rendering import render
from crm.outbox.queries.words import ENDS, channel_word
from crm.outbox.rules import SKIPS, UNDO_WITHIN, Channel


@dataclass(frozen=True, slots=True)
class Desk:
    """The accounts that may work a queue. `current`: as which this person does; `bare`: channels without an account."""

    mine: tuple[Account, ...]
    others: int
    current: Account | None
    bare: tuple[str, ...]

    @property
    def needs_account(self) -> bool:
        return bool(self.mine or self.others)

    @property
    def offers(self) -> bool:
        """Whether it may offer somebody new."""
        return self.current.has_room if self.current is not None else not self.needs_account

    @property
    def with_room(self) -> list[Account]:
        return [one for one in self.mine if one.has_room and one is not self.current]


def desk_of(campaign: Campaign, at: datetime) -> Desk:
    chosen = account_as_column(viewer().person_id, campaign.origin_id)
    steps = session().execute(
        select(CampaignStep.identity_kind, CampaignStep.sender_id, chosen).where(
            CampaignStep.campaign_id == campaign.id, CampaignStep.channel == Channel.HAND
        )
    )
    every = [(row[0], row[1], row[2]) for row in steps]
    rows, known = [(kind, sender) for kind, sender, _known in every], next((row[2] for row in every), None)
    found = accounts_over({kind for kind, _sender in rows}, at)
    named = {sender for _kind, sender in rows}
    meant = [one for one in found if None in named or one.sender.id in named]
    mine = [one for one in meant if one.is_for(viewer().person_id)]
    order = sorted(mine, key=lambda one: (one.sender.id != known, not one.has_room, not one.may_send))
    covered = {one.sender.channel for one in found}
    bare = sorted({channel_word(kind) for kind, _sender in rows if kind not in covered})
    return Desk(tuple(mine), len(meant) - len(mine), order[0] if order else None, tuple(bare))


def _today(at: datetime) -> datetime:
    zone = programme.required().tz
    return datetime.combine(at.astimezone(zone).date(), time(), zone)


def _profile(letter: Letter, desk: Desk) -> str | None:
    """The account knows best where its forum shows a member."""
    if desk.current is not None and "{}" in desk.current.sender.address:
        return profile_url(letter.identity_kind, letter.identity_value, desk.current.sender.address)
    return profile_url(letter.identity_kind, letter.identity_value)


def _person(row: Row[*tuple[Any, ...]], desk: Desk) -> dict[str, Any]:
    letter: Letter = row[0]
    return {
        "letter": letter,
        "person": row[1],
        "found": " · ".join(part for part in (row.site, row.board) if part),
        "remarks": remarks(letter.person_id, letter.id),
        "rendered": render(letter, row[2]),
        "channel": channel_word(letter.identity_kind),
        "profile": _profile(letter, desk),
        "app": app_url(letter.identity_kind, letter.identity_value),
        "groups": groups_to_join(),
        "link": (link := str((letter.values or {}).get("link", ""))),
        "qr": qr_picture(link) if link else None,
    }


def queue_page(campaign: Campaign, *, error: str = "", wrong: str = "") -> str:
    """`error`: why what the form says was not recorded; `wrong` names the field. It is shown with what was typed."""
    at, me = clock.now(), viewer().person_id
    desk = desk_of(campaign, at)
    shut = desk.needs_account and (desk.current is None or not desk.current.may_send)
    shown = None if shut else on_screen(me, campaign.origin_id, at)
    return render_template(
        "outreach/queue.html",
        campaign=campaign,
        desk=desk,
        left=count_by_hand(campaign.origin_id, at),
        undoable=can_be_undone(me, campaign.origin_id, at),
        undo_minutes=int(UNDO_WITHIN.total_seconds() // 60),
        holders=holders(campaign.origin_id, at),
        done=done_since(_today(at), me),
        may_free=viewer().may(May.ACCOUNTS),
        channel_word=channel_word,
        ends=ENDS,
        skips=[(one.value, ENDS[one]) for one in SKIPS],
        said=request.form.get("body", ""),
        chosen=request.form.get("group", ""),
        why=request.form.get("why", ""),
        skip=request.form.get("skip", SKIPS[0].value),
        error=error,
        wrong=wrong,
        **(_person(shown, desk) if shown is not None else {"letter": None}),
    )
