"""The form of a rule set."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import DateField, IntegerField
from wtforms.validators import InputRequired, NumberRange

from crm.core.forms import Form, refuse
from crm.funnel.rules.sets import Rules

MOST_WEEKS = 64


def _weeks(label: Any, least: int, most: int) -> IntegerField:
    return IntegerField(
        label,
        validators=[
            InputRequired(_l("Write a number of weeks.")),
            NumberRange(least, most, _l("From %(min)s to %(max)s weeks.")),
        ],
    )


class RulesForm(Form):
    a = _weeks(_l("Active: a build in at least this many weeks"), 1, MOST_WEEKS)
    b = _weeks(_l("… of so many last released weeks"), 1, MOST_WEEKS)
    m = _weeks(_l("Retained: with us for at least this many weeks since first active"), 0, 520)
    k = _weeks(_l("… and a build in at least this many weeks"), 1, MOST_WEEKS)
    n = _weeks(_l("… of so many last released weeks"), 1, MOST_WEEKS)
    g = _weeks(_l("Weeks of grace after a warning"), 0, 26)
    effective_on = DateField(
        _l("Holds from the first Monday on or after"), validators=[InputRequired(_l("Choose a day."))]
    )

    def validate(self, extra_validators: Any = None) -> bool:
        sound = super().validate(extra_validators)
        for few, many in ((self.a, self.b), (self.k, self.n)):
            if sound and (few.data or 0) > (many.data or 0):
                refuse(few, str(_l("More weeks than there are in the window below.")))
                sound = False
        return sound

    def rules(self) -> Rules:
        letters = {name: int(self[name].data) for name in "abmkng"}
        return Rules(version=0, since=0, **letters)
