"""A train, and what one of its weeks carries."""

from __future__ import annotations

from datetime import time
from typing import NamedTuple
from zoneinfo import available_timezones

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, Field, SelectField, StringField, TimeField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its types
from wtforms.validators import DataRequired, InputRequired, Length, ValidationError

from campaigns.releases.queries import audiences
from crm.builds.queries import newest_builds
from crm.builds.rules import PLATFORMS
from crm.core.forms import Form

WEEKDAYS = (
    _l("Monday"),
    _l("Tuesday"),
    _l("Wednesday"),
    _l("Thursday"),
    _l("Friday"),
    _l("Saturday"),
    _l("Sunday"),
)
DAYS = [SelectChoice(number, name) for number, name in enumerate(WEEKDAYS)]


class Schedule(NamedTuple):
    weekday: int
    local_time: time
    zone: str


class ScheduleForm(Form):
    weekday = SelectField(_l("Weekday"), coerce=int, choices=DAYS, default=4)
    local_time = TimeField(_l("Local time"), validators=[InputRequired()])
    zone = StringField(_l("Time zone"), validators=[DataRequired()])
    active = BooleanField(_l("It runs: releases of the coming weeks are prepared"), default=True)

    def validate_zone(self, field: Field) -> None:
        if field.data not in available_timezones():
            raise ValidationError(_l("This is no time zone: write it like Asia/Shanghai."))

    @property
    def schedule(self) -> Schedule:
        """What a valid form says."""
        assert self.local_time.data is not None
        return Schedule(self.weekday.data, self.local_time.data, self.zone.data or "")


class TrainForm(ScheduleForm):
    name = StringField(_l("Name"), validators=[DataRequired(), Length(max=100)])
    platform = SelectField(_l("Platform"), choices=[SelectChoice(name) for name in PLATFORMS])


class PlanForm(Form):
    build_id = SelectField(_l("Build"), coerce=int)
    audience_id = SelectField(_l("Audience"), coerce=int)

    def offer(self, platform: str, build_id: int | None, audience_id: int | None) -> None:
        """Fills the choices, and chooses what the release has already."""
        builds = [SelectChoice(build.id, build.version) for build in newest_builds(platform=platform)]
        self.build_id.choices = [SelectChoice(0, _l("not chosen yet")), *builds]
        saved = [SelectChoice(number, name) for number, name in audiences()]
        self.audience_id.choices = [SelectChoice(0, _l("all testers")), *saved]
        if not self.is_submitted():
            self.build_id.data, self.audience_id.data = build_id or 0, audience_id or 0

    @property
    def chosen(self) -> dict[str, int | None]:
        return {"build_id": self.build_id.data or None, "audience_id": self.audience_id.data or None}
