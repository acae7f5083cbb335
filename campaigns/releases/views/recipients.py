"""Who gets a release, wave by wave, before anything leaves; who does not, and why."""

from __future__ import annotations

from flask import render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from campaigns.releases.queries import (
    Gets,
    gets,
    how_many_left_out,
    left_out,
    one_by_one,
    people_in,
    reach_of,
    release_or_404,
    sizes,
    train_or_404,
    waves_of,
    why_left_out,
)
from campaigns.releases.views import bp
from campaigns.releases.views.words import wave_name
from crm.core import programme
from crm.core.errors import NotThere
from crm.core.guards import May, staff

NOBODY = "none"
"""The part of the page with testers who are in no wave."""
GETS_WORDS = {
    Gets.LETTER: _l("the build and a letter"),
    Gets.QUIET: _l("the build; this wave gets no letter"),
    Gets.NO_ADDRESS: _l("the build; we have no mail address of theirs"),
    Gets.SUPPRESSED: _l("the build; they must not be written to"),
    Gets.NO_SEAT: _l("nothing yet: they have no seat"),
    Gets.NOT_CHOSEN: _l("nothing: they are in no wave of it"),
    Gets.CAME_LATE: _l("nothing yet: they came after the freeze and enter the wave that runs"),
}


@bp.get("/releases/<int:release_id>/recipients")
@staff(May.SEE)
def recipients(release_id: int) -> str:
    release, at = release_or_404(release_id), programme.moment()
    waves = waves_of(release)
    counts = sizes(release, waves, at)
    chosen = request.args.get("wave", "0")
    after, before = request.args.get("after"), request.args.get("before")
    if chosen == NOBODY:
        people = one_by_one(left_out(release, waves, at), after, before)
        told, reach = why_left_out([row.id for row in people.rows], release), None
    else:
        position = int(chosen) if chosen.isdecimal() and len(chosen) < 4 else -1
        wave = next((one for one in waves if one.position == position), None)
        if wave is None:
            raise NotThere(_("This release has no such wave."))
        reach = reach_of(release, wave, waves, at)
        people = one_by_one(people_in(release, wave, waves, at), after, before)
        told = gets([row.id for row in people.rows], release, wave, waves, at)
    return render_template(
        "releases/recipients.html",
        release=release,
        train=train_or_404(release.train_id),
        counted=[(one.position, wave_name(one.kind, one.percent), counts[one.position]) for one in waves],
        left_out=how_many_left_out(release, waves, at),
        chosen=chosen,
        page=people,
        told=told,
        reach=reach,
        words=GETS_WORDS,
    )
