"""Forms of this room: an edition's name, day and look; a tester's answer; why a name is hidden."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext, lazy_gettext, ngettext
from wtforms import DateField, Field, IntegerField, RadioField, SelectField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its types
from wtforms.validators import DataRequired, InputRequired, Length, ValidationError

from boot_screen.scene import DEFAULT_MIN_PX, FLOOR_PX
from campaigns.credits.rules import DEFAULT_SIZE, LONGEST_NAME, ConsentAnswer, RuleKind, sides
from crm.core import programme
from crm.core.forms import Form

RULES = {RuleKind.RETAINED: lazy_gettext("Everybody who is retained")}
PIXELS_FOR_ONE_PX = 8


class EditionForm(Form):
    name = StringField(lazy_gettext("Name of this boot screen"), validators=[DataRequired(), Length(max=120)])
    rule = SelectField(
        lazy_gettext("Who is on it"), choices=[SelectChoice(kind.value, label) for kind, label in RULES.items()]
    )
    as_of = DateField(lazy_gettext("On the day"), validators=[InputRequired()])
    title = StringField(lazy_gettext("Title"), validators=[Length(max=80)])
    subtitle = StringField(lazy_gettext("Subtitle"), validators=[Length(max=120)])
    size = StringField(lazy_gettext("Screen in pixels"), default=DEFAULT_SIZE, validators=[DataRequired()])
    min_px = IntegerField(lazy_gettext("Smallest type in pixels"), default=DEFAULT_MIN_PX, validators=[InputRequired()])

    def validate_as_of(self, field: Field) -> None:
        today = programme.moment().astimezone(programme.required().tz).date()
        if field.data is not None and field.data > today:
            raise ValidationError(gettext("This day is still to come: choose today or a day before."))

    def validate_size(self, field: Field) -> None:
        if sides(field.data or "") is None:
            raise ValidationError(
                gettext("Write width and height in pixels, such as 1080x2400; each from 160 to 8192.")
            )

    def validate_min_px(self, field: Field) -> None:
        size = sides(self.size.data or "")
        if size is None or field.data is None:
            return
        most = min(size) // PIXELS_FOR_ONE_PX
        if not FLOOR_PX <= field.data <= most:
            raise ValidationError(
                ngettext(
                    "From %(least)s to %(num)s pixel.",
                    "From %(least)s to %(num)s pixels: smaller type cannot be read.",
                    most,
                    least=FLOOR_PX,
                )
            )

    def look(self) -> dict[str, Any]:
        return {
            "size": "{}x{}".format(*(sides(self.size.data or "") or (0, 0))),
            "title": self.title.data or "",
            "subtitle": self.subtitle.data or "",
            "min_px": self.min_px.data,
        }


class ConsentForm(Form):
    answer = RadioField(
        lazy_gettext("May your name stand on the boot screen?"),
        choices=[
            SelectChoice(ConsentAnswer.YES.value, lazy_gettext("Yes, show this name")),
            SelectChoice(ConsentAnswer.NO.value, lazy_gettext("No, leave me out")),
        ],
        validators=[InputRequired(lazy_gettext("Choose yes or no."))],
    )
    shown_name = StringField(lazy_gettext("The name to show"), validators=[Length(max=LONGEST_NAME)])

    def validate_shown_name(self, field: Field) -> None:
        if self.answer.data == ConsentAnswer.YES and not field.data:
            raise ValidationError(gettext("Write the name that you want to be shown."))


class HideForm(Form):
    why = StringField(lazy_gettext("Why"), validators=[DataRequired(), Length(max=200)])


class ShipForm(Form):
    build_id = SelectField(lazy_gettext("In the build"), coerce=int)
