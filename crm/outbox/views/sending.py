"""How much mail may leave: in an hour, on a day, to one domain, at which hours; and the warm-up of a new server."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _

from crm.core import clock, programme
from crm.core.db import session
from crm.core.errors import NotUnderstood
from crm.core.forms import refuse
from crm.core.guards import May, staff
from crm.outbox import actions
from crm.outbox.forms import SendingForm
from crm.outbox.queries.leaving import obstacle
from crm.outbox.queries.limits import SETTINGS, counted, mail_limits
from crm.outbox.rules.limits import free_at
from crm.outbox.views import bp

NOT_UNDERSTOOD = 422


@bp.route("/settings/sending", methods=["GET", "POST"])
@staff(May.SETTINGS)
def sending() -> Any:
    form = SendingForm(obj=mail_limits())
    if not form.is_submitted():
        return _page(form)
    if not form.validate():
        return _page(form), NOT_UNDERSTOOD
    try:
        actions.set_mail_limits(form.limits(), clock.now())
    except NotUnderstood as error:
        refuse(form.quiet_to, str(error))
        return _page(form), NOT_UNDERSTOOD
    session().commit()
    flash(_("Saved."), "success")
    return redirect(url_for("outbox.sending"))


def _page(form: SendingForm) -> str:
    limits, at = mail_limits(), clock.now()
    this_hour, this_day = counted(SETTINGS, programme.required().tz, at)
    return render_template(
        "outbox/sending.html",
        form=form,
        limits=limits,
        this_hour=this_hour,
        this_day=this_day,
        most_today=limits.on(at.astimezone(programme.required().tz).date()),
        free_at=free_at(limits, programme.required().tz, at, this_hour, this_day) if limits.any_count else None,
        warm_up=list(limits.warm_up()),
        obstacle=obstacle(),
    )
