"""Pages of the outbox."""

from __future__ import annotations

from flask import Blueprint
from flask.blueprints import BlueprintSetupState

bp = Blueprint("outbox", __name__, template_folder="../templates")

from crm.outbox.views import (  # noqa: E402 -- doors hang themselves on bp
    accounts,  # noqa: F401 -- see above
    domains,  # noqa: F401 -- see above
    holding,  # noqa: F401 -- see above
    letters,  # noqa: F401 -- see above
    refusing,
    senders,  # noqa: F401 -- see above
    sending,  # noqa: F401 -- see above
    touching,  # noqa: F401 -- see above
    uncertain,  # noqa: F401 -- see above
)


@bp.record
def _one_click_has_no_token(state: BlueprintSetupState) -> None:
    """A mail program presses the button of RFC 8058 without our form; the signed address is the proof."""
    view = refusing.refuse
    state.app.extensions["csrf"].exempt(f"{view.__module__}.{view.__name__}")


BLUEPRINTS = (bp,)
