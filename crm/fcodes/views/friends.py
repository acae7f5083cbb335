"""A tester's own codes, ready to be given away."""

from __future__ import annotations

from flask import render_template, url_for

from crm.core import programme
from crm.core.guards import tester, viewer
from crm.core.tokens import whole_address
from crm.fcodes.queries import codes_of
from crm.fcodes.rules import CodeState, grouped, state_of
from crm.fcodes.views import bp


@bp.get("/friends")
@tester
def friends() -> str:
    now = programme.moment()
    rows = [
        {
            "code": grouped(code.code),
            "link": whole_address(url_for("fcodes.invitation", code=grouped(code.code))),
            "state": state_of(code.expires_at, code.redeemed_at, code.revoked_at, now),
            "expires_at": code.expires_at,
            "redeemed_at": code.redeemed_at,
            "friend": friend,
        }
        for code, friend in codes_of(viewer().person_id)
    ]
    ready = [row for row in rows if row["state"] is CodeState.READY]
    return render_template("fcodes/friends.html", ready=ready, others=[row for row in rows if row not in ready])
