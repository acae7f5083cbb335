"""The mailboxes that are read: list, set up, tried."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from crm.core import clock
from crm.core.db import session
from crm.core.errors import NotUnderstood
from crm.core.forms import refuse, text
from crm.core.guards import May, staff
from crm.core.mailboxes import PORTS, MailboxAway, MailboxKind, Tls
from crm.inbound import actions
from crm.inbound.forms import MailboxForm
from crm.inbound.models import Mailbox
from crm.inbound.queries import mailbox_or_404, mailboxes
from crm.inbound.views import bp
from crm.inbound.views.words import fault_sentence

NOT_UNDERSTOOD = 422


@bp.get("/settings/mailboxes")
@staff(May.SETTINGS)
def mailbox_list() -> str:
    return render_template("inbound/mailboxes.html", mailboxes=mailboxes(), fault_of=fault_of)


def fault_of(box: Mailbox) -> str:
    told = fault_sentence(box.fault, box.host, box.port, box.folder)
    return f"{told} ({box.said})" if told and box.said else told


def _change(form: MailboxForm) -> actions.MailboxChange:
    kind, tls = MailboxKind(form.kind.data), Tls(form.tls.data)
    return actions.MailboxChange(
        name=text(form.name), kind=kind, host=text(form.host), port=form.port.data or PORTS[kind, tls], tls=tls,
        user=text(form.user), folder=text(form.folder) or "INBOX", deletes=form.deletes.data,
        active=form.active.data, password=form.password.data or None,
    )  # fmt: skip


def _form_page(form: MailboxForm, box: Mailbox | None, status: int = 200) -> Any:
    return render_template("inbound/mailbox.html", form=form, box=box), status


@bp.route("/settings/mailboxes/new", methods=["GET", "POST"])
@staff(May.SETTINGS)
def new_mailbox() -> Any:
    return _put(MailboxForm(), None)


@bp.route("/settings/mailboxes/<int:mailbox_id>", methods=["GET", "POST"])
@staff(May.SETTINGS)
def mailbox(mailbox_id: int) -> Any:
    box = mailbox_or_404(mailbox_id)
    form = MailboxForm(obj=box)
    if request.method == "GET":
        form.kind.data, form.tls.data = box.kind.value, box.tls.value
    return _put(form, box)


def _put(form: MailboxForm, box: Mailbox | None) -> Any:
    if not form.is_submitted():
        return _form_page(form, box)
    if not form.validate():
        return _form_page(form, box, NOT_UNDERSTOOD)
    try:
        made = actions.put_mailbox(box.id if box else None, _change(form), clock.now())
        number = made.id
        session().commit()
    except NotUnderstood as error:
        session().rollback()
        refuse(form.name if form.password.data or box else form.password, str(error))
        return _form_page(form, box, NOT_UNDERSTOOD)
    return _tried(number)


def _tried(mailbox_id: int) -> Response:
    """Nothing is kept waiting while the server thinks."""
    box, fault, count = mailbox_or_404(mailbox_id), None, 0
    try:
        account = actions.account_of(box)
        session().commit()
        count = actions.try_mailbox(account)
    except MailboxAway as error:
        fault = error
    actions.note_try(mailbox_id, fault)
    session().commit()
    box = mailbox_or_404(mailbox_id)
    if fault is None:
        flash(
            ngettext("It works: %(num)s message is there.", "It works: %(num)s messages are there.", count), "success"
        )
    else:
        flash(f"{box.name}: {fault_of(box)}", "error")
    return redirect(url_for("inbound.mailbox_list"))


@bp.post("/settings/mailboxes/<int:mailbox_id>/try")
@staff(May.SETTINGS)
def try_mailbox(mailbox_id: int) -> Response:
    return _tried(mailbox_id)


@bp.post("/settings/mailboxes/<int:mailbox_id>/remove")
@staff(May.SETTINGS)
def remove_mailbox(mailbox_id: int) -> Response:
    actions.remove_mailbox(mailbox_id, clock.now())
    session().commit()
    flash(_("The mailbox is not read any more. What was read from it stays."), "success")
    return redirect(url_for("inbound.mailbox_list"))
