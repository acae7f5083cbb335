"""The list of boot screens, and one boot screen from draft to shipped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from io import BytesIO
from typing import Any
from zlib import crc32

from flask import flash, redirect, render_template, request, url_for
from flask_babel import get_locale, ngettext
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its types

from boot_screen.silhouette import LARGEST_FILE
from campaigns.audience.queries import frozen_lists
from campaigns.credits.actions import (
    change_edition,
    create_edition,
    draw_first,
    freeze_edition,
    render_edition,
    reopen_edition,
    ship,
    store_silhouette,
    trial_of,
)
from campaigns.credits.actions.drawing import UPLOADED
from campaigns.credits.forms import (
    KINDS,
    ORDERS,
    SHAPES,
    THEME_NAMES,
    EditionForm,
    ShipForm,
    colours_of,
    edition_form,
    filled,
)
from campaigns.credits.models import Edition, Rendering
from campaigns.credits.queries import (
    consent_figures,
    count_withdrawn,
    edition_or_404,
    editions_page,
    is_drawn,
    names_of,
    newest_job,
    parts,
    place_figures,
    renderings_of,
    rounds,
    withdrawn_since,
)
from campaigns.credits.queries.fitness import left_out
from campaigns.credits.queries.words import FORMAT_NAMES, PLACES, STATES
from campaigns.credits.rules import SIZES, EditionState, Look, RuleKind, look_of, sides
from campaigns.credits.views import bp
from campaigns.credits.views.drawn import private
from campaigns.credits.views.pictures import send_picture
from crm.builds.queries import newest_builds
from crm.core import programme
from crm.core.db import session
from crm.core.errors import NotUnderstood
from crm.core.forms import refuse
from crm.core.guards import May, staff, viewer
from crm.core.languages import LANGUAGES
from crm.people.queries import tag_names

LISTS_OFFERED = 100
BUILDS_OFFERED = 50


def _end_of(day: date) -> datetime:
    """The last moment of a day in the programme's zone, or now while that day is running."""
    end = datetime.combine(day + timedelta(days=1), time(), programme.required().tz) - timedelta(microseconds=1)
    return min(end, programme.moment())


def _today() -> date:
    return programme.moment().astimezone(programme.required().tz).date()


def _day(edition: Edition) -> date:
    return edition.as_of.astimezone(programme.required().tz).date()


@bp.get("/editions")
@staff(May.CREDITS)
def editions() -> str:
    page = editions_page(request.args.get("after"), request.args.get("before"))
    return render_template(
        "credits/list.html",
        page=page,
        figures=consent_figures(),
        states=STATES,
        rounds=rounds(1),
        withdrawn=count_withdrawn(),
    )


def _form(data: Mapping[str, Any], asked: MultiDict[str, str] | None = None) -> EditionForm:
    """The form with what there is to choose; `asked`: an address instead of a posted form."""
    languages = [code for code in programme.required().languages if code in LANGUAGES] or ["en"]
    kind = edition_form(languages)
    form = kind(data=data) if asked is None else kind(formdata=asked, data=data, meta={"csrf": False})
    form.tag.choices = [SelectChoice("", "–"), *(SelectChoice(name, name) for name in tag_names())]
    form.list_id.choices = [
        SelectChoice("", "–"), *(SelectChoice(str(one.id), one.title) for one in frozen_lists(LISTS_OFFERED))
    ]  # fmt: skip
    shapes = [SelectChoice(key, name) for key, name in SHAPES.items()]
    own = form.silhouette.data or ""
    form.silhouette.choices = [*shapes, *([SelectChoice(own, _("Uploaded"))] if own.startswith(UPLOADED) else [])]
    return form


def _look(form: EditionForm) -> Look:
    """The form's look, with an uploaded silhouette kept. Raises NotUnderstood."""
    look = form.look()
    given = form.silhouette_file.data
    if not given or not given.filename:
        return look
    try:
        return replace(look, silhouette=store_silhouette(given.read(LARGEST_FILE + 1)))
    except NotUnderstood as error:
        refuse(form.silhouette_file, str(error))
        raise


