"""The letters: list, and one of them as it is read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Row
from werkzeug.wrappers import Response

from crm.core import programme
from crm.core.db import session
from crm.core.errors import NotThere
from crm.core.guards import May, staff, viewer
from crm.core.mail import as_bytes
from crm.core.tokens import whole_address
from crm.core.web import letter_page
from crm.outbox.models import Letter, Wording
from crm.outbox.queries import count_held, count_uncertain, letter_or_404, letters_page, origins_with_letters
from crm.outbox.queries.leaving import nowhere_to, obstacle
from crm.outbox.queries.rendering import Rendered, messages, refuse_link, render, said_subject
from crm.outbox.queries.words import STATES, TONES, channel_word, reason_word
from crm.outbox.rules import Channel, Lane, LetterState, held_for
from crm.outbox.views import bp
from crm.people.models import Person


def _state(word: str) -> LetterState | None:
    return LetterState(word) if word in set(LetterState) else None


def number(word: str) -> int | None:
    return int(word) if word.isdecimal() and len(word) < 15 else None


def subject_of(row: Row[*tuple[Any, ...]]) -> str:
    """What the list shows of a letter: its subject, or how a message by hand begins."""
    return " ".join(said_subject(row.subject or row.body, row.values).split())[:120]


@bp.get("/letters")
@staff(May.OUTREACH)
def letters() -> str:
    state, origin = _state(request.args.get("state", "")), number(request.args.get("campaign", ""))
    page = letters_page(
        state=state, origin_id=origin, after=request.args.get("after"), before=request.args.get("before")
    )
    asked: dict[str, Any] = {key: value for key in ("state", "campaign") if (value := request.args.get(key))}
    return render_template(
        "outbox/letters.html",
        page=page,
        subjects={row.id: subject_of(row) for row in page.rows},
        lacking={row.id for row in page.rows if row.state is LetterState.QUEUED and held_for(row.reason)},
        asked=asked,
        states=STATES,
        tones=TONES,
        channel_word=channel_word,
        reason_word=reason_word,
        origins=origins_with_letters(),
        uncertain=count_uncertain(),
        held=count_held(),
        newer=url_for("outbox.letters", **asked, before=page.before) if page.before else None,
        older=url_for("outbox.letters", **asked, after=page.after) if page.after else None,
        obstacle=obstacle(),
    )


def _may_open() -> bool:
    """Links in a letter by mail are its reader's alone. Where no mail leaves, they reach them only through an admin."""
    return bool(nowhere_to()) and viewer().may(May.ACCOUNTS)


def _may_read(found: Letter) -> bool:
    """A letter somebody asked for may hold a link that signs them in."""
    return found.lane is not Lane.ASKED or _may_open()


def _veiled(found: Letter, said: Rendered) -> Rendered:
    """Without what would let staff answer, accept or refuse in its reader's name."""
    if found.channel is not Channel.MAIL or _may_open():
        return said
    ours = whole_address("/")
    links = [value for value in (found.values or {}).values() if isinstance(value, str) and value.startswith(ours)]
    for link in (*links, refuse_link(found.id)):
        shown = f"{link.rpartition('/')[0]}/\u2026"
        said = replace(said, text=said.text.replace(link, shown), html=said.html.replace(link, shown))
    return said


@bp.get("/letters/<int:letter_id>")
@staff(May.OUTREACH)
def letter(letter_id: int) -> str:
    found = letter_or_404(letter_id)
    wording = session().get_one(Wording, found.wording_id)
    readable = found.values is not None and _may_read(found)
    by_mail = found.channel is Channel.MAIL and readable
    at = found.sent_at or programme.moment()
    return render_template(
        "outbox/letter.html",
        letter=found,
        person=session().get_one(Person, found.person_id),
        rendered=_veiled(found, render(found, wording)) if readable else None,
        by_mail=by_mail,
        forgotten=found.values is None,
        source=as_bytes(messages([found.id], at)[found.id]).decode() if by_mail and _may_open() else None,
        state=STATES[found.state],
        tone=TONES.get(found.state, "quiet"),
        channel=channel_word(found.identity_kind),
        reason=reason_word(found.reason),
    )


@bp.get("/letters/<int:letter_id>/html")
@staff(May.OUTREACH)
def letter_html(letter_id: int) -> Response:
    """The letter as a mail program shows it, for the frame on its page."""
    found = letter_or_404(letter_id)
    if found.channel is not Channel.MAIL or found.values is None or not _may_read(found):
        raise NotThere(_("There is nothing at this address. Check it, or look from the start page."))
    return letter_page(_veiled(found, render(found, session().get_one(Wording, found.wording_id))).html)
