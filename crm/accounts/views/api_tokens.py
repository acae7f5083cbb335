"""Settings: one's own API tokens."""

from __future__ import annotations

from typing import Any

from flask import flash, g, redirect, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from crm.accounts.actions import make_api_token, revoke_api_token
from crm.accounts.forms import SCOPES, TokenForm, scope_choices
from crm.accounts.queries import api_tokens_of
from crm.accounts.rules import Scope
from crm.accounts.views import bp
from crm.core import clock
from crm.core.db import session
from crm.core.forms import text
from crm.core.guards import signed_in

NOT_UNDERSTOOD = 422


def _form() -> TokenForm:
    """Offers what the viewer may do."""
    form = TokenForm()
    form.scopes.choices = scope_choices([scope for scope in SCOPES if g.viewer.has_scope(scope)])
    return form


def _page(form: TokenForm, status: int = 200, token: str = "") -> Any:
    tokens = api_tokens_of(g.viewer.person_id)
    names = {scope.value: SCOPES[scope] for scope in Scope}
    page = render_template(
        "accounts/api_tokens.html", form=form, tokens=tokens, token=token, names=names, now=clock.now()
    )
    return page, status


@bp.get("/settings/api-tokens")
@signed_in
def api_tokens() -> Any:
    return _page(_form())


@bp.post("/settings/api-tokens")
@signed_in
def new_api_token() -> Any:
    """The answer shows the token, the only time."""
    form = _form()
    if not form.validate():
        return _page(form, NOT_UNDERSTOOD)
    token = make_api_token(g.viewer.person_id, text(form.name), form.scopes.data or (), at=clock.now())
    session().commit()
    fresh = _form()
    fresh.name.data, fresh.scopes.data = "", []
    return _page(fresh, token=token)


@bp.post("/settings/api-tokens/<int:token_id>/revoke")
@signed_in
def revoke_api_token_door(token_id: int) -> Response:
    revoke_api_token(token_id, g.viewer.person_id, at=clock.now())
    session().commit()
    flash(gettext("The token no longer works."), "success")
    return redirect(url_for("accounts.api_tokens"))
