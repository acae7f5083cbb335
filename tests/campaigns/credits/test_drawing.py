from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from PIL import Image
from sqlalchemy import delete, select, update

from boot_screen import FORMATS, Change
from boot_screen.draw import proof_of
from campaigns.credits.actions import (
    create_edition,
    draw_first,
    draw_name,
    freeze_edition,
    render_edition,
    store_silhouette,
)
from campaigns.credits.actions.drawing import check_look
from campaigns.credits.actions.rendering import forget_names
from campaigns.credits.models import Edition, Rendering
from campaigns.credits.queries import edition_or_404, is_drawn, names_of, newest_job, renderings_of
from campaigns.credits.queries.editions import RENDER
from campaigns.credits.rules import Look, Wording
from crm.core import files, jobs
from crm.core.db import session
from crm.core.errors import NotUnderstood
from crm.core.jobs import JobState
from crm.core.programme import Programme
from tests.campaigns.credits.builders import AT, LOOK, RETAINED, edition, retained, says_yes


def _frozen(count: int = 3, **look: object) -> Edition:
    for number in range(count):
        says_yes(retained(f"Tester{number}"))
    made = edition()
    if look:
        made.look = made.look | look
        session().flush()
    freeze_edition(made.id, AT)
    render_edition(made.id, AT)
    session().commit()
    return made


def only_rendering(edition_id: int) -> Rendering | None:
    found = renderings_of(edition_id)
    assert len(found) <= 1
    return found[0] if found else None


def _draw() -> None:
    jobs.run_due.run()
    session().expire_all()


def test_the_job_draws_every_page_and_writes_where_each_name_stands(programme: Programme) -> None:
    made = _frozen()
    _draw()
    rendering = only_rendering(made.id)
    assert rendering is not None
    assert [file["page"] for file in rendering.files] == [1]
    with Image.open(files.path_of(rendering.files[0]["key"])) as picture:
        assert picture.size == (480, 800)
    told = json.loads(files.path_of(rendering.manifest_key or "").read_text("utf-8"))
    assert sorted(name[1] for name in told["names"]) == ["Tester0", "Tester1", "Tester2"]
    with Image.open(files.path_of(rendering.files[0]["key"])) as picture:
        assert told["pages"][0]["pixels_sha256"] == proof_of(picture).sha256


def test_many_names_go_on_several_pages(programme: Programme) -> None:
    made = _frozen(400, sizes=["240x240"], min_px=16)
    _draw()
    rendering = only_rendering(made.id)
    job = newest_job(made.id)
    assert rendering is not None
    assert job is not None
    assert len(rendering.files) > 2
    assert job.done == job.total


def test_what_is_drawn_already_is_not_drawn_again(programme: Programme) -> None:
    made = _frozen()
    _draw()
    first = only_rendering(made.id)
    assert first is not None
    render_edition(made.id, AT)
    session().commit()
    _draw()
    assert [one.id for one in session().scalars(select(Rendering))] == [first.id]


def test_asked_twice_while_it_waits_it_is_one_job(programme: Programme) -> None:
    made = _frozen()
    first = newest_job(made.id)
    assert first is not None
    assert render_edition(made.id, AT).id == first.id


def test_files_that_are_gone_are_drawn_anew(programme: Programme) -> None:
    made = _frozen()
    _draw()
    rendering = only_rendering(made.id)
    assert rendering is not None
    files.remove(rendering.files[0]["key"])
    render_edition(made.id, AT)
    session().commit()
    _draw()
    again = only_rendering(made.id)
    assert again is not None
    assert files.path_of(again.files[0]["key"]).exists()


def test_drawing_ends_with_a_reason_when_the_edition_became_a_draft(programme: Programme) -> None:
    made = _frozen()
    made.state = "draft"  # type: ignore[assignment]  # as another request would have left it
    session().commit()
    _draw()
    job = newest_job(made.id)
    assert job is not None
    assert job.state is JobState.FAILED
    assert job.error


def test_the_same_names_and_look_are_the_same_pixels(programme: Programme) -> None:
    made = _frozen()
    _draw()
    first = only_rendering(made.id)
    assert first is not None
    pixels, digest = files.path_of(first.files[0]["key"]).read_bytes(), first.input_hash
    session().execute(delete(Rendering))
    render_edition(made.id, AT + timedelta(days=1))
    session().commit()
    _draw()
    again = only_rendering(made.id)
    assert again is not None
    assert (files.path_of(again.files[0]["key"]).read_bytes(), again.input_hash) == (pixels, digest)


def test_a_forgotten_person_is_in_no_picture_and_no_manifest(programme: Programme) -> None:
    ada = says_yes(retained("Ada"))
    made = _frozen()
    _draw()
    rendering = only_rendering(made.id)
    assert rendering is not None
    keys = [rendering.manifest_key or "", *(file["key"] for file in rendering.files)]
    forget_names(ada.id, AT)
    session().commit()
    assert only_rendering(made.id) is None
    assert not any(files.path_of(key).exists() for key in keys)
    render_edition(made.id, AT)
    session().commit()
    _draw()
    drawn = only_rendering(made.id)
    assert drawn is not None
    assert "Ada" not in files.path_of(drawn.manifest_key or "").read_text("utf-8")


