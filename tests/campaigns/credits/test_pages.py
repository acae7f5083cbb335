from __future__ import annotations

import json
import re
from html import unescape
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from flask.testing import FlaskClient
from PIL import Image

from campaigns.credits.actions import freeze_edition, render_edition
from campaigns.credits.queries import consent_of, edition_or_404, editions_page, renderings_of
from campaigns.credits.rules import ConsentAnswer, EditionState
from crm.accounts.rules import Role
from crm.core import jobs
from crm.core.db import session
from crm.core.programme import Programme
from crm.people.models import Person
from tests import make
from tests.campaigns.credits.builders import AT, edition, retained, says_yes
from tests.cast import SignIn


@pytest.fixture
def held(programme: Programme) -> Programme:
    """The programme stands still on a day on which people have been retained."""
    programme.held_at = AT
    session().flush()
    return programme


@pytest.fixture
def release_manager(held: Programme, sign_in: SignIn) -> FlaskClient:
    return sign_in(make.staff("Rui", Role.RELEASE))


def _form(**fields: Any) -> dict[str, Any]:
    return {
        "name": "First",
        "kinds": ["retained"],
        "as_of": AT.date().isoformat(),
        "title_en": "Thank you",
        "theme": "valentine",
        "silhouette": "",
        "order": "name",
        "sizes": "480x800",
        "formats": ["png"],
    } | fields


COLOURS = {
    "colour_ground": "#102040",
    "colour_names": "#f0f0f0",
    "colour_names_too": "#d0d0d0",
    "colour_title": "#ffffff",
    "colour_subtitle": "#c0c0c0",
    "colour_shape": "#102040",
    "colour_shape_names": "#ffe0a0",
}


def test_a_release_manager_makes_sees_freezes_draws_and_ships_a_boot_screen(
    held: Programme, release_manager: FlaskClient
) -> None:
    says_yes(retained("Ada"))
    retained("Bao")
    session().commit()
    made = release_manager.post("/editions/new", data=_form())
    here = made.headers["Location"]
    page = release_manager.get(here).get_data(as_text=True)
    assert "Freeze with 1 name<" in re.sub(r"\s*<", "<", page)
    assert release_manager.get(f"{here}/preview.png").data.startswith(b"\x89PNG")
    told = release_manager.post(f"{here}/freeze", follow_redirects=True).text
    assert "Frozen with 1 name. The" in told
    jobs.run_due.run()
    release_manager.post(f"{here}/ship", data={"build_id": "0"})
    session().expire_all()
    assert editions_page(None, None).rows[0].state is EditionState.SHIPPED
    assert "boot-screen.zip" in release_manager.get(here).get_data(as_text=True)


def test_a_day_that_is_still_to_come_is_refused_with_what_was_typed(release_manager: FlaskClient) -> None:
    page = release_manager.post("/editions/new", data=_form(as_of="2999-01-01", title_en="Thanks"))
    told = page.get_data(as_text=True)
    assert "still to come" in told
    assert 'value="Thanks"' in told


def test_the_files_come_as_pages_manifest_and_archive(held: Programme, release_manager: FlaskClient) -> None:
    says_yes(retained("Ada"))
    made = edition()
    freeze_edition(made.id, AT)
    render_edition(made.id, AT)
    session().commit()
    jobs.run_due.run()
    here = f"/editions/{made.id}"
    drawn = f"{here}/drawn/{renderings_of(made.id)[0].id}"
    with release_manager.get(f"{drawn}/boot-screen-01.png") as picture:
        assert picture.data.startswith(b"\x89PNG")
        assert "attachment" in picture.headers["Content-Disposition"]
        assert "private" in picture.headers["Cache-Control"]
    page = f"{drawn}/pages/1.png"
    with (
        release_manager.get(f"{page}?width=360") as small,
        release_manager.get(page) as whole,
    ):
        assert (small.mimetype, whole.mimetype) == ("image/webp", "image/png")
        assert Image.open(BytesIO(small.data)).width == 360
        assert len(small.data) < len(whole.data)
    with release_manager.get(f"{page}?width=9999") as any_width:
        assert any_width.mimetype == "image/png"
    assert release_manager.get(f"{drawn}/pages/2.png").status_code == 404
    assert release_manager.get(f"{drawn}/other.png").status_code == 404
    assert release_manager.get(f"{here}/drawn/999/boot-screen-01.png").status_code == 404
    with release_manager.get(f"{drawn}/manifest.json") as told:
        assert json.loads(told.data)["names"][0][1] == "Ada"
    with (
        release_manager.get(f"{here}/boot-screen.zip") as first,
        release_manager.get(f"{here}/boot-screen.zip") as again,
    ):
        assert first.data == again.data
        with ZipFile(BytesIO(first.data)) as pack:
            assert pack.namelist() == ["en/480x800/boot-screen-01.png", "en/480x800/manifest.json", "INSTALL-png.md"]


