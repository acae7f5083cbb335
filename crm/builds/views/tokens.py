"""The token by which a tester's device tells that it ran a build."""

from __future__ import annotations

from flask import render_template
from flask_babel import gettext as _

from crm.accounts.actions import make_api_token
from crm.accounts.rules import Scope
from crm.builds.views import bp
from crm.core import clock
from crm.core.db import session
from crm.core.guards import tester, viewer
from crm.core.tokens import whole_address


@bp.get("/check-in-token")
@tester
def check_in_token() -> str:
    return render_template("builds/token.html", token=None, address=whole_address("/api/v1/check-ins"))


@bp.post("/check-in-token")
@tester
def make_check_in_token() -> str:
    """Shown once, on this page only."""
    scopes = [Scope.CHECK_INS_WRITE.value]
    token = make_api_token(viewer().person_id, _("Check-ins of my device"), scopes, at=clock.now())
    session().commit()
    return render_template("builds/token.html", token=token, address=whole_address("/api/v1/check-ins"))
