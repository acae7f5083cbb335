"""A touch entered by hand, on one person."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its types

from crm.core import journal, programme
from crm.core.db import session
from crm.core.forms import refuse
from crm.core.guards import May, staff, viewer
from crm.outbox.actions import NewTouch, record_touches
from crm.outbox.forms import TouchForm
from crm.outbox.queries.words import CHANNELS, channel_word
from crm.outbox.rules import Direction, Outcome
from crm.outbox.views import bp
from crm.people.models import Person
from crm.people.queries import person_or_404


def _channels(person: Person) -> list[SelectChoice]:
    """Those over which we can reach the person first, then the others."""
    theirs = dict.fromkeys(identity.kind for identity in person.identities)
    return [SelectChoice(kind, channel_word(kind)) for kind in dict.fromkeys([*theirs, *CHANNELS])]


@bp.route("/people/<int:person_id>/touches/new", methods=["GET", "POST"])
@staff(May.OUTREACH)
def new_touch(person_id: int) -> Any:
    person = person_or_404(person_id)
    form = TouchForm()
    form.channel.choices = _channels(person)
    now = programme.moment()
    if form.validate_on_submit():
        at = _moment(form.at.data, now)
        if at > now:
            refuse(form.at, _("This moment has not come yet."))
        else:
            direction, _colon, outcome = form.what.data.partition(":")
            touch = NewTouch(
                person_id=person.id,
                at=at,
                direction=Direction(direction),
                channel=form.channel.data,
                outcome=Outcome(outcome),
                body=form.body.data or None,
                staff_id=viewer().person_id,
            )
            record_touches([touch], now)
            told = {"what": form.what.data, "channel": touch.channel, "at": at.isoformat()}
            journal.record("outbox.record_touch", f"person:{person.id}", at=now, about_id=person.id, after=told)
            session().commit()
            flash(_("Recorded."), "success")
            return redirect(url_for("directory.person", person_id=person.id))
    return render_template("outbox/new_touch.html", form=form, person=person)


def _moment(written: datetime | None, now: datetime) -> datetime:
    """What the form says is in the programme's zone."""
    return now if written is None else written.replace(tzinfo=programme.required().tz)