def test_the_preview_follows_what_stands_in_the_form(held: Programme, release_manager: FlaskClient) -> None:
    says_yes(retained("Ada"))
    made = edition()
    session().commit()
    here = f"/editions/{made.id}"
    asked = _form(title_en="Other words", theme="slate", sizes="800x480, 480x800")
    told = release_manager.get(f"{here}/look", query_string=asked).get_data(as_text=True)
    assert "Other words" in told
    assert 'width="800"' in told
    both = release_manager.get(f"{here}/look", query_string=_form(kinds=["active", "retained"])).get_data(as_text=True)
    assert "kinds=active&amp;kinds=retained" in both, "the picture is of the whole form"
    plain = release_manager.get(f"{here}/preview.png").data
    tried = release_manager.get(f"{here}/preview.png", query_string=asked).data
    assert plain != tried
    assert edition_or_404(made.id).look["theme"] == "lantern", "a trial keeps nothing"
    wrong = release_manager.get(f"{here}/look", query_string=_form(sizes="9x9")).get_data(as_text=True)
    assert "such as 1080x2400" in wrong
    assert "preview.png" in wrong, "what was saved is shown meanwhile"


def test_colours_of_ones_own_take_the_place_of_the_themes_and_are_drawn(
    held: Programme, release_manager: FlaskClient
) -> None:
    says_yes(retained("Ada"))
    session().commit()
    here = release_manager.post("/editions/new", data=_form(own_colours="y", **COLOURS)).headers["Location"]
    with Image.open(BytesIO(release_manager.get(f"{here}/preview.png").data)) as picture:
        assert picture.convert("RGB").getpixel((0, 0)) == (16, 32, 64)
    assert 'value="#102040"' in release_manager.get(here).get_data(as_text=True)
    release_manager.post(here, data=_form(**COLOURS))
    with Image.open(BytesIO(release_manager.get(f"{here}/preview.png").data)) as picture:
        assert picture.convert("RGB").getpixel((0, 0)) != (16, 32, 64), "not ticked: the theme's again"


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"kinds": []}, "Choose at least one"),
        ({"kinds": ["first"], "first_count": "0"}, "such as 100"),
        ({"kinds": ["tag"]}, "Choose the tag"),
        ({"kinds": ["list"]}, "Choose the list"),
        ({"formats": []}, "Choose at least one"),
        ({"sizes": "big"}, "such as 1080x2400"),
        ({"sizes": "1080x2400", "formats": ["png", "pi-tga"]}, "Raspberry Pi logo.tga shows at most 1920 × 1080"),
        ({"min_px": "4"}, "From 12 to 60 pixels"),
        ({"own_colours": "y", **COLOURS, "colour_names": "#16110f"}, "Names on Ground: a contrast of"),
        ({"own_colours": "y", **COLOURS, "colour_title": "orange"}, "as #rrggbb"),
        ({"silhouette_file": b"GIF89a"}, "neither a PNG nor an SVG"),
    ],
)
def test_what_cannot_be_used_is_said_beside_its_field(
    release_manager: FlaskClient, fields: dict[str, Any], says: str
) -> None:
    files = {name: (BytesIO(value), "cat.gif") for name, value in fields.items() if isinstance(value, bytes)}
    page = release_manager.post("/editions/new", data=_form(title_en="Kept words", **(fields | files)))
    told = page.get_data(as_text=True)
    assert says in told
    assert 'value="Kept words"' in told


