"""Update feeds: what a device asks by itself, and the page on which a tester gets the addresses."""

from __future__ import annotations

import hashlib
from datetime import datetime
from http import HTTPStatus

from flask import Response, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from crm.builds.actions.feeds import make_feed_key, note_update_check, revoke_feed_keys
from crm.builds.queries import LINK_LIVES, download_token, link_ends_on, platforms_in_use
from crm.builds.queries.feeds import (
    Offered,
    feed_key_of,
    feed_token,
    offered_to_key,
    public_key,
    read_feed_token,
    unknown_versions,
)
from crm.builds.rules import PLATFORMS
from crm.builds.rules.feeds import FORMATS, Format, Offer, format_of, running_version
from crm.builds.views import bp
from crm.core import clock, programme
from crm.core.db import session, start_writing
from crm.core.guards import May, by_link, staff, tester, viewer
from crm.core.tokens import whole_address
from crm.invites.queries import qr


def _offer(found: Offered, platform: str, at: datetime) -> Offer | None:
    if found.artefact_id is None or found.version is None or found.registered_at is None:
        return None
    return Offer(
        version=found.version,
        published_at=found.registered_at,
        notes=found.notes or "",
        url=whole_address(f"/b/{download_token(found.artefact_id, found.person_id, at)}"),
        file_name=found.file_name or f"{platform}-{found.version}",
        size=found.size or 0,
        sha256=found.sha256 or "",
        sha512=found.sha512,
        ed25519=found.ed25519,
        app_id=found.app_id,
        minisign=found.minisign,
    )


def _etag(form: Format, found: Offered, at: datetime) -> str:
    """Another one in another week too: the address of the file comes to its end."""
    parts = (form.key, found.artefact_id, found.person_id, found.ed25519, found.minisign, found.notes, link_ends_on(at))
    told = "\0".join(map(str, parts))
    return hashlib.sha256(told.encode()).hexdigest()[:32]


def _tell_when_changed(response: Response, found: Offered, now: datetime) -> None:
    """Last-Modified, and 304 for who sends exactly it back and no ETag.

    Not for any later moment, as HTTP has it: after a hold a device is told of an older build again. Nor once the
    address of the file in the answer that the device has may have come to its end.
    """
    told = [at for at in (found.registered_at, found.noted_at, found.added_at) if at is not None]
    if found.artefact_id is None or not told:
        return
    changed = response.last_modified = max(told).replace(microsecond=0)
    if "If-None-Match" in request.headers or now - changed >= LINK_LIVES:
        return
    if request.if_modified_since == changed:
        response.status_code = HTTPStatus.NOT_MODIFIED


@bp.get("/f/<token>/<platform>/<file>")
@by_link
def feed(token: str, platform: str, file: str) -> Response:
    """The build that the owner of this address may have now, as their updater reads it.

    `?device=` is the device's code, where its files differ. `?version=`, or Sparkle's User-Agent, tells what runs: that
    is kept as an update check, once a day.
    """
    form, key_id = format_of(platform, file), read_feed_token(token)
    if form is None or key_id is None:
        abort(404)
    known, now = programme.required(), clock.now()
    device = request.args.get("device", "")
    found = offered_to_key(key_id, platform, known.languages[0], programme.moment(), device=device, needs=form.needs)
    if found is None:
        abort(404)
    running = running_version(request.args.get("version"), request.user_agent.string)
    response = Response(mimetype=form.kind)
    response.set_etag(_etag(form, found, now))
    response.cache_control.private = True
    response.cache_control.no_cache = True
    response.make_conditional(request)
    _tell_when_changed(response, found, now)
    if response.status_code != 304:
        response.set_data(form.write(_offer(found, platform, now), known.name))
        if not response.content_length:
            response.status_code = HTTPStatus.NO_CONTENT
    if running is not None:
        _note(found.person_id, running, platform)
    return response


def _note(person_id: int, version: str, platform: str) -> None:
    session().rollback()
    start_writing()
    note_update_check(person_id, version, platform, clock.now())
    session().commit()


@bp.get("/my-feeds")
@tester
def my_feeds() -> str:
    key = feed_key_of(viewer().person_id)
    start = whole_address(f"/f/{feed_token(key.id)}") if key else None
    addresses = {
        platform: [(form, f"{start}/{platform}/{form.file}") for form in FORMATS if platform in form.platforms]
        for platform in platforms_in_use() or PLATFORMS
        if start
    }
    return render_template("builds/feeds.html", key=key, addresses=addresses)


@bp.get("/my-feeds/<platform>/<file>/qr.svg")
@tester
def my_feed_code(platform: str, file: str) -> Response:
    """A tester's own address as a QR code, for the device that is to read it."""
    key = feed_key_of(viewer().person_id)
    if key is None or format_of(platform, file) is None:
        abort(404)
    answer = Response(qr(whole_address(f"/f/{feed_token(key.id)}/{platform}/{file}")), mimetype="image/svg+xml")
    answer.cache_control.no_store = True
    return answer


@bp.post("/my-feeds")
@tester
def make_my_feeds() -> AnyResponse:
    make_feed_key(viewer().person_id, clock.now())
    session().commit()
    return redirect(url_for("builds.my_feeds"))


@bp.post("/my-feeds/revoke")
@tester
def revoke_my_feeds() -> AnyResponse:
    revoke_feed_keys(viewer().person_id, clock.now())
    session().commit()
    flash(_("The addresses open nothing any more."), "success")
    return redirect(url_for("builds.my_feeds"))


@bp.get("/builds/feeds")
@staff(May.SEE)
def feeds() -> str:
    """What the device team needs: the addresses' shape, the public key; and the versions that nobody has registered."""
    return render_template("builds/all_feeds.html", forms=FORMATS, public=public_key(), unknown=unknown_versions())
