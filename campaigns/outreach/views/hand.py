"""The by-hand queue: the next person, their text ready to copy, and what came of it."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from campaigns.outreach.models import Campaign
from campaigns.outreach.queries import campaign_or_404
from campaigns.outreach.rules import profile_url
from campaigns.outreach.views import bp
from crm.core import clock, journal, programme
from crm.core.db import session
from crm.core.errors import NotUnderstood, Refusal
from crm.core.guards import May, staff, viewer
from crm.core.pages import typed
from crm.groups.actions import record_joins
from crm.groups.queries import groups_to_join
from crm.invites.queries import shown_of
from crm.outbox.actions import finish_by_hand, next_by_hand, put_off
from crm.outbox.models import Letter, Wording
from crm.outbox.queries import count_by_hand, held_by, letter_or_404
from crm.outbox.queries.rendering import render
from crm.outbox.queries.words import channel_word
from crm.outbox.rules import Outcome
from crm.people.models import Person, Source


@bp.get("/campaigns/<int:campaign_id>/queue")
@staff(May.OUTREACH)
def queue(campaign_id: int) -> str:
    campaign = campaign_or_404(campaign_id)
    letter = held_by(viewer().person_id, campaign.origin_id, clock.now())
    return _page(campaign, letter)


def _page(campaign: Campaign, letter: Letter | None, error: str = "") -> str:
    """`error`: why what the form says was not recorded; it is shown with what was typed."""
    left = count_by_hand(campaign.origin_id, clock.now())
    if letter is None:
        return render_template("outreach/queue.html", campaign=campaign, letter=None, left=left)
    person = session().get_one(Person, letter.person_id)
    source = session().query(Source).filter_by(person_id=person.id).order_by(Source.found_at).first()
    return render_template(
        "outreach/queue.html",
        campaign=campaign,
        letter=letter,
        left=left,
        person=person,
        source=source,
        rendered=render(letter, session().get_one(Wording, letter.wording_id)),
        channel=channel_word(letter.identity_kind),
        profile=profile_url(letter.identity_kind, letter.identity_value),
        groups=groups_to_join(),
        one=shown_of(campaign.origin_id, person.id),
        said=request.form.get("body", ""),
        chosen=request.form.get("group", ""),
        error=error,
    )


def _next(campaign_id: int) -> Response:
    campaign = campaign_or_404(campaign_id)
    next_by_hand(viewer().person_id, campaign.origin_id, clock.now())
    session().commit()
    return redirect(url_for("outreach.queue", campaign_id=campaign_id))


@bp.post("/campaigns/<int:campaign_id>/queue/next")
@staff(May.OUTREACH)
def take_next(campaign_id: int) -> Response:
    return _next(campaign_id)


@bp.post("/campaigns/<int:campaign_id>/queue/<int:letter_id>")
@staff(May.OUTREACH)
def record(campaign_id: int, letter_id: int) -> Any:
    """What came of it, or not now; then the next person."""
    letter, what = letter_or_404(letter_id), request.form.get("outcome", "")
    if what == "later":
        put_off(letter_id, clock.now())
    elif what in set(Outcome):
        text = typed("body").strip()[:20_000] or None
        was, at = letter.state.value, programme.moment()
        finish_by_hand(letter_id, Outcome(what), viewer().person_id, at, text)
        journal.record(
            "outbox.record_touch",
            f"letter:{letter_id}",
            at=at,
            about_id=letter.person_id,
            before={"state": was},
            after={"what": what, "channel": letter.identity_kind},
        )
        try:
            counts = what != Outcome.JOINED or _into_group(letter)
        except Refusal as refusal:
            session().rollback()
            return _page(campaign_or_404(campaign_id), letter_or_404(letter_id), str(refusal)), refusal.status
        flash(_("Recorded."), "success")
        if not counts:
            flash(_("They count as joined once they are in a group or accept the agreement."), "info")
    else:
        raise NotUnderstood(_("Choose what came of it."))
    return _next(campaign_id)


def _into_group(letter: Letter) -> bool:
    """Whether a group was chosen; they are in it then. Raises GroupFull, or NotUnderstood for a group that is not
    open.
    """
    chosen = request.form.get("group", "")
    if not chosen:
        return False
    group = next((group for group, _places in groups_to_join() if str(group.id) == chosen), None)
    if group is None:
        raise NotUnderstood(_("Choose one of the groups that are open."))
    record_joins(group.id, [(letter.person_id, programme.moment())], origin_id=letter.origin_id)
    return True
