"""Which language a page speaks: the reader's choice, else the person's, else the browser's, of the programme's.

The API speaks English, unless it is asked for another.
"""

from __future__ import annotations

from pathlib import Path

from flask import Flask, g, has_request_context, request
from flask_babel import Babel, get_locale, refresh

from crm.core import programme

LANGUAGES = {"en": "English", "zh": "中文"}
COOKIE = "language"
API = "/api/"


def choose() -> str:
    if not has_request_context():
        return str(g.get("language") or "en")
    if "language" in g:
        return str(g.language)
    if request.path.startswith(API):  # a machine reads in what it asks for, whoever owns its token
        return request.accept_languages.best_match(LANGUAGES) or "en"
    known = programme.current()
    offered = [code for code in (known.languages if known else LANGUAGES) if code in LANGUAGES] or ["en"]
    wanted = request.cookies.get(COOKIE) or getattr(g.get("viewer"), "language", None)
    if wanted in LANGUAGES:
        return str(wanted)
    return request.accept_languages.best_match(offered) or offered[0]


def speak_to(language: str | None) -> None:
    """From here on the page speaks its reader's own language, unless this browser has chosen another."""
    if language in LANGUAGES and COOKIE not in request.cookies:
        g.language = language
        refresh()


def choose_zone() -> str:
    known = programme.current()
    return known.zone if known else "UTC"


def current_language() -> str:
    """`en` or `zh`, whatever the territory."""
    locale = get_locale()
    return locale.language if locale is not None and locale.language in LANGUAGES else "en"


def init_app(app: Flask, roots: list[Path]) -> None:
    """`roots`: the folders that hold a `translations` folder; each room brings its own."""
    folders = [str(root / "translations") for root in roots if (root / "translations").is_dir()]
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = ";".join(folders)
    app.config["BABEL_DOMAIN"] = "messages"
    Babel(app, locale_selector=choose, timezone_selector=choose_zone)
