"""The way to refuse that stands in each letter: a page with a button, and the button of the mail program (RFC 8058)."""

from __future__ import annotations

from flask import render_template
from werkzeug.wrappers import Response

from crm.core import programme
from crm.core.db import session
from crm.core.errors import NotAllowed
from crm.core.guards import by_link
from crm.core.tokens import read
from crm.outbox.actions import refuse_by_letter
from crm.outbox.queries import letter_or_404, refused_by_letter
from crm.outbox.queries.rendering import REFUSE
from crm.outbox.views import bp


def _letter_id(token: str) -> int:
    found = read(REFUSE, token)
    if not isinstance(found, int):
        raise NotAllowed("this link is not valid: copy it whole")
    return letter_or_404(found).id


@bp.get("/u/<token>")
@by_link
def ask_to_refuse(token: str) -> str:
    """Looking changes nothing: mail programs and scanners open links by themselves."""
    done = refused_by_letter(_letter_id(token))
    return render_template("outbox/refuse.html", token=token, done=done)


@bp.post("/u/<token>")
@by_link
def refuse(token: str) -> Response | str:
    refuse_by_letter(_letter_id(token), programme.moment())
    session().commit()
    return render_template("outbox/refuse.html", token=token, done=True)
