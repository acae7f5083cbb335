"""Signing in and out."""

from __future__ import annotations

from flask import g, redirect
from werkzeug.wrappers import Response

from crm.accounts.actions import close_session
from crm.accounts.rules import COOKIE
from crm.accounts.views import bp
from crm.core import clock
from crm.core.db import session
from crm.core.guards import public


@bp.post("/sign-out")
@public
def sign_out() -> Response:
    if g.viewer is not None and g.viewer.session_id is not None:
        close_session(g.viewer.session_id, g.viewer.person_id, at=clock.now())
        session().commit()
    answer = redirect("/")
    answer.delete_cookie(COOKIE)
    return answer
