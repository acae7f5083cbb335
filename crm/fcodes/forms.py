"""Giving codes out; typing one; what a friend tells us."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from wtforms import DateField, EmailField, Field, IntegerField, StringField
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange

from crm.core.errors import NotUnderstood
from crm.core.forms import Form, ValidationError
from crm.fcodes.rules import LAST_YEAR, MOST_AT_ONCE, CodeState
from crm.people.identities import normalise
from crm.people.rules import LONGEST_NAME

NEEDED = _l("Fill this in.")
STATES: dict[CodeState, Any] = {
    CodeState.READY: lazy_pgettext("F-code", "ready"),
    CodeState.REDEEMED: lazy_pgettext("F-code", "redeemed"),
    CodeState.EXPIRED: lazy_pgettext("F-code", "expired"),
    CodeState.REVOKED: lazy_pgettext("F-code", "revoked"),
}
TONES: dict[CodeState, str] = {
    CodeState.READY: "waiting",
    CodeState.REDEEMED: "done",
    CodeState.EXPIRED: "quiet",
    CodeState.REVOKED: "stopped",
}


class GiveForm(Form):
    giver = StringField(_l("To whom"), validators=[DataRequired(NEEDED), Length(max=300)])
    count = IntegerField(
        _l("How many"),
        validators=[
            InputRequired(NEEDED),
            NumberRange(1, MOST_AT_ONCE, _l("Give from 1 to %(most)s codes at once.", most=MOST_AT_ONCE)),
        ],
        default=3,
    )
    last_day = DateField(_l("Good until the end of"), validators=[InputRequired(_l("Choose a day."))])

    def validate_last_day(self, field: Field) -> None:
        if field.data is not None and field.data.year > LAST_YEAR:
            raise ValidationError(_l("Choose a day of this century."))

    def usual(self, day: date) -> None:
        if not self.is_submitted():
            self.last_day.data = day


class TypeForm(Form):
    code = StringField(_l("F-code"), validators=[DataRequired(NEEDED), Length(max=60)])


class FriendForm(Form):
    name = StringField(
        _l("Your name"),
        validators=[DataRequired(NEEDED), Length(max=LONGEST_NAME, message=_l("Keep it under 200 characters."))],
    )
    mail = EmailField(_l("Your mail address"), validators=[DataRequired(NEEDED), Length(max=254)])

    def validate_mail(self, field: Any) -> None:
        try:
            field.data = normalise("email", field.data)
        except NotUnderstood as error:
            raise ValidationError(str(error)) from error