def test_a_draft_is_seen_before_anything_is_kept(programme: Programme) -> None:
    says_yes(retained("Ada"))
    drawn = draw_first(names_of(edition()), LOOK, "en", "480x800")
    assert drawn.png.startswith(b"\x89PNG")
    assert (drawn.pages, drawn.names, drawn.changed) == (1, 1, 0)


def test_each_screen_is_drawn_in_each_language_and_format(programme: Programme) -> None:
    for number in range(3):
        says_yes(retained(f"Tester{number}"))
    wordings = {"en": Wording("Thank you"), "zh": Wording("感谢")}
    look = Look(sizes=("480x800", "800x480"), formats=FORMATS, theme="valentine", wordings=wordings)
    made = create_edition("All", RETAINED, AT, look, at=AT)
    freeze_edition(made.id, AT)
    render_edition(made.id, AT)
    assert not is_drawn(made)
    session().commit()
    _draw()
    made = edition_or_404(made.id)
    assert is_drawn(made)
    drawn = renderings_of(made.id)
    assert {(one.language, one.screen) for one in drawn} == {
        (language, size) for language in ("en", "zh") for size in ("480x800", "800x480")
    }
    for one in drawn:
        assert {file["form"] for file in one.files} == set(FORMATS)
        names = [file["name"] for file in one.files]
        assert len(set(names)) == len(names)
        assert {"boot-screen.pdf", "boot-screen-01.bmp", "bootanimation.zip", "plymouth.zip"} <= set(names)
        assert all(files.path_of(file["key"]).stat().st_size == file["size"] > 0 for file in one.files)


def test_a_drawing_that_was_killed_goes_on_where_it_was(programme: Programme, monkeypatch: pytest.MonkeyPatch) -> None:
    made = _frozen(3, sizes=["480x800", "800x480"])
    steps = jobs.STEPS[RENDER]
    left = iter(range(3))

    def dies(job: jobs.Job, at: datetime) -> bool:
        if next(left, None) is None:
            raise RuntimeError("killed")
        return steps(job, at)

    monkeypatch.setitem(jobs.STEPS, RENDER, dies)
    _draw()
    assert not is_drawn(edition_or_404(made.id))
    monkeypatch.setitem(jobs.STEPS, RENDER, steps)
    session().execute(update(jobs.Job).values(lease_until=None))
    session().commit()
    _draw()
    assert is_drawn(edition_or_404(made.id))
    assert len(renderings_of(made.id)) == 2


def test_an_uploaded_silhouette_is_looked_at_before_it_is_kept(programme: Programme) -> None:
    says_yes(retained("Ada"))
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><circle cx="4" cy="4" r="4"/></svg>'
    own = store_silhouette(svg)
    look = replace(LOOK, silhouette=own)
    assert draw_first(names_of(edition()), look, "en", "480x800").png
    with pytest.raises(NotUnderstood, match="neither a PNG nor an SVG"):
        store_silhouette(b"GIF89a")
    files.remove(own.removeprefix("file:"))
    with pytest.raises(NotUnderstood, match="gone from the disk"):
        check_look(look)


def test_a_name_is_previewed_as_it_will_be_drawn_with_every_change_told() -> None:
    plain, odd = draw_name("小雨", 7), draw_name("a\u0301\u0301\u0301\u0301\u0301 \u202e b", 7)
    assert (plain.shown, plain.changes) == ("小雨", frozenset())
    assert Change.INVISIBLE in odd.changes
    assert draw_name("\u200b", 7).shown == "tester #7"


def test_a_format_too_small_for_one_screen_is_drawn_for_the_others(programme: Programme) -> None:
    made = _frozen(sizes=["1080x2400", "800x480"], formats=["pi-tga"])
    _draw()
    made = edition_or_404(made.id)
    assert is_drawn(made)
    assert [(one.screen, [file["form"] for file in one.files]) for one in renderings_of(made.id)] == [
        ("800x480", ["pi-tga"])
    ]
    phone = replace(LOOK, sizes=("1080x2400",), formats=("png", "pi-tga"))
    with pytest.raises(NotUnderstood, match=r"Raspberry Pi logo\.tga shows at most 1920"):
        check_look(phone)


def test_a_draft_with_a_format_that_fits_nowhere_is_not_frozen(programme: Programme) -> None:
    with pytest.raises(NotUnderstood, match="at most 1920"):
        _frozen(sizes=["1080x2400"], formats=["pi-tga"])


def test_what_the_library_refuses_ends_the_job_at_once_with_its_sentence(
    programme: Programme, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = _frozen()
    made.look = made.look | {"formats": ["bmp", "future"]}  # as a newer version would have left it
    session().commit()
    monkeypatch.setattr("campaigns.credits.actions.rendering.formats_for", lambda look, _size: look.formats)
    monkeypatch.setattr("campaigns.credits.actions.rendering.drawn_sizes", lambda look: look.sizes)
    _draw()
    job = newest_job(made.id)
    assert job is not None
    assert (job.state, job.attempts) == (JobState.FAILED, 1)
    assert "There is no format 'future'" in (job.error or "")
