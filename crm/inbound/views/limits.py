"""When bounces and complaints are too many, and the secret with which a mail provider signs its reports."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from crm.core import clock
from crm.core.db import session
from crm.core.guards import May, staff
from crm.core.tokens import whole_address
from crm.inbound import actions
from crm.inbound.forms import LimitsForm
from crm.inbound.queries import limits
from crm.inbound.views import bp

NOT_UNDERSTOOD = 422


def _form(**more: Any) -> LimitsForm:
    known = limits()
    bounces, complaints = Decimal(known.bounces_per_10_000) / 100, Decimal(known.complaints_per_10_000) / 100
    return LimitsForm(obj=known, bounces=bounces, complaints=complaints, **more)


def _typed(form: LimitsForm) -> dict[str, int]:
    plain = ("soft_bounces", "soft_days", "least_sent")
    shares = {"bounces_per_10_000": form.bounces.data, "complaints_per_10_000": form.complaints.data}
    return {name: form[name].data for name in plain} | {
        name: round((share or Decimal(0)) * 100) for name, share in shares.items()
    }


@bp.route("/settings/bounces", methods=["GET", "POST"])
@staff(May.SETTINGS)
def limits_page() -> Any:
    form = _form()
    if not form.is_submitted():
        return _page(form)
    if not form.validate():
        return _page(form, NOT_UNDERSTOOD)
    actions.set_limits(_typed(form), clock.now())
    session().commit()
    flash(_("Saved."), "success")
    return redirect(url_for("inbound.limits_page"))


def _page(form: LimitsForm, status: int = 200, secret: str | None = None) -> Any:
    hook = {"address": whole_address("/api/v1/mail-events"), "is_open": limits().sealed_hook_secret is not None}
    return render_template("inbound/limits.html", form=form, hook=hook, secret=secret), status


@bp.post("/settings/bounces/secret")
@staff(May.SETTINGS)
def new_hook_secret() -> Any:
    """Shown this once."""
    secret = actions.new_hook_secret(clock.now())
    session().commit()
    return _page(_form(formdata=None), secret=secret)


@bp.post("/settings/bounces/secret/remove")
@staff(May.SETTINGS)
def close_hook() -> Response:
    actions.close_hook(clock.now())
    session().commit()
    flash(_("Nobody can report mail any more until there is a new secret."), "success")
    return redirect(url_for("inbound.limits_page"))