def test_a_draft_again_shows_no_drawing_of_what_it_was(held: Programme, release_manager: FlaskClient) -> None:
    says_yes(retained("Ada"))
    made = edition()
    session().commit()
    here = f"/editions/{made.id}"
    release_manager.post(f"{here}/freeze")
    assert "Drawing the pages" in release_manager.get(here).text
    release_manager.post(f"{here}/reopen")
    assert "Drawing the pages" not in release_manager.get(here).text
    jobs.run_due.run()
    session().commit()
    assert "The drawing failed" not in release_manager.get(here).text
    release_manager.post(f"{here}/freeze")
    assert "Drawing the pages" in release_manager.get(here).text


def test_every_page_screen_and_language_that_was_drawn_can_be_seen(
    held: Programme, release_manager: FlaskClient
) -> None:
    held.languages = ["en", "zh"]
    for number in range(400):
        says_yes(retained(f"Tester{number}"))
    asked = _form(sizes="240x240, 480x800", min_px="16", title_zh="感谢")
    session().commit()
    here = release_manager.post("/editions/new", data=asked).headers["Location"]
    release_manager.post(f"{here}/freeze")
    jobs.run_due.run()
    first = release_manager.get(here).text
    pages = int(re.search(r"page 1 of (\d+)", first).group(1))  # type: ignore[union-attr]
    assert pages > 1
    assert 'rel="prev"' not in first
    second = release_manager.get(unescape(re.search(r'rel="next" href="([^"]+)"', first).group(1))).text  # type: ignore[union-attr]
    assert f'alt="Boot screen “Thank you”, page 2 of {pages}"' in second
    assert "/pages/2.png" in second
    last = release_manager.get(f"{here}?page=99").text
    assert f"page {pages} of {pages}" in last
    assert 'rel="next"' not in last
    other = release_manager.get(f"{here}?language=zh&size=480x800").text
    assert "Boot screen “感谢”, page 1 of" in other
    assert 'width="480"' in other


def test_everything_is_offered_only_when_all_of_it_is_drawn(held: Programme, release_manager: FlaskClient) -> None:
    says_yes(retained("Ada"))
    session().commit()
    here = release_manager.post("/editions/new", data=_form(sizes="240x240, 480x800")).headers["Location"]
    release_manager.post(f"{here}/freeze")
    jobs.run_due.run()
    assert "boot-screen.zip" in release_manager.get(here).text
    session().delete(renderings_of(editions_page(None, None).rows[0].id)[1])
    session().commit()
    half = release_manager.get(here).text
    assert "boot-screen.zip" not in half
    assert "manifest.json" in half
    assert release_manager.get(f"{here}/boot-screen.zip").status_code == 404


def test_the_page_says_which_screens_a_format_leaves_out(held: Programme, release_manager: FlaskClient) -> None:
    says_yes(retained("Ada"))
    session().commit()
    asked = _form(sizes="1080x2400, 800x480", formats=["png", "pi-tga"])
    here = release_manager.post("/editions/new", data=asked).headers["Location"]
    told = "Raspberry Pi logo.tga: not for 1080 × 2400, for it shows at most 1920 × 1080 pixels."
    assert told in release_manager.get(here).text
    release_manager.post(f"{here}/freeze")
    jobs.run_due.run()
    assert told in release_manager.get(here).text


def test_who_is_not_on_it_is_listed_with_the_reason(held: Programme, release_manager: FlaskClient) -> None:
    says_yes(retained("Ada"))
    bao = retained("Bao")
    made = edition()
    session().commit()
    page = release_manager.get(f"/editions/{made.id}/people/unanswered").get_data(as_text=True)
    assert f"/people/{bao.id}" in page
    assert "Ada" not in page


