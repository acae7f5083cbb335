"""The start: now or at a time, with warnings taken on by name, above a size with a second person; and the progress."""

from __future__ import annotations

from datetime import UTC

from flask import current_app, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from campaigns.outreach import actions
from campaigns.outreach.actions.starting import HasGrown, WarningsUnread
from campaigns.outreach.forms import ApproveForm, StartForm
from campaigns.outreach.models import Campaign
from campaigns.outreach.queries import campaign_or_404
from campaigns.outreach.rules import CampaignState
from campaigns.outreach.rules.law import Warn
from campaigns.outreach.views import bp
from campaigns.outreach.views.campaigns import page, progress_of
from crm.core import programme
from crm.core.db import session
from crm.core.errors import Refusal
from crm.core.forms import refuse
from crm.core.guards import May, staff, viewer
from crm.people.queries.counting import takes_a_while

TOLD = {
    CampaignState.RUNNING: lambda: _("The campaign has started."),
    CampaignState.SCHEDULED: lambda: _("The campaign will start by itself."),
    CampaignState.APPROVAL: lambda: _("The campaign waits for a second person."),
    CampaignState.DRAFT: lambda: _("The campaign is a draft again; nothing has left."),
}


def _back(campaign: Campaign) -> Response:
    session().commit()
    flash(TOLD[campaign.state](), "success")
    return redirect(url_for("outreach.show", campaign_id=campaign.id))


@bp.post("/campaigns/<int:campaign_id>/start")
@staff(May.OUTREACH)
def start(campaign_id: int) -> Response | tuple[str, int]:
    form = StartForm()
    if not form.validate_on_submit():
        return page(campaign_or_404(campaign_id), form), 422
    local = form.starts_at.data
    starts_at = local.replace(tzinfo=programme.required().tz).astimezone(UTC) if local else None
    taken_on = {Warn(one) for one in form.taken_on.data or () if one in set(Warn)}
    by_id, at = viewer().person_id, programme.moment()
    above: int = current_app.config["APPROVAL_ABOVE"]
    try:
        if takes_a_while():
            campaign = actions.start_by_job(campaign_id, by_id, at, starts_at=starts_at, taken_on=taken_on)
        else:
            campaign = actions.ask_to_start(
                campaign_id, by_id, at, starts_at=starts_at, taken_on=taken_on, approval_above=above
            )
    except Refusal as refusal:
        session().rollback()
        refuse(form.taken_on if isinstance(refusal, WarningsUnread) else form.starts_at, str(refusal))
        return page(campaign_or_404(campaign_id), form), refusal.status
    if campaign.state is CampaignState.DRAFT:
        session().commit()
        return redirect(url_for("outreach.show", campaign_id=campaign_id))
    return _back(campaign)


@bp.post("/campaigns/<int:campaign_id>/approve")
@staff(May.OUTREACH)
def approve(campaign_id: int) -> Response:
    """For as many people as the page said; when there are more by now, or new warnings, it says so."""
    form = ApproveForm()
    people = form.people.data if form.validate_on_submit() else None
    try:
        return _back(actions.approve(campaign_id, viewer().person_id, programme.moment(), people))
    except (HasGrown, WarningsUnread) as refusal:
        session().rollback()
        flash(str(refusal), "error")
        return redirect(url_for("outreach.show", campaign_id=campaign_id))


@bp.post("/campaigns/<int:campaign_id>/take-back")
@staff(May.OUTREACH)
def take_back(campaign_id: int) -> Response:
    return _back(actions.take_back(campaign_id, programme.moment()))


@bp.get("/campaigns/<int:campaign_id>/progress")
@staff(May.OUTREACH)
def progress(campaign_id: int) -> str:
    """The part of the page that follows a campaign while it runs."""
    campaign = campaign_or_404(campaign_id)
    return render_template("outreach/_progress.html", campaign=campaign, **progress_of(campaign))
