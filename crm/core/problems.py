"""What an API door answers when the body it got is not what its schema asks for: RFC 9457, each fault at its place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from apiflask import APIFlask
from apiflask.exceptions import HTTPError
from flask import Flask, Response, json


def faults_in(found: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """(where, what) of each fault in marshmallow's nested dict; where is a JSON pointer."""
    if isinstance(found, dict):
        for key, inner in found.items():
            yield from faults_in(inner, place if key == "_schema" else f"{place}/{key}")
    elif isinstance(found, list):
        for inner in found:
            yield from faults_in(inner, place)
    else:
        yield place, str(found)


def problem_of(title: str, status: int, faults: list[tuple[str, str]]) -> Response:
    """`detail` tells the first fault in words, `errors` all of them."""
    first = f"{faults[0][0]}: {faults[0][1]}".removeprefix(": ") if faults else title
    body = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": first,
        "errors": [{"pointer": place, "detail": what} for place, what in faults],
    }
    return Response(json.dumps(body), status, content_type="application/problem+json")


def _answer(error: HTTPError) -> Response:
    parts = error.detail if isinstance(error.detail, dict) else {"": error.detail}
    faults = [fault for part in parts.values() for fault in faults_in(part)]
    answer = problem_of(error.message or "not understood", error.status_code, faults)
    answer.headers.extend(error.headers or {})
    return answer


def init_app(app: Flask) -> None:
    if isinstance(app, APIFlask):
        app.error_callback = _answer
