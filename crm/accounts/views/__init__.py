"""Signing in and out, joining, settings. The viewer is loaded before every request of every room."""

from flask import Blueprint

from crm.accounts.views.viewer import load_viewer

bp = Blueprint("accounts", __name__, template_folder="../templates")
bp.before_app_request(load_viewer)

from crm.accounts.views import sign_in  # noqa: E402, F401 -- doors hang themselves on bp

BLUEPRINTS = (bp,)
