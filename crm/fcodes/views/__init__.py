"""F-codes: the staff's list, a tester's page Friends, and the public way in for a friend."""

from typing import Any

from flask import Blueprint

from crm.fcodes.forms import STATES, TONES
from crm.fcodes.rules import grouped, state_of

bp = Blueprint("fcodes", __name__, template_folder="../templates")


@bp.context_processor
def _words() -> dict[str, Any]:
    return {"code_states": STATES, "code_tones": TONES, "grouped": grouped, "state_of": state_of}


from crm.fcodes.views import friends, joining, listing  # noqa: E402, F401 -- doors hang themselves on bp

BLUEPRINTS = (bp,)
