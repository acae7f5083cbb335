"""Who is looking, found before every request; the cookie that says so."""

from __future__ import annotations

from datetime import datetime

from flask import current_app, g, request
from werkzeug.wrappers import Response

from crm.accounts.actions import is_seen_stale, note_seen, open_session
from crm.accounts.queries import Viewer, viewer_of_session, viewer_of_token
from crm.accounts.rules import COOKIE, SESSION_LIVES
from crm.core import clock
from crm.core.db import session, writing
from crm.core.web import READS

BEARER = "bearer "
# Answered without asking who is there: files and the operators' doors.
NOBODY = frozenset({"static", "observe.health", "observe.ready", "observe.metrics", "openapi.spec"})


def _found(at: datetime) -> Viewer | None:
    """A token counts at API doors only, and a cookie never where it could be made to write without a CSRF token."""
    at_api = request.path.startswith("/api/")
    authorization = request.headers.get("Authorization", "")
    if at_api and authorization.lower().startswith(BEARER):
        return viewer_of_token(authorization[len(BEARER) :].strip())
    secret = request.cookies.get(COOKIE)
    if not secret or (at_api and request.method not in READS):
        return None
    return viewer_of_session(secret, at)


def load_viewer() -> None:
    g.viewer = None
    if request.endpoint in NOBODY:
        return
    at = clock.now()
    viewer = _found(at)
    if viewer is not None and is_seen_stale(viewer, at):
        with writing():
            note_seen(viewer, at)
            session().commit()
    g.viewer = viewer


def sign_in_as(answer: Response, person_id: int, *, as_staff: bool, at: datetime) -> Response:
    """Opens a session for this browser and puts its secret into the answer's cookie. The caller commits."""
    secret = open_session(
        person_id,
        as_staff=as_staff,
        at=at,
        agent=request.user_agent.string,
        address=request.remote_addr or "",
    )
    answer.set_cookie(
        COOKIE,
        secret,
        max_age=int(SESSION_LIVES.total_seconds()),
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
    )
    return answer


__all__ = ["load_viewer", "sign_in_as"]
