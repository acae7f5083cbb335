"""What happens around every request: its id, its transaction's kind, its headers, and how errors are told."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import structlog
from flask import Flask, Response, g, jsonify, make_response, render_template, request
from flask_babel import gettext
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter

from crm.core import problems
from crm.core.db import session, start_reading, start_writing
from crm.core.errors import NotUnderstood, Refusal

READS = ("GET", "HEAD", "OPTIONS")
CSP = (
    "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; "
    "form-action 'self'"
)
LETTER_CSP = "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"
"""A letter's HTML within a page of ours: it runs nothing, loads nothing, and leads nowhere."""
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
SERVER_FAULT = 500
SECRET_PARTS = {"secret", "token", "code"}  # parts of addresses that open something
LAST_ROW = 2**63 - 1


def path_without_secrets() -> str:
    """Whoever reads the log must not be able to use a link which its reader has not used yet."""
    if request.url_rule is not None and SECRET_PARTS & (request.view_args or {}).keys():
        return request.url_rule.rule
    return request.path


def wants_json() -> bool:
    return request.path.startswith("/api/")


def _begin() -> None:
    if request.method in READS:
        start_reading()
    else:
        start_writing()
    g.request_id = request.headers.get("X-Request-ID", "")[:64] or uuid4().hex
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)
    if b"%00" in request.query_string:
        raise NotUnderstood(gettext("This address holds a NUL byte, which no text has. Take it out and try again."))


def _finish(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["X-Request-ID"] = g.get("request_id", "")
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return response


def letter_page(html: str) -> Response:
    """A letter's HTML, for a frame on one of our pages."""
    response = make_response(html)
    response.headers["Content-Security-Policy"] = LETTER_CSP
    return response


def problem(status: int, title: str, detail: str) -> Response:
    """An error as RFC 9457 has it."""
    response = jsonify(type="about:blank", title=title, status=status, detail=detail)
    response.status_code = status
    response.content_type = "application/problem+json"
    return response


def error_page(status: int, message: str) -> Response:
    if wants_json():
        return problem(status, HTTP_TITLES.get(status, "error"), message)
    return make_response(render_template("errors/error.html", status=status, message=message), status)


HTTP_TITLES = {
    400: "bad request",
    401: "not signed in",
    403: "not allowed",
    404: "not found",
    409: "conflict",
    410: "gone",
    412: "another version",
    413: "too large",
    415: "not this kind",
    422: "not understood",
    423: "busy",
    429: "too many requests",
    460: "checksum mismatch",
    500: "our fault",
    507: "disk full",
}


def _told(status: int) -> str:
    """What happened, and what to do, in the reader's language."""
    words: dict[int, str] = {
        400: gettext("The body is not what this address takes: check it against the API's description.")
        if wants_json()
        else gettext(
            "The form could not be read, or the page was open for too long. Go back, reload it and send it again."
        ),
        401: gettext("You are not signed in. Sign in and try again."),
        403: gettext("Your role does not allow this. Ask an admin of the programme if you need it."),
        404: gettext("There is nothing at this address. Check it, or look from the start page."),
        405: gettext("This address does not take that kind of request."),
        413: gettext("What you sent is larger than this installation takes."),
        429: gettext("Too many tries. Wait a few minutes, then try again."),
    }
    told: str = words.get(status, gettext("Something went wrong on our side. What you sent was not saved; try again."))
    return told


def _http_error(error: HTTPException) -> Response:
    status = error.code or SERVER_FAULT
    session().rollback()
    if status < 400:
        return make_response(error.get_response())
    response = error_page(status, _told(status))
    if error.response is not None:
        return make_response(error.response)
    return response


def _refusal(error: Refusal) -> Response:
    session().rollback()
    if wants_json() and error.field:
        title = HTTP_TITLES.get(error.status, "error")
        return problems.problem_of(title, error.status, [(f"/{error.field}", str(error))])
    return error_page(error.status, str(error))


def _fault(_error: Exception) -> Response:
    session().rollback()
    g.programme = g.viewer = None  # the database may be what failed: the page must not ask it again
    structlog.get_logger(__name__).exception("request_failed", path=path_without_secrets())
    return error_page(SERVER_FAULT, _told(SERVER_FAULT))


class RowNumber(IntegerConverter):
    """`<int:...>` in an address: a number that no row can have leads nowhere, instead of breaking the query."""

    def __init__(self, *words: Any, **options: Any) -> None:
        super().__init__(*words, **{"max": LAST_ROW, **options})


def init_app(app: Flask) -> None:
    app.url_map.converters["int"] = RowNumber
    proxies = app.config["TRUSTED_PROXIES"]
    if proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies)  # type: ignore[method-assign]  # the way Flask documents it
    app.before_request(_begin)
    app.after_request(_finish)
    app.register_error_handler(HTTPException, _http_error)
    problems.init_app(app)
    app.register_error_handler(Refusal, _refusal)
    if not app.testing:
        app.register_error_handler(Exception, _fault)
