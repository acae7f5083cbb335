"""The mailboxes that we write from: each with a mail server, limits and a warm-up of its own."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its types

from crm.core import clock, programme
from crm.core.db import session
from crm.core.errors import NotUnderstood
from crm.core.forms import refuse, text
from crm.core.guards import May, staff, viewer
from crm.core.mail import server
from crm.core.mailboxes import Tls
from crm.core.sealed import SealBroken
from crm.core.smtp import PORTS, ServerAway
from crm.outbox.actions.mail_accounts import (
    AddressNotUnderstood,
    MailAccountDraft,
    PasswordMissing,
    SenderKnown,
    hand_letters_on,
    note_try,
    put_mail_account,
    retire_mail_account,
    send_test,
    set_mail_account_active,
    try_mail_account,
)
from crm.outbox.forms import HandOnForm, MailAccountForm
from crm.outbox.queries.leaving import obstacle
from crm.outbox.queries.mail_accounts import (
    MailSender,
    mail_account_or_404,
    mail_sender_or_404,
    mail_senders,
    sender_choices,
)
from crm.outbox.queries.rendering import address_of
from crm.outbox.queries.ways import SCHEMES, zone_of_account
from crm.outbox.queries.words import MAIL_STATES, MAIL_TONES
from crm.outbox.rules.limits import free_at
from crm.outbox.views import bp

NOT_UNDERSTOOD = 422
NUMBERS = ("per_hour", "per_day", "domain_per_hour", "domain_per_day", "warm_from", "warm_first")


@bp.get("/settings/senders")
@staff(May.SETTINGS)
def senders() -> str:
    return render_template(
        "outbox/senders.html",
        rows=mail_senders(clock.now()),
        states=MAIL_STATES,
        tones=MAIL_TONES,
        shared=bool(server()),
        obstacle=obstacle(),
    )


def _form(known: MailSender | None) -> MailAccountForm:
    if known is None:
        return MailAccountForm(data={"zone": programme.required().zone, "tls": Tls.STARTTLS.value})
    sender, account = known.sender, known.account
    from_name, address = address_of(sender)
    start = {name: getattr(account, name) for name in ("host", "port", "user", "fills_in", *NUMBERS[2:])}
    start |= {"name": sender.name, "from_name": from_name, "address": address, "tls": account.tls.value}
    start |= {"zone": sender.zone, "per_hour": sender.per_hour, "per_day": sender.per_day}
    return MailAccountForm(data=start)


def _draft(form: MailAccountForm) -> MailAccountDraft:
    tls = Tls(form.tls.data)
    return MailAccountDraft(
        name=text(form.name),
        from_name=text(form.from_name),
        address=text(form.address),
        host=text(form.host),
        port=form.port.data or PORTS[SCHEMES[tls]],
        tls=tls,
        user=text(form.user),
        password=form.password.data or None,
        zone=text(form.zone),
        fills_in=bool(form.fills_in.data),
        **{name: form[name].data for name in NUMBERS},
    )


def _put(known: MailSender | None) -> Any:
    form, status = _form(known), 200
    if form.is_submitted():
        status = NOT_UNDERSTOOD
    if form.validate_on_submit():
        try:
            saved = put_mail_account(known.sender.id if known else None, _draft(form), clock.now()).id
            session().commit()
        except NotUnderstood as error:
            session().rollback()
            fields = {SenderKnown: form.name, AddressNotUnderstood: form.address, PasswordMissing: form.password}
            refuse(fields.get(type(error), form.zone), str(error))
        else:
            return _tried(saved)
    return render_template("outbox/sender_form.html", form=form, known=known, shared=bool(server())), status


def _tried(sender_id: int) -> Response:
    """Nothing is kept waiting while the server thinks."""
    _sender, account = mail_account_or_404(sender_id)
    session().expunge(account)
    session().commit()
    away = None
    try:
        try_mail_account(account)
    except SealBroken as error:
        flash(str(error), "error")
        return redirect(url_for("outbox.sender", sender_id=sender_id))
    except ServerAway as error:
        away = error
    note_try(sender_id, away, clock.now())
    session().commit()
    if away is None:
        flash(_("It works: the mail server lets us in."), "success")
    else:
        flash(_("The mail server does not let us in. It said: %(said)s", said=str(away)), "error")
    return redirect(url_for("outbox.sender", sender_id=sender_id))


@bp.route("/settings/senders/new", methods=["GET", "POST"])
@staff(May.SETTINGS)
def new_sender() -> Any:
    return _put(None)


@bp.route("/settings/senders/<int:sender_id>/edit", methods=["GET", "POST"])
@staff(May.SETTINGS)
def edit_sender(sender_id: int) -> Any:
    return _put(mail_sender_or_404(sender_id, clock.now()))


@bp.get("/settings/senders/<int:sender_id>")
@staff(May.SETTINGS)
def sender(sender_id: int) -> str:
    at = clock.now()
    found = mail_sender_or_404(sender_id, at)
    zone = zone_of_account(found.sender)
    others = [SelectChoice(number, name) for number, name in sender_choices() if number != sender_id]
    hand_on = HandOnForm(formdata=None)
    hand_on.to.choices = [SelectChoice("", _("the mail server that all share")), *others]
    return render_template(
        "outbox/sender.html",
        one=found,
        address=address_of(found.sender),
        states=MAIL_STATES,
        tones=MAIL_TONES,
        free_at=free_at(found.limits, zone, at, found.this_hour, found.this_day),
        warm_up=list(found.limits.warm_up()),
        hand_on=hand_on,
    )


def _back(sender_id: int, message: str) -> Response:
    session().commit()
    flash(message, "success")
    return redirect(url_for("outbox.sender", sender_id=sender_id))


@bp.post("/settings/senders/<int:sender_id>/try")
@staff(May.SETTINGS)
def try_sender(sender_id: int) -> Response:
    return _tried(sender_id)


@bp.post("/settings/senders/<int:sender_id>/test")
@staff(May.SETTINGS)
def test_sender(sender_id: int) -> Response:
    letter_id = send_test(sender_id, viewer().person_id, clock.now())
    session().commit()
    flash(_("The test letter is on its way. This page says what becomes of it."), "success")
    return redirect(url_for("outbox.letter", letter_id=letter_id))


@bp.post("/settings/senders/<int:sender_id>/stop")
@staff(May.SETTINGS)
def stop_sender(sender_id: int) -> Response:
    set_mail_account_active(sender_id, False, clock.now())
    return _back(sender_id, _("Stopped: its letters wait."))


@bp.post("/settings/senders/<int:sender_id>/resume")
@staff(May.SETTINGS)
def resume_sender(sender_id: int) -> Response:
    set_mail_account_active(sender_id, True, clock.now())
    return _back(sender_id, _("Its letters leave again."))


@bp.post("/settings/senders/<int:sender_id>/hand-on")
@staff(May.SETTINGS)
def hand_on(sender_id: int) -> Response:
    chosen = HandOnForm().to.data or ""
    if chosen and not chosen.isdecimal():
        raise NotUnderstood(_("Choose another sender that is in use."))
    count = hand_letters_on(sender_id, int(chosen) if chosen else None, clock.now())
    return _back(sender_id, ngettext("%(num)s letter was handed on.", "%(num)s letters were handed on.", count))


@bp.post("/settings/senders/<int:sender_id>/retire")
@staff(May.SETTINGS)
def retire_sender(sender_id: int) -> Response:
    retire_mail_account(sender_id, clock.now())
    return _back(sender_id, _("Nothing leaves by this sender any more."))
