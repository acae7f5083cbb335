"""Drawing an edition's pages into files, step by step, and taking them away again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, cast

from flask_babel import gettext as _
from sqlalchemy import Table, delete, select

from boot_screen import Layout, Proof, manifest, render, write
from campaigns.credits.actions.drawing import hash_of, laid_out, scene
from campaigns.credits.models import Edition, EditionName, Rendering
from campaigns.credits.queries import edition_or_404, names_of, newest_job
from campaigns.credits.queries.editions import RENDER
from campaigns.credits.rules import EditionState
from crm.core import files
from crm.core.bulk import insert_or_pass
from crm.core.db import session
from crm.core.errors import MoveRefused
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


def _folder(edition_id: int, digest: str) -> str:
    return f"editions/{edition_id}/{digest}"


def _path(key: str) -> Path:
    path = files.path_of(key)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _known(edition_id: int, digest: str) -> bool:
    """Whether this very picture has been drawn and is still on the disk."""
    found = session().scalar(
        select(Rendering).where(Rendering.edition_id == edition_id, Rendering.input_hash == digest)
    )
    if found is not None and all(files.path_of(file["key"]).exists() for file in found.files):
        return True
    if found is not None:
        session().execute(delete(Rendering).where(Rendering.id == found.id))
    return False


def _draw(layout: Layout, folder: str, drawn: list[Any]) -> list[Any]:
    """Draws the next pages after those already drawn."""
    for master in islice(render(layout), len(drawn), len(drawn) + PAGES_A_STEP):
        path = _path(key := f"{folder}/page-{master.page:02}.png")
        write(master, "png", path)
        proof = master.proof()
        file = {"page": master.page, "key": key, "pixels": proof.sha256, "bands": proof.bands}
        drawn = [*drawn, file | {"size": path.stat().st_size}]
    return drawn


def _write_manifest(layout: Layout, folder: str, drawn: list[Any]) -> str:
    told = manifest(layout, {file["page"]: Proof(file["pixels"], file["bands"]) for file in drawn})
    key = f"{folder}/manifest.json"
    part = _path(key).with_suffix(".part")
    part.write_text(json.dumps(told, ensure_ascii=True, separators=(",", ":")), "ascii")
    part.replace(files.path_of(key))
    return key


def draw_some(job: Job, at: datetime) -> bool:
    """One step of the job: lays out first, then draws some pages. Whether there is more.

    A picture that has been drawn from the same input is not drawn again.
    """
    edition = edition_or_404(job.args["edition_id"])
    if edition.state == EditionState.DRAFT:
        raise MoveRefused(_("This boot screen was taken back to a draft, so its drawing has ended."))
    asked = scene(names_of(edition), edition.look)
    digest = hash_of(asked)
    if _known(edition.id, digest):
        job.done = job.total = job.total or 1
        return False
    layout = laid_out(asked)
    folder = _folder(edition.id, digest)
    if job.cursor.get("hash") != digest:
        job.cursor, job.done, job.total = {"hash": digest, "drawn": []}, 0, len(layout.pages)
        return True
    drawn = _draw(layout, folder, job.cursor["drawn"])
    job.cursor, job.done = {"hash": digest, "drawn": drawn}, len(drawn)
    if len(drawn) < len(layout.pages):
        return True
    kept = _write_manifest(layout, folder, drawn)
    row = {
        "edition_id": edition.id, "input_hash": digest, "files": drawn, "manifest_key": kept, "job_id": job.id, "at": at
    }  # fmt: skip
    insert_or_pass(RENDERING, [row])
    job.result = {"pages": len(drawn), "px": layout.px, "changed": sum(1 for _name in layout.changed())}
    return False


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
