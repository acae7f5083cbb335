from __future__ import annotations

import json
from datetime import timedelta

from PIL import Image
from sqlalchemy import delete, select

from boot_screen import Change
from campaigns.credits.actions import draw_edition, draw_name, freeze_edition, render_edition
from campaigns.credits.actions.rendering import forget_names
from campaigns.credits.models import Edition, Rendering
from campaigns.credits.queries import newest_job, rendering_of
from crm.core import files, jobs
from crm.core.db import session
from crm.core.jobs import JobState
from crm.core.programme import Programme
from tests.campaigns.credits.builders import AT, edition, retained, says_yes


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


def _draw() -> None:
    jobs.run_due.run()
    session().expire_all()


def test_the_job_draws_every_page_and_writes_where_each_name_stands(programme: Programme) -> None:
    made = _frozen()
    _draw()
    rendering = rendering_of(made.id)
    assert rendering is not None
    assert [file["page"] for file in rendering.files] == [1]
    with Image.open(files.path_of(rendering.files[0]["key"])) as picture:
        assert picture.size == (480, 800)
    told = json.loads(files.path_of(rendering.manifest_key or "").read_text("utf-8"))
    assert sorted(name[1] for name in told["names"]) == ["Tester0", "Tester1", "Tester2"]
    assert told["pages"][0]["pixels_sha256"] == rendering.files[0]["pixels"]


def test_many_names_go_on_several_pages(programme: Programme) -> None:
    made = _frozen(400, size="240x240", min_px=16)
    _draw()
    rendering = rendering_of(made.id)
    job = newest_job(made.id)
    assert rendering is not None
    assert job is not None
    assert len(rendering.files) > 2
    assert job.done == job.total == len(rendering.files)


def test_what_is_drawn_already_is_not_drawn_again(programme: Programme) -> None:
    made = _frozen()
    _draw()
    first = rendering_of(made.id)
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
    rendering = rendering_of(made.id)
    assert rendering is not None
    files.remove(rendering.files[0]["key"])
    render_edition(made.id, AT)
    session().commit()
    _draw()
    again = rendering_of(made.id)
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
    first = rendering_of(made.id)
    assert first is not None
    pixels, digest = first.files[0]["pixels"], first.input_hash
    session().execute(delete(Rendering))
    render_edition(made.id, AT + timedelta(days=1))
    session().commit()
    _draw()
    again = rendering_of(made.id)
    assert again is not None
    assert (again.files[0]["pixels"], again.input_hash) == (pixels, digest)


def test_a_forgotten_person_is_in_no_picture_and_no_manifest(programme: Programme) -> None:
    ada = says_yes(retained("Ada"))
    made = _frozen()
    _draw()
    rendering = rendering_of(made.id)
    assert rendering is not None
    keys = [rendering.manifest_key or "", *(file["key"] for file in rendering.files)]
    forget_names(ada.id, AT)
    session().commit()
    assert rendering_of(made.id) is None
    assert not any(files.path_of(key).exists() for key in keys)
    render_edition(made.id, AT)
    session().commit()
    _draw()
    drawn = rendering_of(made.id)
    assert drawn is not None
    assert "Ada" not in files.path_of(drawn.manifest_key or "").read_text("utf-8")


def test_a_draft_is_seen_before_anything_is_kept(programme: Programme) -> None:
    says_yes(retained("Ada"))
    drawn = draw_edition(edition())
    assert drawn.png.startswith(b"\x89PNG")
    assert drawn.pages == 1


def test_a_name_is_previewed_as_it_will_be_drawn_with_every_change_told() -> None:
    plain, odd = draw_name("小雨", 7), draw_name("a\u0301\u0301\u0301\u0301\u0301 \u202e b", 7)
    assert (plain.shown, plain.changes) == ("小雨", frozenset())
    assert Change.INVISIBLE in odd.changes
    assert draw_name("\u200b", 7).shown == "tester #7"