@bp.route("/editions/new", methods=["GET", "POST"])
@staff(May.CREDITS)
def new() -> Any:
    colours = {f"colour_{name}": colour for name, colour in colours_of(Look()).items()}
    form = _form({"as_of": _today(), "kinds": [RuleKind.RETAINED.value], "formats": ["png"], **colours})
    if form.validate_on_submit():
        try:
            edition = create_edition(
                form.name.data or "",
                form.chosen_by(),
                _end_of(form.as_of.data or _today()),
                _look(form),
                at=programme.moment(),
                by_id=viewer().person_id,
            )
        except NotUnderstood as error:
            _refuse_once(form, str(error))
        else:
            session().commit()
            return redirect(url_for("credits.show", edition_id=edition.id))
    return render_template("credits/new.html", form=form, sizes=SIZES, languages=LANGUAGES)


def _refuse_once(form: EditionForm, told: str) -> None:
    if not any(field.errors for field in form):
        refuse(form.name, told)


@bp.route("/editions/<int:edition_id>", methods=["GET", "POST"])
@staff(May.CREDITS)
def show(edition_id: int) -> Any:
    edition = edition_or_404(edition_id)
    form = _form(filled(edition, _day(edition)))
    if form.validate_on_submit():
        as_of = edition.as_of if form.as_of.data == _day(edition) else _end_of(form.as_of.data or _today())
        try:
            change_edition(
                edition_id,
                name=form.name.data or "",
                rule=form.chosen_by(),
                as_of=as_of,
                look=_look(form),
                at=programme.moment(),
            )
        except NotUnderstood as error:
            _refuse_once(form, str(error))
        else:
            session().commit()
            return redirect(url_for("credits.show", edition_id=edition_id))
    return render_template("credits/edition.html", form=form, sizes=SIZES, **_page(edition))


@bp.get("/editions/<int:edition_id>/look")
@staff(May.CREDITS)
def look(edition_id: int) -> str:
    """The draft as the form in the address would make it: the device with its picture, and what to know of it."""
    edition = edition_or_404(edition_id)
    form = _form(filled(edition, _day(edition)), request.args)
    return render_template("credits/_preview.html", edition=edition, languages=LANGUAGES, **_previewed(edition, form))


def _previewed(edition: Edition, form: EditionForm | None = None) -> dict[str, Any]:
    """What the preview shows: of the form if it is sound, else of what was saved."""
    trial, problem = edition, ""
    if form is not None:
        if form.validate():
            trial = trial_of(edition, form.chosen_by(), _end_of(form.as_of.data or _today()), form.look())
        else:
            problem = next(str(error) for field in form for error in field.errors)
    kept = look_of(trial.look)
    language, size = _asked(kept)
    shown: dict[str, Any] = {"look": kept, "shown_in": language, "size": size, "drawn": None, "problem": problem}
    shown |= {"left_out": left_out(kept), "screens": kept.sizes, "shown": None}
    try:
        names = names_of(trial)
        if names:
            shown["drawn"] = draw_first(names, kept, language, size)
    except NotUnderstood as error:
        shown["problem"] = problem or str(error)
    asked = request.args.to_dict(flat=False) if form is not None and not problem else {}
    return shown | {"screen": sides(size), "asked": {**asked, "language": language, "size": size}}


def _asked(kept: Look) -> tuple[str, str]:
    """The language and the screen that the preview is asked to show."""
    languages = [request.args.get("language", ""), get_locale().language, *kept.wordings]
    size = request.args.get("size", "")
    return (
        next((one for one in languages if one in kept.wordings), "en"),
        size if size in kept.sizes else kept.sizes[0],
    )


@bp.get("/editions/<int:edition_id>/preview.png")
@staff(May.CREDITS)
def preview(edition_id: int) -> Response:
    """The first page as it would be drawn now; the page's address for it changes with what it shows."""
    edition = edition_or_404(edition_id)
    form = _form(filled(edition, _day(edition)), request.args) if "sizes" in request.args else None
    drawn = _previewed(edition, form)["drawn"]
    if drawn is None:
        raise NotUnderstood(_("Nobody is on this boot screen yet, so there is nothing to draw."))
    return private(send_picture(BytesIO(drawn.png)), seconds=300)


