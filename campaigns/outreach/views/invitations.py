"""The page behind a campaign letter's link: for one person alone, it leads to the tester agreement."""

from __future__ import annotations

from flask import redirect, render_template
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from campaigns.outreach.actions.planning import INVITATION
from campaigns.outreach.queries import campaign_or_404
from campaigns.outreach.views import bp
from crm.accounts.actions import make_link
from crm.accounts.queries import is_tester
from crm.accounts.rules import LINK_PAGES, LinkKind
from crm.core import clock
from crm.core.db import session
from crm.core.errors import NotAllowed
from crm.core.guards import by_link
from crm.core.tokens import read
from crm.people.models import Person
from crm.people.queries import person_or_404


def _invited(token: str) -> Person:
    found = read(INVITATION, token)
    if not (isinstance(found, list) and len(found) == 2):
        raise NotAllowed(_("This link is not valid: copy it whole, or ask for a new one."))
    campaign_or_404(found[0])
    return person_or_404(found[1])


@bp.get("/i/<token>")
@by_link
def invitation(token: str) -> str:
    person = _invited(token)
    return render_template("outreach/invitation.html", token=token, person=person, inside=is_tester(person.id))


@bp.post("/i/<token>")
@by_link
def accept_invitation(token: str) -> Response:
    """The letter reached them where we know them, so its link proves as much as one of ours to that address."""
    person = _invited(token)
    secret = make_link(LinkKind.JOIN, person.id, at=clock.now())
    session().commit()
    return redirect(LINK_PAGES[LinkKind.JOIN] + secret)
