"""The tester's page My name: yes or no, under which name, how it will look, where it stands.

It has two ways in: signed in, and by the link in a letter, which is its reader's alone.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _

from campaigns.credits.actions import answer_consent, draw_name
from campaigns.credits.forms import ConsentForm
from campaigns.credits.queries import (
    appearances,
    consent_of,
    is_taken,
    looks_like_staff,
    read_my_name_token,
    share_token,
    withdrawn_at,
)
from campaigns.credits.queries.words import CHANGES
from campaigns.credits.rules import LONGEST_NAME, ConsentAnswer
from campaigns.credits.views import bp
from crm.accounts.queries import is_tester
from crm.core import programme
from crm.core.db import session
from crm.core.errors import NotAllowed, NotUnderstood
from crm.core.forms import refuse
from crm.core.guards import by_link, tester, viewer
from crm.core.languages import speak_to
from crm.people.models import Person


@dataclass(frozen=True)
class Reader:
    """Whose page it is, and where it stands; `token` is that of the link by which they came."""

    person_id: int
    name: str
    token: str | None = None

    @property
    def page(self) -> str:
        return url_for("credits.my_name_by_link", token=self.token) if self.token else url_for("credits.my_name")

    @property
    def look(self) -> str:
        if self.token:
            return url_for("credits.name_look_by_link", token=self.token)
        return url_for("credits.name_look")


def _signed_in() -> Reader:
    return Reader(viewer().person_id, viewer().name)


def _by_link(token: str) -> Reader:
    """Raises NotAllowed for a link that we have not made, and for one whose owner is a tester no more."""
    person_id = read_my_name_token(token)
    if not is_tester(person_id):
        raise NotAllowed(_("This link is for testers, and its owner is none any more. Nothing was changed."))
    person = session().get_one(Person, person_id)
    speak_to(person.language)
    return Reader(person_id, person.shown, token)


@bp.route("/my-name", methods=["GET", "POST"])
@tester
def my_name() -> Any:
    return _answer(_signed_in())


@bp.route("/n/<token>", methods=["GET", "POST"])
@by_link
def my_name_by_link(token: str) -> Any:
    reader = _by_link(token)
    if request.method == "GET" and g.get("viewer") is not None and viewer().person_id == reader.person_id:
        return redirect(url_for("credits.my_name"))
    return _answer(reader)


@bp.get("/my-name/look")
@tester
def name_look() -> str:
    return _look(_signed_in())


@bp.get("/n/<token>/look")
@by_link
def name_look_by_link(token: str) -> str:
    return _look(_by_link(token))


def _answer(reader: Reader) -> Any:
    consent = consent_of(reader.person_id)
    form = ConsentForm(
        answer=consent.answer.value if consent else None,
        shown_name=consent.shown_name if consent and consent.shown_name else reader.name,
    )
    if request.form.get("do") != "look" and form.validate_on_submit():
        answer, name = ConsentAnswer(form.answer.data), form.shown_name.data or ""
        try:
            answer_consent(reader.person_id, answer, name, programme.moment(), by_link=reader.token is not None)
        except NotUnderstood as error:
            refuse(form.shown_name, str(error))
        else:
            session().commit()
            flash(_("Saved. It holds for every boot screen that is not frozen yet."), "success")
            return redirect(reader.page)
    left, gone_since = appearances(reader.person_id), withdrawn_at(consent) if consent else None
    return render_template(
        "credits/my_name.html",
        f=form,
        reader=reader,
        consent=consent,
        withdrawn_at=gone_since,
        appearances=left,
        links=_links(reader, [one.id for one in left] if consent and not gone_since else []),
        **_drawn(reader, form.shown_name.data or ""),
    )


def _links(reader: Reader, edition_ids: list[int]) -> dict[int, str]:
    """Where each of these boot screens shows the reader's name lit up."""
    return {
        edition_id: url_for("credits.shared", token=share_token(edition_id, reader.person_id))
        for edition_id in edition_ids
    }


def _look(reader: Reader) -> str:
    """How the name in the address will look: the part of the page that changes while one types."""
    return render_template("credits/_name_look.html", **_drawn(reader, request.args.get("shown_name", "")))


def _drawn(reader: Reader, typed: str) -> dict[str, Any]:
    """The picture comes with the page, so that it never shows another name than the words below it."""
    name = typed.replace("\x00", "").strip()[:LONGEST_NAME]
    if not name:
        return {"drawn": None}
    drawn = draw_name(name, reader.person_id)
    return {
        "drawn": drawn,
        "picture": f"data:image/png;base64,{b64encode(drawn.png).decode()}",
        "changes": [CHANGES[change] for change in sorted(drawn.changes)],
        "like_staff": bool(looks_like_staff([(reader.person_id, name)])),
        "taken": is_taken(reader.person_id, name),
    }
