"""Pages behind links from letters. Looking uses nothing up (mail scanners look); the button does."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext

from crm.accounts.actions import (
    credential_or_404,
    note_try,
    person_by_mail,
    person_of_link,
    refuse_weak,
    remind_or_reset,
    set_password,
    use_link,
)
from crm.accounts.forms import MailForm, NewPasswordForm
from crm.accounts.queries import credential_of
from crm.accounts.rules import LinkKind
from crm.accounts.views import bp
from crm.accounts.views.viewer import sign_in_as
from crm.core import clock
from crm.core.db import session
from crm.core.errors import NotAllowed, NotUnderstood
from crm.core.forms import refuse
from crm.core.guards import by_link, public
from crm.people.models import Person

NOT_UNDERSTOOD = 422


@bp.get("/sign-in/<secret>")
@by_link
def open_sign_in_link(secret: str) -> Any:
    person_id = person_of_link(LinkKind.SIGN_IN, secret, at=clock.now())
    return render_template("accounts/sign_in_link.html", person=session().get_one(Person, person_id), secret=secret)


@bp.post("/sign-in/<secret>")
@by_link
def use_sign_in_link(secret: str) -> Any:
    at = clock.now()
    person_id = use_link(LinkKind.SIGN_IN, secret, at=at)
    credential = credential_of(person_id)
    is_staff = credential is not None and credential.disabled_at is None
    answer = sign_in_as(redirect("/"), person_id, as_staff=is_staff, at=at)
    session().commit()
    return answer


@bp.route("/lost-password", methods=["GET", "POST"])
@public
def lost_password() -> Any:
    form = MailForm()
    if not form.is_submitted():
        return render_template("accounts/lost_password.html", form=form)
    if not form.validate():
        return render_template("accounts/lost_password.html", form=form), NOT_UNDERSTOOD
    at = clock.now()
    note_try(form.mail.data, request.remote_addr or "", at=at, letters=True)
    person = person_by_mail(form.mail.data)
    if person is not None:
        remind_or_reset(person, at=at)
    session().commit()
    return render_template("accounts/letter_sent.html", mail=form.mail.data, what="password")


def _choose_password(kind: LinkKind, secret: str) -> Any:
    at = clock.now()
    person_id = person_of_link(kind, secret, at=at)
    credential = credential_or_404(person_id)
    if credential.disabled_at is not None:
        raise NotAllowed(gettext("This account no longer works. Ask an admin of the programme."))
    form = NewPasswordForm()
    page = {"form": form, "mail": credential.mail, "is_first": kind is LinkKind.INVITATION}
    if not form.is_submitted():
        return render_template("accounts/choose_password.html", **page)
    sound = form.validate()
    if sound:
        try:
            refuse_weak(form.password.data, credential.mail, session().get_one(Person, person_id).name)
        except NotUnderstood as error:
            refuse(form.password, str(error))
            sound = False
    if not sound:
        return render_template("accounts/choose_password.html", **page), NOT_UNDERSTOOD
    use_link(kind, secret, at=at)
    set_password(credential, form.password.data, at=at)
    has_second_step = credential.totp_secret is not None
    flash(gettext("Your new password is set."), "success")
    if has_second_step:
        answer: Any = redirect(url_for("accounts.sign_in"))
    else:
        answer = sign_in_as(redirect("/"), person_id, as_staff=True, at=at)
    session().commit()
    return answer


@bp.route("/invitation/<secret>", methods=["GET", "POST"])
@by_link
def invitation(secret: str) -> Any:
    return _choose_password(LinkKind.INVITATION, secret)


@bp.route("/new-password/<secret>", methods=["GET", "POST"])
@by_link
def new_password(secret: str) -> Any:
    return _choose_password(LinkKind.RESET_PASSWORD, secret)
