"""Staff answer what a person wrote by mail."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _

from crm.core import programme
from crm.core.db import session
from crm.core.errors import NotThere, Refusal
from crm.core.forms import refuse, text
from crm.core.guards import May, staff, viewer
from crm.inbound import actions
from crm.inbound.actions.answering import subject_to
from crm.inbound.forms import AnswerForm
from crm.inbound.queries import answers_on_their_way, last_reply_of
from crm.inbound.views import bp
from crm.people.queries import person_or_404, suppressed

NOT_UNDERSTOOD = 422


@bp.route("/people/<int:person_id>/answer", methods=["GET", "POST"])
@staff(May.OUTREACH)
def answer(person_id: int) -> Any:
    person = person_or_404(person_id)
    mail = last_reply_of(person.id)
    if mail is None:
        raise NotThere(_("They have not written to us by mail: there is nothing to answer."))
    form = AnswerForm()
    if form.validate_on_submit():
        try:
            actions.answer(
                mail, person.id, text(form.subject), text(form.text), key=text(form.key) or uuid4().hex,
                by_id=viewer().person_id, at=programme.moment(),
            )  # fmt: skip
            session().commit()
            flash(_("Your answer is on its way."), "success")
            return redirect(url_for("directory.person", person_id=person.id))
        except Refusal as error:
            session().rollback()
            refuse(form.text, str(error))
            person, mail = person_or_404(person_id), last_reply_of(person_id)
    if not form.is_submitted() and mail is not None:
        form.subject.data, form.key.data = subject_to(mail.subject), uuid4().hex
    page = render_template(
        "inbound/answer.html", form=form, person=person, mail=mail,
        barred=bool(suppressed([person.id])), leaving=answers_on_their_way(person.id),
        address=actions.goes_to(mail, person.id) if mail else "",
    )  # fmt: skip
    return page, NOT_UNDERSTOOD if form.errors else 200
