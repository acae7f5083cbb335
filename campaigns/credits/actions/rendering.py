"""Drawing an edition's pages into files, step by step, and taking them away again."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from flask_babel import gettext as _
from sqlalchemy import Table, delete, select

from boot_screen import Layout, Proof, Scene, write, write_set
from boot_screen.draw import render_pages
from boot_screen.manifest import manifest_json
from boot_screen.orders import NAMES
from boot_screen.outputs import PAGE_FORMATS, suffix_of, whole_file
from boot_screen.outputs.whole import pack_folder
from campaigns.credits.actions.drawing import check_look, hash_of, laid_out, scene_of
from campaigns.credits.models import Edition, EditionName, Rendering
from campaigns.credits.queries import edition_or_404, names_of, newest_job
from campaigns.credits.queries.editions import RENDER
from campaigns.credits.queries.fitness import drawn_sizes, formats_for
from campaigns.credits.rules import EditionState, look_of
from crm.core import files, programme
from crm.core.bulk import insert_or_pass
from crm.core.db import session
from crm.core.errors import MoveRefused, NotUnderstood
from crm.core.jobs import Job, enqueue

PAGES_A_STEP = 40
RENDERING = cast(Table, Rendering.__table__)


def render_edition(edition_id: int, at: datetime, *, by_id: int | None = None) -> Job:
    """Asks for the files of a frozen edition; asked again while they are being drawn, it is the same job."""
    if edition_or_404(edition_id).state == EditionState.DRAFT:
        raise MoveRefused(_("Only a frozen boot screen is drawn into files: freeze it first."))
    running = newest_job(edition_id)
    if running is not None and running.is_open:
        return running
    return enqueue(RENDER, {"edition_id": edition_id}, at=at, by_id=by_id)


@dataclass(frozen=True)
class _Unit:
    """One screen in one language."""

    language: str
    size: str
    scene: Scene
    formats: tuple[str, ...]
    digest: str

    def folder(self, edition_id: int) -> str:
        return f"editions/{edition_id}/{self.digest}"


def _units(edition: Edition) -> list[_Unit]:
    names, look = names_of(edition), look_of(edition.look)
    units = []
    for language in look.wordings:
        for size in drawn_sizes(look):
            scene, formats = scene_of(names, look, language, size), formats_for(look, size)
            units.append(_Unit(language, size, scene, formats, hash_of(scene, formats)))
    return units


def _known(edition_id: int, unit: _Unit) -> bool:
    """Whether this very screen has been drawn and all of it is still on the disk."""
    query = select(Rendering).where(Rendering.edition_id == edition_id, Rendering.input_hash == unit.digest)
    found = session().scalar(query)
    if found is None or (found.language, found.screen) != (unit.language, unit.size):
        return False
    if all(files.path_of(file["key"]).exists() for file in found.files):
        return True
    session().execute(delete(Rendering).where(Rendering.id == found.id))
    return False


def draw_some(job: Job, _at: datetime) -> bool:
    """One step of the job: the next screen that is not drawn yet is laid out, then some pages or one format of it are
    written. Whether there is more. A screen that has been drawn from the same input is not drawn again.

    What the library refuses would be refused each time: it becomes a NotUnderstood, which ends the job.
    """
    try:
        return _draw_some(job)
    except ValueError as error:
        raise NotUnderstood(str(error)) from error


def _draw_some(job: Job) -> bool:
    edition = edition_or_404(job.args["edition_id"])
    if edition.state == EditionState.DRAFT:
        raise MoveRefused(_("This boot screen was taken back to a draft, so its drawing has ended."))
    units = _units(edition)
    if not units:
        check_look(look_of(edition.look))
    waiting = [unit for unit in units if not _known(edition.id, unit)]
    if not waiting:
        job.done = job.total = job.total or 1
        return False
    unit = waiting[0]
    layout = laid_out(unit.scene)
    others = [form for form in unit.formats if form != "png"]
    work = len(layout.pages) + len(others)  # of this screen; the others are taken to need as much
    if job.cursor.get("hash") != unit.digest:
        job.cursor = {"hash": unit.digest, "drawn": [], "proofs": [], "formats": []}
        job.done, job.total = (len(units) - len(waiting)) * work, len(units) * work
        return True
    folder = unit.folder(edition.id)
    if len(job.cursor["proofs"]) < len(layout.pages):
        job.cursor = _draw_pages(layout, folder, job.cursor, keep="png" in unit.formats)
    elif todo := [form for form in others if form not in job.cursor["formats"]]:
        drawn = [*job.cursor["drawn"], *_write_format(layout, folder, todo[0])]
        job.cursor = job.cursor | {"drawn": drawn, "formats": [*job.cursor["formats"], todo[0]]}
    else:
        _finish(edition.id, unit, layout, job)
        return len(waiting) > 1
    job.done = (len(units) - len(waiting)) * work + len(job.cursor["proofs"]) + len(job.cursor["formats"])
    return True


def _draw_pages(layout: Layout, folder: str, cursor: dict[str, Any], *, keep: bool) -> dict[str, Any]:
    """The next pages: their proofs, and their PNGs where that format is asked for."""
    first = len(cursor["proofs"])
    drawn, proofs = list(cursor["drawn"]), list(cursor["proofs"])
    for master in render_pages(layout, range(first, min(first + PAGES_A_STEP, len(layout.pages)))):
        proofs.append(list(master.proof()))
        if keep:
            name = f"boot-screen-{master.page:02}.png"
            path = _path(key := f"{folder}/{name}")
            write(master, "png", path)
            drawn.append({"form": "png", "name": name, "key": key, "size": path.stat().st_size, "page": master.page})
    return cursor | {"drawn": drawn, "proofs": proofs}


def _write_format(layout: Layout, folder: str, form: str) -> list[dict[str, Any]]:
    """All pages in one format: a file each, one file, or a folder packed into a zip."""
    suffix = suffix_of(form)
    if form in PAGE_FORMATS:
        written = []
        for master in render_pages(layout, range(len(layout.pages))):
            path = _path(f"{folder}/boot-screen-{master.page:02}{suffix}")
            write(master, form, path)
            written.append(path)
    else:
        stem = NAMES.get(form, "boot-screen") if suffix else form
        written = [_path(f"{folder}/{stem}{suffix or '.zip'}")]
        if suffix:
            write_set(layout, render_pages(layout, range(len(layout.pages))), form, written[0])
        else:
            with tempfile.TemporaryDirectory(dir=written[0].parent) as place:
                write_set(layout, render_pages(layout, range(len(layout.pages))), form, Path(place) / form)
                pack_folder(Path(place) / form, written[0])
    return [
        {"form": form, "name": path.name, "key": f"{folder}/{path.name}", "size": path.stat().st_size}
        for path in written
    ]


def _finish(edition_id: int, unit: _Unit, layout: Layout, job: Job) -> None:
    """The manifest, and the row that says that this screen is there."""
    key = f"{unit.folder(edition_id)}/manifest.json"
    proofs = {page: Proof(*proof) for page, proof in enumerate(job.cursor["proofs"], start=1)}
    with whole_file(_path(key)) as file:
        for piece in manifest_json(layout, proofs):
            file.write(piece)
    row = {
        "edition_id": edition_id, "input_hash": unit.digest, "files": job.cursor["drawn"], "manifest_key": key,
        "job_id": job.id, "at": programme.moment(), "language": unit.language, "screen": unit.size,
    }  # fmt: skip
    insert_or_pass(RENDERING, [row])
    told = job.result or {"pages": 0, "changed": 0}
    changed = sum(1 for _name in layout.changed())
    job.result = {"pages": told["pages"] + len(layout.pages), "px": layout.px, "changed": max(told["changed"], changed)}


def _path(key: str) -> Path:
    path = files.path_of(key)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def forget_renderings(edition_ids: Collection[int]) -> None:
    """Takes the pictures and manifests of these editions off the disk; they can be drawn again."""
    session().execute(delete(Rendering).where(Rendering.edition_id.in_(edition_ids)))
    for edition_id in edition_ids:
        shutil.rmtree(files.path_of(f"editions/{edition_id}"), ignore_errors=True)


def forget_names(person_id: int, _at: datetime) -> None:
    """Erases somebody from every edition: their name, and the pictures and manifests that show it."""
    named = select(Edition.id).join(EditionName).where(EditionName.person_id == person_id)
    forget_renderings(session().scalars(named).all())
    session().execute(delete(EditionName).where(EditionName.person_id == person_id))
