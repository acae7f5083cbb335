"""What this room does by itself."""

from __future__ import annotations

import structlog
from celery import shared_task

from crm.builds.actions import FOLDER, record_accepted
from crm.builds.actions.looking import look_at, record_look, signer
from crm.builds.actions.seats import sweep_seats
from crm.builds.actions.uploads import drop_upload, settle_upload, touch_upload
from crm.builds.actions.warning import warn_of_end
from crm.builds.models import Artefact, Upload
from crm.builds.queries import arrived_uploads, arriving_uploads, ending_builds, known_keys, old_uploads
from crm.builds.queries.feeds import unseen_artefacts
from crm.builds.queries.seats import ruled_platforms
from crm.builds.rules import KEEP_UPLOADS, UploadState
from crm.core import clock, files, programme
from crm.core.db import session, start_writing

log = structlog.get_logger(__name__)


@shared_task(name="crm.builds.tasks.store_uploads")
def store_uploads() -> int:
    """Sums files that have arrived, while nobody's writing waits, and gives them to their builds; returns how many."""
    done = 0
    _find_whole()
    arrived = [(upload.id, files.Arriving(upload.file_key)) for upload in arrived_uploads()]
    session().commit()
    for upload_id, file in arrived:
        start_writing()
        if not file.is_here:  # somebody has emptied the folder: its sender begins anew
            drop_upload(upload_id, UploadState.ARRIVED)
            session().commit()
            continue
        try:
            stored = file.keep()
        except files.Busy:  # a piece beyond its end is being turned away: the next look finds it alone
            continue
        done += settle_upload(upload_id, stored, programme.moment())
        session().commit()
        refused = session().get_one(Upload, upload_id).state is UploadState.REFUSED
        session().commit()
        if refused:
            file.remove()
    return done


def _find_whole() -> None:
    """Files whose last piece came just before whoever took it was killed."""
    arriving = [(one.id, one.size, files.Arriving(one.file_key)) for one in arriving_uploads()]
    session().commit()
    for upload_id, size, file in arriving:
        if file.is_here and file.size == size:
            start_writing()
            touch_upload(upload_id, size, clock.now())
            session().commit()


@shared_task(name="crm.builds.tasks.look_at_artefacts")
def look_at_artefacts() -> int:
    """Sums and signs files that updaters will ask for, and reads their packages; returns how many."""
    done = 0
    for artefact_id in unseen_artefacts():
        start_writing()
        key = signer(clock.now())
        path = files.path_of(session().get_one(Artefact, artefact_id).file_key)
        session().commit()
        if not path.exists():
            log.error("artefact_without_its_file", artefact=artefact_id, file=path.name)
            continue
        told = look_at(path, key)
        start_writing()
        done += record_look(artefact_id, told, clock.now())
        session().commit()
    return done


@shared_task(name="crm.builds.tasks.sweep_uploads")
def sweep_uploads() -> int:
    """Throws away what nobody will go on with; returns how many."""
    gone = 0
    old = [(one.id, one.state, one.file_key, one.touched_at) for one in old_uploads(clock.now())]
    for upload_id, state, key, touched_at in old:
        start_writing()
        dropped = drop_upload(upload_id, state, touched_at)
        session().commit()
        if dropped and state is not UploadState.STORED:
            files.Arriving(key).remove()
        gone += dropped
    known, before = known_keys(), (clock.now() - KEEP_UPLOADS).timestamp()
    session().commit()
    for key in [*files.left_behind(FOLDER, before), *files.stored_before(FOLDER, before)]:
        if key not in known:
            files.Arriving(key).remove()
            gone += 1
    return gone


@shared_task(name="crm.builds.tasks.sweep_all_seats")
def sweep_all_seats() -> int:
    """Warns of idle seats, frees those whose grace is over, gives free ones to the next in line; returns how many."""
    moved = 0
    for platform in ruled_platforms():
        start_writing()
        moved += sweep_seats(platform, programme.moment())
        session().commit()
    return moved


@shared_task(name="crm.builds.tasks.warn_of_ends")
def warn_of_ends() -> int:
    """Writes to whoever looks after builds before one ends with none to follow it; returns how many letters."""
    written = 0
    for build_id in ending_builds(programme.moment()):
        start_writing()
        written += warn_of_end(build_id, programme.moment())
        session().commit()
    return written


@shared_task(name="crm.builds.tasks.record_batches")
def record_batches() -> int:
    """Records check-ins that were accepted; returns how many batches. A row goes with what is made of it."""
    done = 0
    start_writing()
    while some := record_accepted():
        session().commit()
        done += some
    session().rollback()
    return done
