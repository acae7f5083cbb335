"""What every template may use, and the small doors that belong to no feature: language, theme, static files."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Flask, current_app, g, redirect, request, url_for
from flask_compress import Compress
from markupsafe import Markup
from werkzeug.wrappers import Response

from crm.core import programme
from crm.core.guards import public
from crm.core.languages import COOKIE, LANGUAGES, current_language
from crm.core.markdown import under_heading
from crm.core.navigation import navigation

bp = Blueprint("core", __name__)
YEAR_SECONDS = 365 * 24 * 3600
COMPRESSED = ["text/html", "text/css", "text/javascript", "application/json", "image/svg+xml", "text/csv"]
THEMES = ("auto", "light", "dark")


@lru_cache(maxsize=512)
def _version(folder: str, name: str) -> str:
    return hashlib.sha256((Path(folder) / name).read_bytes()).hexdigest()[:10]


def static_url(name: str) -> str:
    """The address of a static file; it changes with the content, so that browsers may keep it for a year."""
    return url_for("static", filename=name, v=_version(str(current_app.static_folder), name))


def _markdown(text: str) -> Markup:
    """Notes as they stand under a heading of the second rank."""
    return Markup(under_heading(text, 2))  # noqa: S704 -- cleaned by core/markdown.py


def _context() -> dict[str, Any]:
    theme = request.cookies.get("theme", "auto") if request else "auto"
    return {
        "viewer": g.get("viewer"),
        "programme": programme.current(),
        "language": current_language(),
        "languages": LANGUAGES,
        "theme": theme if theme in THEMES else "auto",
        "static_url": static_url,
        "moment": programme.moment,
        **navigation(),
    }


def typed(name: str, otherwise: str = "") -> str:
    """What a form of plain HTML says, without NUL bytes, which no database keeps."""
    return request.form.get(name, otherwise).replace("\x00", "")


def back(default: str = "/") -> Response:
    """To where the form says it came from, if that is a page of ours."""
    target = request.form.get("next") or request.args.get("next") or default
    parts = urlsplit(target)
    safe = not parts.scheme and not parts.netloc and target.startswith("/") and not target.startswith(("//", "/\\"))
    return redirect(target if safe else default)


@bp.post("/language")
@public
def set_language() -> Response:
    answer = back()
    if request.form.get("language") in LANGUAGES:
        answer.set_cookie(COOKIE, request.form["language"], max_age=YEAR_SECONDS, samesite="Lax", httponly=True)
    return answer


@bp.post("/theme")
@public
def set_theme() -> Response:
    answer = back()
    if request.form.get("theme") in THEMES:
        answer.set_cookie("theme", request.form["theme"], max_age=YEAR_SECONDS, samesite="Lax", httponly=True)
    return answer


def _keep_static_files(response: Response) -> Response:
    """Browsers may keep what carries the hash of its content in its address; nothing else."""
    if request.endpoint == "static" and "v" in request.args:
        response.cache_control.max_age = YEAR_SECONDS
        response.cache_control.public = response.cache_control.immutable = True
        response.cache_control.no_cache = None
    return response


def init_app(app: Flask) -> None:
    app.context_processor(_context)
    app.jinja_env.globals["static_url"] = static_url  # macros see globals, not the context
    app.jinja_env.filters["markdown"] = _markdown
    app.register_blueprint(bp)
    app.config.update(COMPRESS_MIMETYPES=COMPRESSED, COMPRESS_ALGORITHM=["br", "gzip"], COMPRESS_BR_LEVEL=4)
    Compress(app)
    app.after_request(_keep_static_files)
    public(app.view_functions["static"])
