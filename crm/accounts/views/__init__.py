"""Signing in and out, joining, settings. The viewer is loaded before every request of every room."""

from flask import Blueprint

from crm.accounts.views.viewer import load_viewer

bp = Blueprint("accounts", __name__, template_folder="../templates")

from crm.accounts.views import (  # noqa: E402 -- doors hang themselves on bp
    account,
    api_tokens,
    join,
    journal,
    links,
    settings,
    sign_in,
    staff,
    welcome,
)

bp.before_app_request(load_viewer)
bp.before_app_request(welcome.lead_to_welcome)

BLUEPRINTS = (bp,)
__all__ = ["BLUEPRINTS", "account", "api_tokens", "join", "journal", "links", "settings", "sign_in", "staff", "welcome"]
