"""What stays of somebody's requests when they are forgotten."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select, update

from crm.core.db import session
from crm.feedback.actions.supporting import recompute
from crm.feedback.models import Request, RequestToken, Support
from crm.feedback.rules import RequestState


def forget(person_id: int, _at: datetime) -> None:
    """Their support goes, and the heat with it. A request that others need too stays as it is, without its author: its
    text has become theirs. Any other loses its text (pages say so in its place) and leaves the list.
    """
    supported = list(session().scalars(select(Support.request_id).where(Support.person_id == person_id)))
    session().execute(delete(Support).where(Support.person_id == person_id))
    recompute(supported)
    alone = list(session().scalars(select(Request.id).where(Request.author_id == person_id, Request.supporters == 0)))
    for request_id in alone:
        session().execute(delete(RequestToken).where(RequestToken.request_id == request_id))
        session().execute(
            update(Request).where(Request.id == request_id).values(title="", body="", expected="", language="")
        )
        session().execute(
            update(Request)
            .where(Request.id == request_id, Request.state == RequestState.OPEN)
            .values(state=RequestState.WITHDRAWN)
        )