def _page(edition: Edition) -> dict[str, Any]:
    """What the page of a boot screen tells, read for it and for its progress."""
    is_draft = edition.state == EditionState.DRAFT  # its pictures, and a drawing of them, are of what it was before
    renderings = [] if is_draft else renderings_of(edition.id)
    job = None if is_draft else newest_job(edition.id)
    figures = place_figures(edition)
    ship_form = ShipForm()
    ship_form.build_id.choices = [SelectChoice(0, _("not said yet"))] + [
        SelectChoice(build.id, f"{build.platform} {build.version}") for build in newest_builds(BUILDS_OFFERED)
    ]
    kept = look_of(edition.look)
    told = _shown(kept, renderings) or _previewed(edition)
    return told | {
        "edition": edition,
        "states": STATES,
        "places": PLACES,
        "kinds": KINDS,
        "parts": parts(edition),
        "words": {"themes": THEME_NAMES, "formats": FORMAT_NAMES, "shapes": SHAPES, "orders": ORDERS},
        "look_formats": [str(FORMAT_NAMES[form]) for form in kept.formats],
        "languages": LANGUAGES,
        "figures": figures,
        "version": crc32(f"{edition.look}{edition.rule}{edition.as_of}{edition.state}{figures['on']}".encode()),
        "renderings": renderings,
        "drawn_all": is_drawn(edition),
        "job": job,
        "withdrawn": withdrawn_since(edition),
        "ship_form": ship_form,
    }


def _shown(kept: Look, renderings: Sequence[Rendering]) -> dict[str, Any] | None:
    """The page that is asked for of what has been drawn; None when there is no picture, but other formats alone."""
    pictures = {(one.language, one.screen): one for one in renderings if any("page" in file for file in one.files)}
    if not pictures:
        return None
    language, size = _asked(kept)
    wanted = [(language, size), *(key for key in pictures if key[0] == language), *pictures]
    language, size = next(key for key in wanted if key in pictures)
    rendering = pictures[language, size]
    pages = sum("page" in file for file in rendering.files)
    number = min(max(1, request.args.get("page", 1, type=int)), pages)
    return {
        "look": kept,
        "left_out": left_out(kept),
        "shown_in": language,
        "size": size,
        "screens": [one for one in kept.sizes if (language, one) in pictures],
        "screen": sides(size),
        "shown": {"rendering": rendering, "number": number, "pages": pages},
    }


@bp.get("/editions/<int:edition_id>/progress")
@staff(May.CREDITS)
def progress(edition_id: int) -> str:
    return render_template("credits/_drawing.html", edition=edition_or_404(edition_id), job=newest_job(edition_id))


def _back(edition_id: int, told: str) -> Response:
    session().commit()
    flash(told, "success")
    return redirect(url_for("credits.show", edition_id=edition_id))


@bp.post("/editions/<int:edition_id>/freeze")
@staff(May.CREDITS)
def freeze(edition_id: int) -> Response:
    at = programme.moment()
    names = freeze_edition(edition_id, at)
    render_edition(edition_id, at, by_id=viewer().person_id)
    return _back(
        edition_id,
        ngettext(
            "Frozen with %(names)s name. The pictures are being drawn.",
            "Frozen with %(names)s names. The pictures are being drawn.",
            names,
            names=f"{names:,}",
        ),
    )


@bp.post("/editions/<int:edition_id>/reopen")
@staff(May.CREDITS)
def reopen(edition_id: int) -> Response:
    reopen_edition(edition_id, programme.moment())
    return _back(edition_id, _("It is a draft again. Whoever withdrew is no longer on it."))


@bp.post("/editions/<int:edition_id>/render")
@staff(May.CREDITS)
def draw(edition_id: int) -> Response:
    render_edition(edition_id, programme.moment(), by_id=viewer().person_id)
    return _back(edition_id, _("The pictures are being drawn."))


@bp.post("/editions/<int:edition_id>/ship")
@staff(May.CREDITS)
def ship_it(edition_id: int) -> Response:
    build_id = request.form.get("build_id", 0, type=int)
    ship(edition_id, programme.moment(), build_id=build_id or None)
    return _back(edition_id, _("Shipped. Testers see on their page that their name is on it."))
