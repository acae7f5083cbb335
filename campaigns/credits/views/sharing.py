"""What may be shown to others: one's own name lit up, by a link of one's own, and a boot screen that was published."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from flask import flash, redirect, render_template, send_file, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from campaigns.credits.actions import light_up, publish
from campaigns.credits.models import Rendering
from campaigns.credits.queries import edition_or_404, renderings_of, shared_name, withdrawn_since
from campaigns.credits.rules import look_of, sides
from campaigns.credits.views import bp
from campaigns.credits.views.drawn import private
from campaigns.credits.views.pictures import send_picture
from crm.core import files, programme
from crm.core.db import session
from crm.core.errors import NotThere
from crm.core.guards import May, by_link, public, staff
from crm.core.tokens import whole_address

PICTURE_KEPT = 300  # seconds; a withdrawal is honoured no later


@bp.get("/boot-screen/<token>")
@by_link
def shared(token: str) -> str:
    """Whoever has the link sees one name on its boot screen, as long as its owner lets it be shown."""
    edition, name = shared_name(token)
    picture = whole_address(url_for("credits.shared_picture", token=token))
    return render_template("credits/shared.html", edition=edition, name=name, token=token, picture=picture)


@bp.get("/boot-screen/<token>.png")
@by_link
def shared_picture(token: str) -> Response:
    edition, name = shared_name(token)
    return private(send_picture(BytesIO(_lit(edition.id, name.person_id))), PICTURE_KEPT)


def _lit(edition_id: int, person_id: int) -> bytes:
    return light_up(edition_id, person_id, get_locale().language)


@bp.post("/editions/<int:edition_id>/publish")
@staff(May.CREDITS)
def publish_it(edition_id: int) -> Response:
    """Published, everybody may see it; asked again, it is taken back."""
    is_public = publish(edition_id, programme.moment())
    session().commit()
    flash(_("Everybody with the address sees it now.") if is_public else _("It is seen by staff only."), "success")
    return redirect(url_for("credits.show", edition_id=edition_id))


@bp.get("/boot-screens/<int:edition_id>")
@public
def published(edition_id: int) -> str:
    edition, drawn = edition_or_404(edition_id), _published(edition_id)
    language = get_locale().language
    one = next((each for each in drawn if each.language == language), drawn[0] if drawn else None)
    if one is None:
        raise NotThere(_("The pictures of this boot screen are gone from the disk."))
    return render_template(
        "credits/published.html",
        edition=edition,
        words=look_of(edition.look).wordings.get(one.language),
        rendering=one,
        pages=[file["page"] for file in one.files if "page" in file],
        screen=sides(one.screen),
        finder=any(file["form"] == "find-me" for file in one.files),
    )


def _published(edition_id: int) -> list[Rendering]:
    """What everybody may see of it: nothing once somebody on it withdrew, for this page we can call back."""
    edition = edition_or_404(edition_id)
    if edition.published_at is None or withdrawn_since(edition):
        raise NotThere(_("There is no such boot screen."))
    return renderings_of(edition_id)


@bp.get("/boot-screens/<int:edition_id>/<int:rendering_id>/<int:number>.png")
@public
def published_picture(edition_id: int, rendering_id: int, number: int) -> Response:
    return private(send_picture(_published_file(edition_id, rendering_id, page=number)), PICTURE_KEPT)


@bp.get("/boot-screens/<int:edition_id>/<int:rendering_id>/find")
@public
def published_finder(edition_id: int, rendering_id: int) -> Response:
    """The find-me page as it was drawn, under the policy that it brings itself."""
    answer = private(send_file(_published_file(edition_id, rendering_id, form="find-me")), PICTURE_KEPT)
    answer.headers["Content-Security-Policy"] = "frame-ancestors 'none'"
    return answer


def _published_file(edition_id: int, rendering_id: int, **wanted: object) -> Path:
    found = next(
        (
            file
            for one in _published(edition_id)
            if one.id == rendering_id
            for file in one.files
            if all(file.get(key) == value for key, value in wanted.items())
        ),
        None,
    )
    if found is None or not files.path_of(found["key"]).exists():
        raise NotThere(_("There is no such boot screen."))
    return files.path_of(found["key"])