def test_a_hidden_name_is_off_the_draft_and_says_why(held: Programme, release_manager: FlaskClient) -> None:
    ada = says_yes(retained("Ada"), "something rude")
    made = edition()
    session().commit()
    release_manager.post(f"/editions/names/{ada.id}/hide", data={"why": "an insult"})
    page = release_manager.get(f"/editions/{made.id}/people/hidden").get_data(as_text=True)
    assert "something rude" in page
    assert "an insult" in page
    release_manager.post(f"/editions/names/{ada.id}/show")
    assert "something rude" in release_manager.get(f"/editions/{made.id}/people/on").get_data(as_text=True)


def test_a_name_is_not_hidden_without_a_reason(held: Programme, release_manager: FlaskClient) -> None:
    ada = says_yes(retained("Ada"))
    session().commit()
    assert release_manager.post(f"/editions/names/{ada.id}/hide", data={"why": ""}).status_code == 422


def test_community_managers_make_no_boot_screens(programme: Programme, sign_in: SignIn) -> None:
    assert sign_in(make.staff("Cai", Role.COMMUNITY)).get("/editions").status_code == 403


def test_testers_do_not_see_the_names_of_others(held: Programme, sign_in: SignIn) -> None:
    made = edition()
    browser = sign_in(says_yes(retained("Ada")))
    for path in ("", "/preview.png", "/look", "/people/on", "/drawn/1/manifest.json", "/boot-screen.zip"):
        assert browser.get(f"/editions/{made.id}{path}").status_code == 403


def test_a_tester_says_yes_sees_the_name_drawn_and_withdraws(ada: Person, adas_browser: FlaskClient) -> None:
    adas_browser.post("/my-name", data={"answer": "yes", "shown_name": "小雨", "do": "save"})
    page = adas_browser.get("/my-name").get_data(as_text=True)
    assert "小雨" in page
    assert "data:image/png;base64,iVBOR" in page
    adas_browser.post("/my-name", data={"answer": "no", "shown_name": "小雨", "do": "save"})
    session().expire_all()
    found = consent_of(ada.id)
    assert found is not None
    assert found.answer is ConsentAnswer.NO


def test_looking_at_a_name_saves_nothing(ada: Person, adas_browser: FlaskClient) -> None:
    page = adas_browser.post("/my-name", data={"answer": "yes", "shown_name": "a  b", "do": "look"})
    assert "Several spaces in a row become one." in page.get_data(as_text=True)
    assert consent_of(ada.id) is None


def test_a_yes_without_a_name_is_refused(ada: Person, adas_browser: FlaskClient) -> None:
    page = adas_browser.post("/my-name", data={"answer": "yes", "shown_name": "", "do": "save"})
    assert "Write the name that you want to be shown." in page.get_data(as_text=True)
    assert consent_of(ada.id) is None


def test_people_are_found_by_their_answer(held: Programme, release_manager: FlaskClient) -> None:
    says_yes(retained("Ada"))
    retained("Bao")
    session().commit()
    said_yes = release_manager.get("/people?consent=yes").get_data(as_text=True)
    assert "Ada" in said_yes
    assert "Bao" not in said_yes


def test_a_frozen_edition_tells_of_withdrawals(held: Programme, release_manager: FlaskClient) -> None:
    ada = says_yes(retained("Ada"))
    made = edition()
    freeze_edition(made.id, AT)
    session().commit()
    release_manager.post(f"/editions/names/{ada.id}/hide", data={"why": "asked for it"})
    assert "may not be shown any more" in release_manager.get(f"/editions/{made.id}").get_data(as_text=True)
    on_it = release_manager.get(f"/editions/{made.id}/people/on").get_data(as_text=True)
    assert "Hidden by staff: asked for it" in on_it
    assert "Show it again" in on_it
    release_manager.post(f"/editions/{made.id}/reopen")
    session().expire_all()
    assert edition_or_404(made.id).state is EditionState.DRAFT
