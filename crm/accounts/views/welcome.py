"""The first visit: while there is no programme, every page leads here; afterwards this page is gone."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from crm.accounts.actions import check_key, create_programme, refuse_weak
from crm.accounts.forms import WelcomeForm, zones
from crm.accounts.queries import credential_by_mail
from crm.accounts.views import bp
from crm.accounts.views.viewer import NOBODY, sign_in_as
from crm.core import clock, programme
from crm.core.db import session
from crm.core.errors import NotThere, NotUnderstood
from crm.core.forms import refuse, text
from crm.core.guards import public
from crm.core.languages import LANGUAGES, current_language
from crm.core.web import problem, wants_json

NOT_UNDERSTOOD = 422
OPEN_BEFORE = NOBODY | {"accounts.welcome", "core.set_language", "core.set_theme"}


def lead_to_welcome() -> Response | None:
    """Also refuses every page while the suppression list's key is another one."""
    if request.endpoint in NOBODY:
        return None
    if programme.current() is not None:
        check_key()
        return None
    if request.endpoint in OPEN_BEFORE:
        return None
    if wants_json():
        return problem(503, "no programme", "there is no programme yet: open the first page to make one")
    return redirect(url_for("accounts.welcome"))


def _page(form: WelcomeForm, status: int = 200) -> Any:
    return render_template("accounts/welcome.html", form=form, zones=zones()), status


@bp.route("/welcome", methods=["GET", "POST"])
@public
def welcome() -> Any:
    if programme.current() is not None:
        raise NotThere(gettext("This installation has its programme already: sign in."))
    form = WelcomeForm(languages=list(LANGUAGES), first_language=current_language())
    if not form.is_submitted():
        return _page(form)
    if not form.validate():
        return _page(form, NOT_UNDERSTOOD)
    try:
        refuse_weak(text(form.password), text(form.admin_mail), text(form.admin_name))
    except NotUnderstood as error:
        refuse(form.password, str(error))
        return _page(form, NOT_UNDERSTOOD)
    return _create(form)


def _create(form: WelcomeForm) -> Any:
    at = clock.now()
    create_programme(
        text(form.name),
        text(form.zone),
        form.languages_in_order(),
        text(form.admin_name),
        text(form.admin_mail),
        at=at,
        password=text(form.password),
        postal_address=text(form.postal_address),
    )
    admin = credential_by_mail(text(form.admin_mail))
    assert admin is not None
    answer = sign_in_as(redirect("/"), admin.person_id, as_staff=True, at=at)
    session().commit()
    return answer
