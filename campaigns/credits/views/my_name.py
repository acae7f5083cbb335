"""The tester's page My name: yes or no, under which name, how it will look, where it stands."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from flask import flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from campaigns.credits.actions import answer_consent, draw_name
from campaigns.credits.forms import ConsentForm
from campaigns.credits.queries import appearances, consent_of
from campaigns.credits.queries.words import CHANGES
from campaigns.credits.rules import LONGEST_NAME, ConsentAnswer
from campaigns.credits.views import bp
from crm.core import programme
from crm.core.db import session
from crm.core.errors import NotUnderstood
from crm.core.forms import refuse
from crm.core.guards import tester, viewer


@bp.route("/my-name", methods=["GET", "POST"])
@tester
def my_name() -> Any:
    person_id = viewer().person_id
    consent = consent_of(person_id)
    form = ConsentForm(
        answer=consent.answer.value if consent else None,
        shown_name=consent.shown_name if consent and consent.shown_name else viewer().name,
    )
    if request.form.get("do") != "look" and form.validate_on_submit():
        try:
            answer_consent(person_id, ConsentAnswer(form.answer.data), form.shown_name.data or "", programme.moment())
        except NotUnderstood as error:
            refuse(form.shown_name, str(error))
        else:
            session().commit()
            flash(_("Saved. It holds for every boot screen that is not frozen yet."), "success")
            return redirect(url_for("credits.my_name"))
    return _page(form, consent)


def _page(form: ConsentForm, consent: Any) -> str:
    name = (form.shown_name.data or "").strip()[:LONGEST_NAME]
    drawn = draw_name(name, viewer().person_id) if name else None
    return render_template(
        "credits/my_name.html",
        f=form,
        consent=consent,
        name=name,
        drawn=drawn,
        changes=[CHANGES[change] for change in sorted(drawn.changes)] if drawn else [],
        appearances=appearances(viewer().person_id),
    )


@bp.get("/my-name/preview.png")
@tester
def my_name_preview() -> Response:
    """A strip of boot screen with the name in the address on it."""
    name = request.args.get("name", "").replace("\x00", "").strip()[:LONGEST_NAME]
    drawn = draw_name(name, viewer().person_id)
    answer = send_file(BytesIO(drawn.png), mimetype="image/png")
    answer.cache_control.private = True
    answer.cache_control.max_age = 300
    return answer
