"""Every door has a guard. A view without one stops the start of the program and fails a house test."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from functools import wraps
from typing import Any, Protocol, TypeVar, cast

from flask import Flask, abort, current_app, g, redirect, request, url_for

View = TypeVar("View", bound=Callable[..., Any])
GUARD = "__guard__"


class May(StrEnum):
    """What staff may be allowed to do; which role may do what is a table in accounts/rules.py."""

    SEE = "see"
    PEOPLE = "people"
    ERASE = "erase"
    OUTREACH = "outreach"
    GROUPS = "groups"
    BUILDS = "builds"
    RELEASES = "releases"
    REQUESTS = "requests"
    FCODES = "fcodes"
    CREDITS = "credits"
    RULES = "rules"
    JOURNAL = "journal"
    ACCOUNTS = "accounts"
    SETTINGS = "settings"


class Viewer(Protocol):
    """Who is looking: filled in by accounts, read here and by templates."""

    person_id: int
    name: str

    @property
    def is_staff(self) -> bool: ...

    @property
    def is_tester(self) -> bool: ...

    def may(self, permission: May | str) -> bool: ...

    def has_scope(self, scope: str) -> bool: ...


def viewer() -> Viewer:
    """The signed-in viewer of a guarded view. Raises 401 when there is none."""
    found = g.get("viewer")
    if found is None:
        abort(401)
    return cast(Viewer, found)


def signed_in_id() -> int | None:
    """Who has signed in, for pages with a key in their address, which ask nobody to."""
    found = g.get("viewer")
    return found.person_id if found is not None else None


def _ask_to_sign_in() -> Any:
    if request.method in ("GET", "HEAD"):
        return redirect(url_for("accounts.sign_in", next=request.full_path.rstrip("?")))
    return abort(401)


def _guarded(view: View, name: str, check: Callable[[], Any]) -> View:
    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        answer = check()
        return view(*args, **kwargs) if answer is None else answer

    setattr(guarded, GUARD, name)
    return cast(View, guarded)


def public(view: View) -> View:
    """Open to everybody."""
    setattr(view, GUARD, "public")
    return view


def by_link(view: View) -> View:
    """The signed token in the address is the key; the view itself checks it with core.tokens."""
    setattr(view, GUARD, "by_link")
    return view


def by_signature(view: View) -> View:
    """A key that only the sender and we have signs each request; the view itself checks it before anything else."""
    setattr(view, GUARD, "by_signature")
    return view


def signed_in(view: View) -> View:
    return _guarded(view, "signed_in", lambda: _ask_to_sign_in() if g.get("viewer") is None else None)


def tester(view: View) -> View:
    """Testers: people with a running tester agreement."""

    def check() -> Any:
        if g.get("viewer") is None:
            return _ask_to_sign_in()
        return None if g.viewer.is_tester else abort(403)

    return _guarded(view, "tester", check)


def staff(permission: May) -> Callable[[View], View]:
    def guard(view: View) -> View:
        def check() -> Any:
            if g.get("viewer") is None:
                return _ask_to_sign_in()
            return None if g.viewer.may(permission) else abort(403)

        return _guarded(view, f"staff:{permission}", check)

    return guard


def scope(name: str) -> Callable[[View], View]:
    """API doors: a bearer token that carries this scope."""

    def guard(view: View) -> View:
        def check() -> Any:
            if g.get("viewer") is None:
                abort(401)
            return None if g.viewer.has_scope(name) else abort(403)

        return _guarded(view, f"scope:{name}", check)

    return guard


def guard_of(app: Flask, endpoint: str) -> str | None:
    return getattr(app.view_functions[endpoint], GUARD, None)


def opens(endpoint: str) -> bool:
    """Whether whoever looks may pass the guard of this page: what a role may not do is not shown."""
    kind, _, detail = (guard_of(current_app, endpoint) or "").partition(":")
    who = g.get("viewer")
    if kind == "staff":
        return who is not None and bool(who.may(detail))
    if kind == "tester":
        return who is not None and bool(who.is_tester)
    return who is not None or kind != "signed_in"


def door(endpoint: str, **values: Any) -> str | None:
    """The address of another room's page; None where that room is not open, or the page not to whoever looks."""
    if endpoint not in current_app.view_functions or not opens(endpoint):
        return None
    return url_for(endpoint, **values)


def refuse_unguarded(app: Flask) -> None:
    """Raises RuntimeError naming each endpoint that nobody guards."""
    bare = sorted(e for e in app.view_functions if guard_of(app, e) is None)
    if bare:
        raise RuntimeError(f"no guard on {', '.join(bare)}: mark the view with one of crm.core.guards")
