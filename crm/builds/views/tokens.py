"""The token by which a tester's device tells that it ran a build."""

from __future__ import annotations

from flask import render_template
from flask_babel import gettext as _

from crm.accounts.actions import make_api_token
from crm.accounts.rules import Scope
from crm.builds.queries import builds_of
from crm.builds.views import bp
from crm.core import clock, programme
from crm.core.db import session
from crm.core.guards import tester, viewer
from crm.core.tokens import whole_address


@bp.get("/check-in-token")
@tester
def check_in_token() -> str:
    return _page(None)


@bp.post("/check-in-token")
@tester
def make_check_in_token() -> str:
    """Shown once, on this page only."""
    scopes = [Scope.CHECK_INS_WRITE.value]
    token = make_api_token(viewer().person_id, _("Check-ins of my device"), scopes, at=clock.now())
    session().commit()
    return _page(token)


def _page(token: str | None) -> str:
    """With the version of a build that the device may run, for one that we do not know counts as well."""
    mine = builds_of(viewer().person_id, 1, programme.moment())
    version = mine[0][0].version if mine else "1.0"
    return render_template(
        "builds/token.html", token=token, version=version, address=whole_address("/api/v1/check-ins")
    )
