"""A tester writes a request, and takes it back."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from flask_babel import gettext as _
from sqlalchemy import Table, exists, select

from crm.builds.actions import NewCheckIn, record_check_ins
from crm.builds.queries import build_or_404
from crm.builds.rules import CheckInKind
from crm.core.bulk import insert_or_pass
from crm.core.db import session
from crm.core.errors import NotAllowed, NotUnderstood
from crm.feedback.actions.answering import move
from crm.feedback.actions.supporting import support_many, withdraw_support
from crm.feedback.models import Request, RequestToken, Support
from crm.feedback.queries import request_or_404
from crm.feedback.rules import LONGEST_TEXT, LONGEST_TITLE, RequestKind, RequestState, Severity, tokens

TOKEN = cast(Table, RequestToken.__table__)


def _refuse_misshapen(kind: RequestKind, severity: Severity | None, title: str, texts: tuple[str, str]) -> None:
    if not title or len(title) > LONGEST_TITLE:
        raise NotUnderstood(_("Give it a title of at most %(most)s characters.", most=LONGEST_TITLE))
    if any(len(text) > LONGEST_TEXT for text in texts):
        raise NotUnderstood(_("Each text has at most %(most)s characters.", most=LONGEST_TEXT))
    if (kind is RequestKind.FAULT) != (severity is not None):
        raise NotUnderstood(_("A fault has a severity, an idea has none."))


def write_request(
    author_id: int,
    kind: RequestKind,
    title: str,
    body: str,
    *,
    at: datetime,
    severity: Severity | None = None,
    expected: str = "",
    build_id: int | None = None,
    language: str = "",
) -> Request:
    """The writer is its first supporter. A fault of a build is also a sign that the writer ran it: a check-in *report*.

    Raises NotUnderstood, or NotThere for an unknown build.
    """
    title, body, expected = title.strip(), body.strip(), expected.strip()
    _refuse_misshapen(kind, severity, title, (body, expected))
    made = Request(
        kind=kind,
        severity=severity,
        title=title,
        body=body,
        expected=expected,
        author_id=author_id,
        language=language,
        build_id=build_id,
        created_at=at,
    )
    session().add(made)
    session().flush()
    insert_or_pass(TOKEN, [{"token": token, "request_id": made.id} for token in tokens(title)])
    support_many([(made.id, author_id, at)])
    if kind is RequestKind.FAULT and build_id is not None:
        _report(made.id, author_id, build_id, at)
    return made


def _report(request_id: int, author_id: int, build_id: int, at: datetime) -> None:
    version = build_or_404(build_id).version
    report = NewCheckIn(author_id, version, CheckInKind.REPORT, at, f"request:{request_id}", build_id)
    record_check_ins([report], received_at=at)


def withdraw_request(request_id: int, author_id: int, *, at: datetime) -> RequestState:
    """Takes it back. When others need it too, it stays open without its writer's support. Returns its state.

    The second time is a no-op. Raises NotAllowed for somebody else's request, MoveRefused when it is no longer open.
    """
    found = request_or_404(request_id)
    if found.author_id != author_id:
        raise NotAllowed(_("Only who wrote a request can withdraw it."))
    if found.state is RequestState.WITHDRAWN:
        return found.state
    withdraw_support(request_id, author_id)
    if session().scalar(select(exists().where(Support.request_id == request_id))):
        return found.state
    move(request_id, RequestState.WITHDRAWN, at=at)
    return RequestState.WITHDRAWN
