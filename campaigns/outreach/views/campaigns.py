"""The list of campaigns, and one: its state, its figures, what to do next."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response

from campaigns.audience.models import Audience
from campaigns.outreach import actions
from campaigns.outreach.forms import PaceForm
from campaigns.outreach.models import Campaign
from campaigns.outreach.queries import campaign_or_404, campaigns, paused_itself, people_left_out, step_of, summary
from campaigns.outreach.rules import CampaignState, LeftOut
from campaigns.outreach.views import bp
from campaigns.outreach.views.words import REASONS, STATES, TONES
from crm.core import programme
from crm.core.db import session
from crm.core.errors import NotThere
from crm.core.guards import May, staff
from crm.core.jobs import Job
from crm.outbox.queries import count_by_origin, count_by_state
from crm.outbox.queries.words import STATES as LETTER_STATES
from crm.outbox.queries.words import channel_word
from crm.people.models import Person

MOST_SHOWN = 200


@bp.get("/campaigns")
@staff(May.OUTREACH)
def listing() -> str:
    counts = count_by_origin()
    return render_template("outreach/list.html", rows=campaigns(), counts=counts, states=STATES, tones=TONES)


@bp.get("/campaigns/<int:campaign_id>")
@staff(May.OUTREACH)
def show(campaign_id: int) -> str:
    campaign = campaign_or_404(campaign_id)
    step = step_of(campaign_id)
    planned: dict[str, Any] = {}
    if campaign.state is CampaignState.DRAFT and step is not None:
        gets, out = summary(campaign, step, programme.moment())
        planned = {"gets": gets, "out": [(reason, out[reason]) for reason in LeftOut if out[reason]]}
    return render_template(
        "outreach/show.html",
        campaign=campaign,
        step=step,
        over=channel_word(step.identity_kind) if step is not None else "",
        audience=session().get(Audience, campaign.audience_id) if campaign.audience_id else None,
        planned=planned,
        reasons=REASONS,
        letters=_letters(campaign),
        alarm=paused_itself(campaign),
        job=session().get(Job, campaign.job_id) if campaign.job_id else None,
        state=STATES[campaign.state],
        tone=TONES[campaign.state],
        pace_form=PaceForm(data={"pace": campaign.pace}, formdata=None),
    )


def _letters(campaign: Campaign) -> list[dict[str, Any]]:
    """How many letters stand in each state, each figure with the way to them."""
    counts = count_by_state(campaign.origin_id)
    return [
        {
            "value": counts[state],
            "label": word,
            "url": url_for("outbox.letters", state=state.value, campaign=campaign.origin_id),
        }
        for state, word in LETTER_STATES.items()
        if state in counts
    ]


@bp.get("/campaigns/<int:campaign_id>/left-out/<reason>")
@staff(May.OUTREACH)
def left_out(campaign_id: int, reason: str) -> str:
    """Whom a reason leaves out: the first of them."""
    campaign, step = campaign_or_404(campaign_id), step_of(campaign_id)
    if step is None or reason not in set(LeftOut):
        raise NotThere(_("There is nothing at this address. Check it, or look from the start page."))
    ids = people_left_out(campaign, step, LeftOut(reason), programme.moment(), MOST_SHOWN)
    people = session().scalars(select(Person).where(Person.id.in_(ids)).order_by(Person.id)).all()
    return render_template(
        "outreach/left_out.html", campaign=campaign, people=people, reason=REASONS[LeftOut(reason)], most=MOST_SHOWN
    )


def _back(campaign: Campaign, message: str) -> Response:
    session().commit()
    flash(message, "success")
    return redirect(url_for("outreach.show", campaign_id=campaign.id))


@bp.post("/campaigns/<int:campaign_id>/start")
@staff(May.OUTREACH)
def start(campaign_id: int) -> Response:
    return _back(actions.start(campaign_id, programme.moment()), _("The campaign has started."))


@bp.post("/campaigns/<int:campaign_id>/pause")
@staff(May.OUTREACH)
def pause(campaign_id: int) -> Response:
    return _back(actions.pause(campaign_id, programme.moment()), _("The campaign pauses: nothing leaves."))


@bp.post("/campaigns/<int:campaign_id>/resume")
@staff(May.OUTREACH)
def resume(campaign_id: int) -> Response:
    return _back(actions.resume(campaign_id, programme.moment()), _("The campaign goes on."))


@bp.post("/campaigns/<int:campaign_id>/finish")
@staff(May.OUTREACH)
def finish(campaign_id: int) -> Response:
    return _back(actions.finish(campaign_id, programme.moment()), _("The campaign is finished."))


@bp.post("/campaigns/<int:campaign_id>/pace")
@staff(May.OUTREACH)
def pace(campaign_id: int) -> Response:
    form = PaceForm()
    if not form.validate_on_submit():
        flash(_("The pace is a number of letters per hour, 1 or more; leave it empty for no limit."), "error")
        return redirect(url_for("outreach.show", campaign_id=campaign_id))
    actions.set_campaign_pace(campaign_id, form.pace.data, at=programme.moment())
    return _back(campaign_or_404(campaign_id), _("The pace is set."))
