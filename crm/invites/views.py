"""The QR code of an invite link, for staff who print it or show it."""

from __future__ import annotations

from flask import Blueprint, Response
from flask_babel import gettext as _

from crm.core.errors import NotThere
from crm.core.guards import May, staff
from crm.invites.queries import address_of, by_code, qr
from crm.invites.rules import tidy_code

bp = Blueprint("invites", __name__, template_folder="templates")
BLUEPRINTS = (bp,)
TYPES = {"svg": "image/svg+xml", "png": "image/png"}
PRINTED = 12


@bp.get("/invites/<code>.<any(svg, png):kind>")
@staff(May.OUTREACH)
def picture(code: str, kind: str) -> Response:
    invite = by_code(tidy_code(code) or "")
    if invite is None:
        raise NotThere(_("There is no such invite link."))
    answer = Response(qr(address_of(invite.code), kind, PRINTED), content_type=TYPES[kind])
    answer.headers["Content-Disposition"] = f'attachment; filename="invite-{invite.code}.{kind}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer
