"""What devices and build machines say: check-ins, and the file of a build."""

from __future__ import annotations

from datetime import datetime
from typing import Any, BinaryIO, cast

from apiflask import APIBlueprint, Schema
from apiflask.fields import AwareDateTime, Dict, Integer, List, Nested, String
from apiflask.validators import Length, OneOf, Regexp
from flask import Response, current_app, jsonify, request, url_for
from flask.blueprints import BlueprintSetupState
from flask_babel import gettext as _
from marshmallow import RAISE, pre_load

from crm.accounts.rules import Scope
from crm.builds.actions import (
    FOLDER,
    NewCheckIn,
    accept_check_ins,
    attach_file,
    record_check_ins,
    register_build,
    suffix_of,
    without_file,
)
from crm.builds.rules import (
    BATCH,
    CHANNEL,
    CLOCKS_DIFFER,
    FIRST_WEEK,
    LONGEST_KEY,
    LONGEST_VERSION,
    PLATFORMS,
    RAN,
    TOLD_BY_DEVICES,
    Order,
    by_our_clock,
)
from crm.builds.rules.batches import PRINTABLE, at_a_glance
from crm.builds.views import tus
from crm.core import clock, files, programme
from crm.core.db import session
from crm.core.errors import NotUnderstood
from crm.core.guards import scope, viewer
from crm.core.problems import problem_of

bp = APIBlueprint("builds_api", __name__, url_prefix="/api/v1", tag="builds")
BLUEPRINTS = (bp,)
Fault = tuple[str, str]


@bp.record
def _tokens_need_no_csrf(state: BlueprintSetupState) -> None:
    state.app.extensions["csrf"].exempt(bp)


class CheckInSchema(Schema):
    class Meta:
        unknown = RAISE

    version = String(
        required=True,
        validate=[Length(1, LONGEST_VERSION), Regexp(PRINTABLE)],
        metadata={"description": "What runs, as the device names it; kept also when no such build is registered."},
    )
    platform = String(validate=OneOf(PLATFORMS), metadata={"description": "Needed where platforms share a version."})
    kind = String(load_default=RAN[1].value, validate=OneOf([kind.value for kind in TOLD_BY_DEVICES]))
    at = AwareDateTime(metadata={"description": "With its offset. Left out: now. At most 10 minutes ahead."})
    client_key = String(
        validate=[Length(1, LONGEST_KEY), Regexp(PRINTABLE)],
        metadata={"description": "Your own key of this check-in: sent again, it is recorded once."},
    )


class CheckInsSchema(Schema):
    """A batch; a single check-in may also stand by itself as the body."""

    class Meta:
        unknown = RAISE

    check_ins = List(Nested(CheckInSchema), required=True, validate=Length(1, BATCH))
    sent_at = AwareDateTime(
        metadata={
            "description": "What the device's clock shows as it sends, with its offset; else the Date header is read. "
            "A clock that is more than a minute from ours shifts each `at` by the difference."
        }
    )

    def load(self, data: Any, **more: Any) -> Any:
        """A batch without a fault, as nearly all are, is read at a glance; the fields are asked about any other."""
        read = at_a_glance(data)
        return super().load(data, **more) if read is None else read

    @pre_load
    def _one_is_a_batch_too(self, body: Any, **_more: Any) -> Any:
        if not (isinstance(body, dict) and "version" in body):
            return body
        one = dict(body)
        sent = {"sent_at": one.pop("sent_at")} if "sent_at" in one else {}
        return {"check_ins": [one], **sent}


class RecordedSchema(Schema):
    new = Integer(required=True, metadata={"description": "Recorded now."})
    known = Integer(required=True, metadata={"description": "Passed over: their client_key was here already."})


class AcceptedSchema(Schema):
    accepted = Integer(required=True, metadata={"description": "Kept, and recorded within seconds, each key once."})


CHECK_IN_ANSWERS: Any = {
    202: {
        "description": "With `Prefer: respond-async`: kept, and recorded within seconds.",
        "content": {"application/json": {"schema": AcceptedSchema}},
    },
    401: "Unauthorized",
    403: "Forbidden",
    422: "Unprocessable Entity",
}


