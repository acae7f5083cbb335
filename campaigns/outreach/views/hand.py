"""The by-hand queue: the next person, as which account, and who holds whom."""

from __future__ import annotations

from flask import flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from campaigns.outreach.queries import campaign_or_404
from campaigns.outreach.views import bp
from campaigns.outreach.views.queue_page import desk_of, queue_page
from crm.core import clock
from crm.core.db import session
from crm.core.errors import NotThere, NotUnderstood
from crm.core.guards import May, staff, viewer
from crm.outbox.actions import free_lease, next_by_hand, write_as
from crm.outbox.queries import letter_or_404


@bp.get("/campaigns/<int:campaign_id>/queue")
@staff(May.OUTREACH)
def queue(campaign_id: int) -> str:
    return queue_page(campaign_or_404(campaign_id))


def go_on(campaign_id: int) -> Response:
    """The next person onto the screen, as the account that this person works as, while it may; commits."""
    campaign, at = campaign_or_404(campaign_id), clock.now()
    desk = desk_of(campaign, at)
    account = desk.current.sender.id if desk.current is not None else None
    if account is not None or not desk.needs_account:
        next_by_hand(viewer().person_id, campaign.origin_id, at, account)
    session().commit()
    return redirect(url_for("outreach.queue", campaign_id=campaign_id))


@bp.post("/campaigns/<int:campaign_id>/queue/next")
@staff(May.OUTREACH)
def take_next(campaign_id: int) -> Response:
    return go_on(campaign_id)


@bp.post("/campaigns/<int:campaign_id>/queue/as")
@staff(May.OUTREACH)
def choose_account(campaign_id: int) -> Response:
    """From now on the queue is worked as this account."""
    campaign, chosen = campaign_or_404(campaign_id), request.form.get("account", "")
    desk = desk_of(campaign, clock.now())
    account = next((one for one in desk.mine if str(one.sender.id) == chosen), None)
    if account is None:
        raise NotUnderstood(_("Choose one of the accounts that write here."))
    write_as(viewer().person_id, campaign.origin_id, account.sender.id, clock.now())
    session().commit()
    return redirect(url_for("outreach.queue", campaign_id=campaign_id))


@bp.post("/campaigns/<int:campaign_id>/queue/<int:letter_id>/free")
@staff(May.ACCOUNTS)
def free(campaign_id: int, letter_id: int) -> Response:
    """Takes somebody off a colleague's screen, who has gone home with it."""
    if letter_or_404(letter_id).origin_id != campaign_or_404(campaign_id).origin_id:
        raise NotThere(_("There is no such letter."))
    free_lease(letter_id, clock.now())
    session().commit()
    flash(_("They are back in the queue."), "success")
    return redirect(url_for("outreach.queue", campaign_id=campaign_id))
