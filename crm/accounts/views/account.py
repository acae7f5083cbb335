"""Settings: one's own account."""

from __future__ import annotations

from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from crm.accounts.actions import (
    close_session,
    close_sessions,
    credential_or_404,
    forgive_tries,
    is_right,
    new_totp_secret,
    note_try,
    provisioning_uri,
    qr_image,
    refuse_weak,
    renew_recovery_codes,
    set_language,
    set_password,
    switch_off,
    switch_on,
)
from crm.accounts.forms import ChangePasswordForm, CodeForm, PasswordForm
from crm.accounts.models import Credential
from crm.accounts.queries import browser_name, credential_of, open_sessions, recovery_codes_left
from crm.accounts.rules import SIGN_IN_LINK_LIVES
from crm.accounts.views import bp
from crm.core import clock, programme
from crm.core.db import session
from crm.core.errors import NotThere, NotUnderstood
from crm.core.forms import refuse, text
from crm.core.guards import May, signed_in, staff
from crm.core.languages import COOKIE, LANGUAGES
from crm.core.pages import YEAR_SECONDS
from crm.core.tokens import read_for_a_while, sign_for_a_while
from crm.people.models import Person

NOT_UNDERSTOOD = 422
TOTP = "accounts.totp"


@bp.get("/settings/account")
@signed_in
def account() -> Any:
    person_id = g.viewer.person_id
    return render_template(
        "accounts/account.html",
        person=session().get_one(Person, person_id),
        credential=credential_of(person_id) if g.viewer.as_staff else None,
        sessions=open_sessions(person_id, clock.now()),
        codes_left=recovery_codes_left(person_id),
        now=clock.now(),
        browser_name=browser_name,
    )


@bp.post("/settings/account/language")
@signed_in
def account_language() -> Response:
    """Of letters and pages: the person's own, and this browser's cookie with it."""
    answer = redirect(url_for("accounts.account"))
    chosen = request.form.get("language", "")
    if chosen in LANGUAGES:
        set_language(g.viewer.person_id, chosen)
        session().commit()
        answer.set_cookie(COOKIE, chosen, max_age=YEAR_SECONDS, samesite="Lax", httponly=True)
        flash(gettext("Saved."), "success")
    return answer


@bp.post("/settings/account/sessions/<int:session_id>/end")
@signed_in
def end_session(session_id: int) -> Response:
    if not close_session(session_id, g.viewer.person_id, at=clock.now()):
        raise NotThere(gettext("This session has ended already."))
    session().commit()
    flash(gettext("That browser is signed out."), "success")
    return redirect(url_for("accounts.account"))


@bp.post("/settings/account/sessions/end-others")
@signed_in
def end_other_sessions() -> Response:
    close_sessions(g.viewer.person_id, at=clock.now(), but=g.viewer.session_id)
    session().commit()
    flash(gettext("All other browsers are signed out."), "success")
    return redirect(url_for("accounts.account"))


def _proved(form: PasswordForm | ChangePasswordForm, credential: Credential) -> bool:
    """Whether the password given is the present one; tries are counted as at signing in."""
    stored, mail, address, at = credential.password_hash, credential.mail, request.remote_addr or "", clock.now()
    note_try(mail, address, at=at)
    session().commit()
    if is_right(stored, text(form.current)):
        forgive_tries(mail, address, at=at)
        return True
    refuse(form.current, gettext("This is not your password."))
    return False


def _fits(form: ChangePasswordForm, credential: Credential) -> bool:
    try:
        refuse_weak(text(form.password), credential.mail, g.viewer.name)
    except NotUnderstood as error:
        refuse(form.password, str(error))
        return False
    return True


@bp.route("/settings/account/password", methods=["GET", "POST"])
@staff(May.SEE)
def change_password() -> Any:
    credential, form = credential_or_404(g.viewer.person_id), ChangePasswordForm()
    if not form.is_submitted():
        return render_template("accounts/change_password.html", form=form)
    if not (form.validate() and _fits(form, credential) and _proved(form, credential)):
        return render_template("accounts/change_password.html", form=form), NOT_UNDERSTOOD
    set_password(credential, text(form.password), at=clock.now(), keep_session=g.viewer.session_id)
    session().commit()
    flash(gettext("Your new password is set. All other browsers are signed out."), "success")
    return redirect(url_for("accounts.account"))


def _totp_page(secret: str, credential: Credential, form: CodeForm, status: int = 200) -> Any:
    uri = provisioning_uri(secret, credential.mail, programme.required().name)
    page = render_template(
        "accounts/second_step_on.html",
        form=form,
        qr=qr_image(uri),
        secret=secret,
        proof=sign_for_a_while(TOTP, [credential.person_id, secret]),
    )
    return page, status


@bp.route("/settings/account/second-step", methods=["GET", "POST"])
@staff(May.SEE)
def second_step_on() -> Any:
    credential, form = credential_or_404(g.viewer.person_id), CodeForm()
    if credential.totp_secret is not None:
        raise NotThere(gettext("The second step is on already."))
    if not form.is_submitted():
        return _totp_page(new_totp_secret(), credential, form)
    whose, secret = read_for_a_while(TOTP, request.form.get("proof", ""), SIGN_IN_LINK_LIVES)
    codes = None
    if form.validate() and whose == credential.person_id:
        codes = switch_on(credential, secret, text(form.code), at=clock.now())
        if codes is None:
            refuse(form.code, gettext("This code does not fit. Is the clock of your telephone right?"))
    if codes is None:
        return _totp_page(secret, credential, form, NOT_UNDERSTOOD)
    session().commit()
    return render_template("accounts/recovery_codes.html", codes=codes)


@bp.route("/settings/account/second-step/off", methods=["GET", "POST"])
@staff(May.SEE)
def own_second_step_off() -> Any:
    """Asks for the password, and gives new recovery codes instead if that is what was asked for."""
    credential, form = credential_or_404(g.viewer.person_id), PasswordForm()
    wants_codes = request.values.get("do") == "codes"
    if credential.totp_secret is None:
        raise NotThere(gettext("The second step is off already."))
    if not (form.is_submitted() and form.validate() and _proved(form, credential)):
        status = NOT_UNDERSTOOD if form.is_submitted() else 200
        return render_template("accounts/second_step_off.html", form=form, wants_codes=wants_codes), status
    if wants_codes:
        codes = renew_recovery_codes(credential.person_id)
        session().commit()
        return render_template("accounts/recovery_codes.html", codes=codes)
    switch_off(credential, at=clock.now())
    session().commit()
    flash(gettext("The second step is off: the password alone signs in."), "success")
    return redirect(url_for("accounts.account"))
