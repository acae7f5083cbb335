"""A mail provider, or a program between it and us, tells what became of letters."""

from __future__ import annotations

from functools import wraps
from typing import Any

from apiflask import APIBlueprint, Schema
from apiflask.fields import AwareDateTime, Boolean, Integer, List, Nested, String
from apiflask.validators import Length, OneOf, Regexp
from flask.blueprints import BlueprintSetupState
from flask_babel import gettext as _
from marshmallow import RAISE, ValidationError, validates_schema

from crm.core import clock
from crm.core.db import session
from crm.core.guards import View, by_signature
from crm.core.signatures import signed_body
from crm.inbound.actions.limits import hook_secret
from crm.inbound.actions.reporting import MailEvent, take_events
from crm.inbound.rules import IncomingKind

bp = APIBlueprint("inbound_api", __name__, url_prefix="/api/v1", tag="mail")
BLUEPRINTS = (bp,)
BATCH = 500
PRINTABLE = Regexp(r"^[^\x00-\x1f\x7f\ud800-\udfff]*\Z")
KINDS = ("delivered", "bounced", "complained", "unsubscribed")


@bp.record
def _signatures_need_no_csrf(state: BlueprintSetupState) -> None:
    state.app.extensions["csrf"].exempt(bp)


class MailEventSchema(Schema):
    class Meta:
        unknown = RAISE

    id = String(
        required=True,
        validate=[Length(1, 200), PRINTABLE],
        metadata={"description": "The provider's own: an event that comes again changes nothing."},
    )
    kind = String(required=True, validate=OneOf(KINDS))
    message_id = String(
        load_default="", validate=[Length(max=500), PRINTABLE], metadata={"description": "As our letter had it."}
    )
    address = String(
        load_default="", validate=[Length(max=320), PRINTABLE], metadata={"description": "Whom the letter went to."}
    )
    permanent = Boolean(load_default=True, metadata={"description": "Of `bounced`: false when it may work later."})
    detail = String(load_default="", validate=Length(max=2000), metadata={"description": "What the server said."})
    at = AwareDateTime(metadata={"description": "With its offset. Left out: now."})

    @validates_schema
    def _about_something(self, data: dict[str, Any], **_more: Any) -> None:
        if not data["message_id"] and not data["address"]:
            raise ValidationError(str(_("Give message_id or address.")), "message_id")


class MailEventsSchema(Schema):
    class Meta:
        unknown = RAISE

    events = List(Nested(MailEventSchema), required=True, validate=Length(1, BATCH))


class TakenSchema(Schema):
    new = Integer(required=True, metadata={"description": "Recorded now."})
    known = Integer(required=True, metadata={"description": "Passed over: their id was here already."})


def _signed(view: View) -> View:
    @wraps(view)
    def checked(*args: Any, **kwargs: Any) -> Any:
        signed_body(hook_secret(), clock.now())
        return view(*args, **kwargs)

    return checked  # type: ignore[return-value]  # it takes and gives what the view does


def _kind(event: dict[str, Any]) -> IncomingKind:
    kinds = {
        "delivered": IncomingKind.DELIVERED,
        "bounced": IncomingKind.HARD_BOUNCE if event["permanent"] else IncomingKind.SOFT_BOUNCE,
        "complained": IncomingKind.COMPLAINT,
        "unsubscribed": IncomingKind.UNSUBSCRIBED,
    }
    return kinds[event["kind"]]


@bp.post("/mail-events")
@by_signature
@_signed
@bp.input(MailEventsSchema)
@bp.output(TakenSchema)
@bp.doc(
    summary="Tell what became of letters",
    description="Seedbed-Timestamp: seconds since 1970, at most 5 minutes from ours. Seedbed-Signature: v1= and the "
    "HMAC-SHA256 in hex of the timestamp, a dot and the body, under the secret from the settings.",
    responses=[401, 413, 422],
    operation_id="mailEvents",
)
def mail_events(json_data: dict[str, Any]) -> Any:
    """Each event once, by its id; all of a batch or, where one is at fault, none."""
    batch = json_data["events"]
    events = [
        MailEvent(
            one["id"], _kind(one), one["message_id"], one["address"].strip().lower(), one["detail"], one.get("at")
        )
        for one in batch
    ]
    new = take_events(events, clock.now())
    session().commit()
    return {"new": new, "known": len(batch) - new}
