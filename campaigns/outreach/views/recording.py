"""What came of a person in the by-hand queue: recorded, skipped with a reason, noted, taken back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from campaigns.outreach.models import Campaign
from campaigns.outreach.queries import campaign_or_404
from campaigns.outreach.views import bp
from campaigns.outreach.views.hand import go_on
from campaigns.outreach.views.queue_page import desk_of, queue_page
from crm.core import clock, programme
from crm.core.db import session
from crm.core.errors import NotThere, NotUnderstood, Refusal
from crm.core.guards import May, staff, viewer
from crm.core.pages import typed
from crm.groups.actions import record_joins, take_back_join
from crm.groups.queries import groups_to_join
from crm.outbox.actions import record_by_hand, undo_by_hand
from crm.outbox.models import HandRecord, Letter
from crm.outbox.queries import letter_or_404
from crm.outbox.rules import SKIPS, HandEnd, LetterState
from crm.people.actions import add_note

LONGEST = 20_000


def _letter_of(campaign: Campaign, letter_id: int) -> Letter:
    letter = letter_or_404(letter_id)
    if letter.origin_id != campaign.origin_id:
        raise NotThere(_("There is no such letter."))
    return letter


def _end() -> HandEnd:
    what = request.form.get("outcome", "")
    if what == "skip":
        what = request.form.get("skip", "")
        if what not in SKIPS:
            raise NotUnderstood(_("Choose why you skip them."))
    if what not in set(HandEnd):
        raise NotUnderstood(_("Choose what came of it."))
    return HandEnd(what)


def _recorded(campaign: Campaign, letter: Letter, end: HandEnd) -> bool:
    """Whether it counts as it stands: a join does once a group is known."""
    text = typed("why" if end in SKIPS else "body").strip()[:LONGEST] or None
    at = programme.moment()
    account = desk_of(campaign, clock.now()).current
    record = record_by_hand(
        letter.id,
        end,
        viewer().person_id,
        at,
        recorded_at=clock.now(),
        account_id=account.sender.id if account is not None else None,
        text=text,
    )
    return end is not HandEnd.JOINED or _into_group(letter, record, at)


@bp.post("/campaigns/<int:campaign_id>/queue/<int:letter_id>")
@staff(May.OUTREACH)
def record(campaign_id: int, letter_id: int) -> Any:
    """What came of it, or why they are skipped; then the next person."""
    campaign = campaign_or_404(campaign_id)
    letter, end = _letter_of(campaign, letter_id), _end()
    try:
        counts = _recorded(campaign, letter, end)
    except Refusal as refusal:
        session().rollback()
        wrong = "why" if end in SKIPS else "group" if request.form.get("group") else ""
        if letter_or_404(letter_id).state is not LetterState.QUEUED:
            wrong = ""
        return queue_page(campaign_or_404(campaign_id), error=str(refusal), wrong=wrong), refusal.status
    if not counts:
        flash(_("They count as joined once they are in a group or accept the agreement."), "info")
    return go_on(campaign_id)


def _into_group(letter: Letter, record: HandRecord, at: datetime) -> bool:
    """Whether a group was chosen; they are in it then. Raises GroupFull, or NotUnderstood for a group that is not
    open.
    """
    chosen = request.form.get("group", "")
    if not chosen:
        return False
    group = next((group for group, _places in groups_to_join() if str(group.id) == chosen), None)
    if group is None:
        raise NotUnderstood(_("Choose one of the groups that are open."))
    if record_joins(group.id, [(letter.person_id, at)], origin_id=letter.origin_id):
        record.before = record.before | {"joined": group.id}
    return True


@bp.post("/campaigns/<int:campaign_id>/queue/undo/<int:record_id>")
@staff(May.OUTREACH)
def undo(campaign_id: int, record_id: int) -> Any:
    """Everything stands as before the record, and the person is on the screen again."""
    campaign = campaign_or_404(campaign_id)
    try:
        taken = undo_by_hand(record_id, viewer().person_id, clock.now(), typed("undo_why"))
    except NotUnderstood as refusal:
        session().rollback()
        return queue_page(campaign_or_404(campaign_id), error=str(refusal), wrong="undo_why"), refusal.status
    if _letter_of(campaign, taken.letter_id) and (group := taken.before.get("joined")):
        take_back_join(group, taken.person_id, taken.at)
    session().commit()
    flash(_("Taken back: everything stands as before."), "success")
    return redirect(url_for("outreach.queue", campaign_id=campaign_id))


@bp.post("/campaigns/<int:campaign_id>/queue/<int:letter_id>/note")
@staff(May.OUTREACH)
def note(campaign_id: int, letter_id: int) -> Response:
    """A note on the person, who stays on the screen."""
    letter = _letter_of(campaign_or_404(campaign_id), letter_id)
    add_note(letter.person_id, typed("note")[:LONGEST], at=programme.moment(), author_id=viewer().person_id)
    session().commit()
    flash(_("Noted."), "success")
    return redirect(url_for("outreach.queue", campaign_id=campaign_id))
