"""The domains that letters come from: the keys that sign them, and what their DNS says."""

from __future__ import annotations

from collections.abc import Sequence

from flask import current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from crm.core import clock
from crm.core.db import session
from crm.core.dkim import Algorithm
from crm.core.errors import NotUnderstood
from crm.core.guards import May, staff
from crm.outbox.actions import make_key, retire_key, use_key
from crm.outbox.models import DkimKey
from crm.outbox.queries.dns import Finding, check
from crm.outbox.queries.keys import can_sign, domain_or_404, host_for, keys_of, sending_domains, signed_domains
from crm.outbox.queries.words import FINDINGS, KEY_STATES, KEY_TONES, VERDICT_TONES, VERDICTS
from crm.outbox.rules import KeyState
from crm.outbox.views import bp


def asked_of_dns(domain: str, keys: Sequence[DkimKey]) -> list[Finding]:
    """With the settings of this installation."""
    return check(domain, keys, servers=str(current_app.config["DNS_SERVERS"]).split(), host=host_for(domain))


@bp.get("/settings/signing")
@staff(May.SETTINGS)
def domains() -> str:
    return render_template("outbox/domains.html", domains=sending_domains(), signed=signed_domains())


@bp.get("/settings/signing/<domain>")
@staff(May.SETTINGS)
def domain(domain: str) -> str:
    """With `?check=1` the DNS is asked."""
    keys = keys_of(domain_or_404(domain))
    in_use = [key for key in keys if key.state is not KeyState.RETIRED]
    return render_template(
        "outbox/domain.html",
        domain=domain,
        keys=keys,
        broken={key.id for key in in_use if not can_sign(key)},
        algorithms=Algorithm,
        states=KEY_STATES,
        tones=KEY_TONES,
        findings=asked_of_dns(domain, in_use) if request.args.get("check") else None,
        told=FINDINGS,
        verdicts=VERDICTS,
        verdict_tones=VERDICT_TONES,
    )


def _back(key: DkimKey, message: str) -> Response:
    session().commit()
    flash(message, "success")
    return redirect(url_for("outbox.domain", domain=key.domain))


@bp.post("/settings/signing/<domain>/keys")
@staff(May.SETTINGS)
def new_key(domain: str) -> Response:
    word = request.form.get("algorithm", Algorithm.RSA)
    if word not in set(Algorithm):
        raise NotUnderstood(_("Choose RSA or Ed25519."))
    made = make_key(domain, Algorithm(word), clock.now())
    return _back(made, _("The key is made. Set its record in the DNS, then use it."))


@bp.post("/settings/signing/keys/<int:key_id>/use")
@staff(May.SETTINGS)
def use(key_id: int) -> Response:
    return _back(use_key(key_id, clock.now()), _("Letters are signed with this key from now on."))


@bp.post("/settings/signing/keys/<int:key_id>/retire")
@staff(May.SETTINGS)
def retire(key_id: int) -> Response:
    retired = retire_key(key_id, clock.now())
    return _back(retired, _("Nothing is signed with this key any more. Leave its record for a week, then remove it."))
