"""What staff do with a request: answer in public, plan it, ship it, decline it, open it again."""

from __future__ import annotations

from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import update

from crm.builds.queries import build_or_404
from crm.core import journal
from crm.core.db import session
from crm.core.errors import MoveRefused, NotUnderstood
from crm.feedback.models import Answer, Request
from crm.feedback.queries import request_or_404
from crm.feedback.rules import LONGEST_TEXT, REQUEST_MOVES, RequestState


def answer(request_id: int, body: str, *, staff_id: int, at: datetime) -> Answer:
    """Everybody who may see the request reads it. Raises NotThere, NotUnderstood for an empty one."""
    body = body.strip()
    if not body or len(body) > LONGEST_TEXT:
        raise NotUnderstood(_("Write an answer of at most %(most)s characters.", most=LONGEST_TEXT))
    made = Answer(request_id=request_or_404(request_id).id, staff_id=staff_id, body=body, at=at)
    session().add(made)
    session().flush()
    journal.record("feedback.answer", f"request:{request_id}", at=at, after={"answer": made.id})
    return made


def move(
    request_id: int,
    to: RequestState,
    *,
    at: datetime,
    shipped_in_id: int | None = None,
    was: RequestState | None = None,
) -> None:
    """Moves the state; `was` is what the mover saw on a page. `shipped_in_id` names the build that ships it.

    Raises MoveRefused when the table does not know the move or somebody was faster, NotUnderstood for a missing build.
    """
    found = request_or_404(request_id)
    before = found.state if was is None else was
    if to not in REQUEST_MOVES[before]:
        raise MoveRefused(_("This request cannot go there from where it stands. Reload the page to see its state."))
    if to is RequestState.SHIPPED and shipped_in_id is None:
        raise NotUnderstood(_("Name the build that ships it."))
    build_id = build_or_404(shipped_in_id).id if to is RequestState.SHIPPED and shipped_in_id is not None else None
    moved = session().execute(
        update(Request)
        .where(Request.id == request_id, Request.state == before)
        .values(state=to, shipped_in_id=build_id)
        .returning(Request.id)
    )
    if moved.first() is None:
        raise MoveRefused(_("Somebody else has moved this request meanwhile. Reload the page to see its state."))
    session().refresh(found)
    after = {"state": to.value} | ({"shipped_in": build_id} if build_id is not None else {})
    journal.record("feedback.move", f"request:{request_id}", at=at, before={"state": before.value}, after=after)
