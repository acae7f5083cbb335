"""What came in: the list, and one of them with its quotes folded."""

from __future__ import annotations

from typing import Any

from flask import render_template, request, url_for

from crm.core.db import session
from crm.core.guards import May, staff
from crm.inbound.models import Mailbox
from crm.inbound.queries import incoming_or_404, incoming_page
from crm.inbound.rules import IncomingKind
from crm.inbound.views import bp
from crm.inbound.views.words import KINDS, TONES
from crm.people.models import Person


@bp.get("/incoming")
@staff(May.OUTREACH)
def incoming() -> str:
    word = request.args.get("kind", "")
    kind = IncomingKind(word) if word in set(IncomingKind) else None
    page = incoming_page(kind, request.args.get("after"), request.args.get("before"))
    asked: dict[str, Any] = {"kind": word} if kind else {}
    return render_template(
        "inbound/incoming.html",
        page=page,
        asked=asked,
        kinds=KINDS,
        tones=TONES,
        newer=url_for("inbound.incoming", **asked, before=page.before) if page.before else None,
        older=url_for("inbound.incoming", **asked, after=page.after) if page.after else None,
    )


@bp.get("/incoming/<int:incoming_id>")
@staff(May.OUTREACH)
def one_incoming(incoming_id: int) -> str:
    found = incoming_or_404(incoming_id)
    return render_template(
        "inbound/one.html",
        mail=found,
        person=session().get(Person, found.person_id) if found.person_id else None,
        mailbox=session().get(Mailbox, found.mailbox_id) if found.mailbox_id else None,
        kind=KINDS[found.kind],
        tone=TONES.get(found.kind, "quiet"),
    )
