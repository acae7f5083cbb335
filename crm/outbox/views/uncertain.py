"""Letters of which nobody knows whether they arrived: the list, and what is done with one, or with all of them."""

from __future__ import annotations

from datetime import datetime

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from crm.core import clock, journal, programme
from crm.core.db import session
from crm.core.errors import NotUnderstood
from crm.core.guards import May, staff
from crm.outbox.actions import decide_uncertain, send_again, take_as_sent
from crm.outbox.queries import letters_page, origins_with_uncertain, uncertain_in_all
from crm.outbox.queries.words import reason_word
from crm.outbox.rules import LetterState, WhenUncertain
from crm.outbox.views import bp
from crm.outbox.views.letters import number, subject_of


@bp.get("/letters/uncertain")
@staff(May.OUTREACH)
def uncertain() -> str:
    origin = number(request.args.get("campaign", ""))
    page = letters_page(
        state=LetterState.UNCERTAIN,
        origin_id=origin,
        after=request.args.get("after"),
        before=request.args.get("before"),
    )
    in_all, until = uncertain_in_all(origin)
    return render_template(
        "outbox/uncertain.html",
        page=page,
        subjects={row.id: subject_of(row) for row in page.rows},
        reason_word=reason_word,
        origins=origins_with_uncertain(),
        campaign=origin,
        in_all=in_all,
        until=until.isoformat() if until else None,
        newer=url_for("outbox.uncertain", campaign=origin, before=page.before) if page.before else None,
        older=url_for("outbox.uncertain", campaign=origin, after=page.after) if page.after else None,
    )


def _decided(letter_id: int, what: WhenUncertain, told: str) -> Response:
    journal.record(f"letter.{what.value}", f"letter:{letter_id}", at=clock.now(), before={"state": "uncertain"})
    session().commit()
    flash(told, "success")
    return redirect(url_for("outbox.uncertain"))


@bp.post("/letters/<int:letter_id>/send-again")
@staff(May.OUTREACH)
def again(letter_id: int) -> Response:
    send_again(letter_id, programme.moment())
    return _decided(letter_id, WhenUncertain.AGAIN, _("The letter is on its way again."))


@bp.post("/letters/<int:letter_id>/take-as-sent")
@staff(May.OUTREACH)
def arrived(letter_id: int) -> Response:
    take_as_sent(letter_id, programme.moment())
    return _decided(letter_id, WhenUncertain.SENT, _("The letter counts as sent."))


def _asked() -> tuple[datetime, int | None]:
    """Which letters: those that were uncertain when the list was shown. Raises NotUnderstood."""
    campaign = request.form.get("campaign", "")
    try:
        until = datetime.fromisoformat(request.form.get("until", ""))
    except ValueError:
        until = None
    if until is None or until.tzinfo is None or (campaign and number(campaign) is None):
        raise NotUnderstood(_("Choose from the list of uncertain letters."))
    return until, number(campaign)


def _all(what: WhenUncertain) -> int:
    until, origin = _asked()
    its = {"name": title} if (title := dict(origins_with_uncertain()).get(str(origin))) else {}
    count = decide_uncertain(what, programme.moment(), until=until, origin_id=origin)
    if count:
        deed = f"letter.{what.value}_all"
        before, after = {"state": "uncertain"}, {"count": count} | its
        journal.record(deed, "letter:uncertain", at=clock.now(), before=before, after=after)
    session().commit()
    return count


@bp.post("/letters/uncertain/send-again")
@staff(May.OUTREACH)
def all_again() -> Response:
    count = _all(WhenUncertain.AGAIN)
    flash(ngettext("%(num)s letter is on its way again.", "%(num)s letters are on their way again.", count), "success")
    return redirect(url_for("outbox.uncertain"))


@bp.post("/letters/uncertain/take-as-sent")
@staff(May.OUTREACH)
def all_arrived() -> Response:
    count = _all(WhenUncertain.SENT)
    flash(ngettext("%(num)s letter counts as sent.", "%(num)s letters count as sent.", count), "success")
    return redirect(url_for("outbox.uncertain"))