class StoredSchema(Schema):
    id = Integer(required=True)
    build = Integer(required=True, metadata={"description": "The build's number."})
    size = Integer(required=True)
    sha256 = String(required=True)


def _fault(at: datetime | None, now: datetime) -> str | None:
    if at is None or at < FIRST_WEEK:
        return str(_("This time is earlier than 1970-01-05."))
    if at > now + CLOCKS_DIFFER:
        return str(_("This time is more than 10 minutes ahead of ours: set the device's clock."))
    return None


def _times(told: dict[str, Any], now: datetime) -> list[datetime | None]:
    """When each was, by our clock; None for a time that no calendar has."""
    sent_at = told.get("sent_at") or request.date
    return [by_our_clock(item["at"], sent_at, now) if "at" in item else now for item in told["check_ins"]]


def _faults(times: list[datetime | None], now: datetime) -> list[Fault]:
    told = ((f"/check_ins/{place}/at", _fault(at, now)) for place, at in enumerate(times))
    return [(place, what) for place, what in told if what is not None]


def _may_wait() -> bool:
    """Whether the sender asked for an answer before the work is done (RFC 7240, `Prefer: respond-async`)."""
    told = ",".join(request.headers.getlist("Prefer")).split(",")
    return "respond-async" in (one.partition(";")[0].strip().lower() for one in told)


def _accepted(count: int) -> Response:
    answer = jsonify(accepted=count)
    answer.status_code = 202
    answer.headers["Preference-Applied"] = "respond-async"
    return answer


@bp.post("/check-ins")
@scope(Scope.CHECK_INS_WRITE)
@bp.input(CheckInsSchema)
@bp.output(RecordedSchema)
@bp.doc(
    summary="Tell that a build ran",
    responses=CHECK_IN_ANSWERS,
    operation_id="checkIn",
)
def check_in(json_data: dict[str, Any]) -> Any:
    """Records that the token's owner ran these versions. All of a batch or, where one is at fault, none.

    With the header `Prefer: respond-async` (RFC 7240) the batch is looked at and kept, and the answer is 202; it is
    recorded within seconds.
    """
    now = clock.now()
    batch, times = json_data["check_ins"], _times(json_data, now)
    if faults := _faults(times, now):
        return problem_of("not understood", 422, faults)
    person_id = viewer().person_id
    signs = [
        NewCheckIn(
            person_id,
            item["version"],
            item["kind"],
            at or now,
            item.get("client_key"),
            platform=item.get("platform"),
        )
        for item, at in zip(batch, times, strict=True)
    ]
    if _may_wait():
        accept_check_ins(signs, received_at=now)
        session().commit()
        return _accepted(len(signs))
    recorded = record_check_ins(signs, received_at=now)
    session().commit()
    return {"new": recorded.new, "known": recorded.known}


class BuildSchema(Schema):
    class Meta:
        unknown = RAISE

    platform = String(required=True, validate=OneOf(PLATFORMS))
    version = String(required=True, validate=Length(1, LONGEST_VERSION))
    channel = String(load_default=CHANNEL)
    notes = Dict(keys=String(), values=String(), load_default=dict, metadata={"description": "By language."})
    to_test = Dict(keys=String(), values=String(), load_default=dict, metadata={"description": "By language."})
    expires_days = Integer(load_default=None, metadata={"description": "Left out: it does not end by itself."})
    order = String(
        load_default=None,
        validate=OneOf([order.value for order in Order]),
        metadata={"description": "Where the version goes back: newest, or below the newer ones."},
    )


class BuildMadeSchema(Schema):
    id = Integer(required=True)
    platform = String(required=True)
    version = String(required=True)
    channel = String(required=True)


@bp.post("/builds")
@scope(Scope.BUILDS_WRITE)
@bp.input(BuildSchema)
@bp.output(BuildMadeSchema, status_code=201)
@bp.doc(summary="Register a build", responses=[401, 403, 409, 422], operation_id="registerBuild")
def register(json_data: dict[str, Any]) -> Any:
    """Registers a version; its files follow, one PUT or resumable upload for each."""
    languages = programme.required().languages
    for name in ("notes", "to_test"):
        if unknown := sorted(set(json_data[name]) - set(languages)):
            told = _("The programme's languages are %(languages)s.", languages=", ".join(languages))
            return problem_of("not understood", 422, [(f"/{name}/{unknown[0]}", told)])
    order = json_data.pop("order")
    made = register_build(
        json_data.pop("platform"),
        json_data.pop("version"),
        json_data.pop("notes"),
        at=programme.moment(),
        by_id=viewer().person_id,
        order=Order(order) if order else None,
        **json_data,
    )
    session().commit()
    return {"id": made.id, "platform": made.platform, "version": made.version, "channel": made.channel}


class UploadSchema(Schema):
    id = Integer(required=True)
    build = Integer(required=True)
    state = String(required=True, metadata={"description": "arriving, arrived (being checked), stored or refused."})
    why = String(required=True, metadata={"description": "Why it was refused."})
    here = Integer(required=True, metadata={"description": "Bytes that have arrived."})
    size = Integer(required=True)


bp.after_request(tus.describe)


@bp.post("/uploads")
@scope(Scope.BUILDS_WRITE)
@bp.doc(summary="Begin a resumable upload (tus 1.0)", responses=[201, 401, 403, 404, 409, 412, 413, 422, 507])
def begin_upload() -> Any:
    """For any client of tus 1.0. Upload-Metadata: `build` its number, `filename`, and if need be `device`, `sha256`."""
    upload_id, response = tus.create(None)
    response.headers["Location"] = url_for("builds_api.piece", upload_id=upload_id)
    return response


@bp.route("/uploads/<int:upload_id>", methods=["HEAD", "PATCH", "DELETE", "POST"])
@scope(Scope.BUILDS_WRITE)
@bp.doc(summary="Go on with a resumable upload (tus 1.0)", responses=[204, 401, 403, 404, 409, 410, 412, 415, 423, 460])
def piece(upload_id: int) -> Any:
    return tus.piece(upload_id)


@bp.get("/uploads/<int:upload_id>/state")
@scope(Scope.BUILDS_WRITE)
@bp.output(UploadSchema)
@bp.doc(summary="What became of an upload", responses=[401, 403, 404], operation_id="uploadState")
def upload_state(upload_id: int) -> Any:
    """A file that has arrived is summed by a worker: ask until it is stored or refused."""
    upload = tus.mine(upload_id)
    return {
        "id": upload.id,
        "build": upload.build_id,
        "state": upload.state.value,
        "why": upload.why,
        "here": tus.here_of(upload),
        "size": upload.size,
    }


@bp.put("/builds/<int:build_id>/file")
@scope(Scope.BUILDS_WRITE)
@bp.output(StoredSchema)
@bp.doc(summary="Upload a build's file", responses=[401, 403, 404, 409, 422], operation_id="uploadBuild")
def put_file(build_id: int) -> Any:
    """The body is the file itself; `?name=` is the name it is downloaded by, `?device=` the code of the only device
    that it is for, `?sha256=` what it must come to. A stored file never changes."""
    device, expected = request.args.get("device", ""), request.args.get("sha256", "").lower()
    build = without_file(build_id, device)
    name = request.args.get("name") or f"{build.platform}-{build.version}"
    session().rollback()  # nobody else's writing waits for a file on its way
    most = current_app.config["MAX_UPLOAD_BYTES"]
    stored = files.store(cast(BinaryIO, request.stream), FOLDER, suffix=suffix_of(name), at_most=most)
    try:
        if stored.size != (request.content_length or stored.size):  # the server ends a body whose line broke off
            raise NotUnderstood(_("The upload broke off before its end: send the file again."))
        if expected and stored.sha256 != expected:
            raise NotUnderstood(_("The file is not what its SHA-256 says: send it again."))
        attach_file(build_id, stored, name, at=programme.moment(), device=device)
    except BaseException:
        files.remove(stored.key)
        raise
    session().commit()  # should nobody know how this ended, the file stays: what belongs to no build is swept
    return {"id": build_id, "build": build_id, "size": stored.size, "sha256": stored.sha256}
