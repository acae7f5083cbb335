"""What every form starts from: CSRF, trimmed text, messages in the reader's language."""

from __future__ import annotations

from typing import Any

from flask_babel import format_decimal, gettext
from flask_wtf import FlaskForm
from wtforms import Field, StringField, TextAreaField, ValidationError


def _trim(value: str | None) -> str | None:
    return value.strip() if value else value


class Form(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """Trims text, and refuses NUL bytes, which no database keeps."""

    class Meta(FlaskForm.Meta):  # type: ignore[misc]  # Flask-WTF has no types
        def bind_field(self, form: Any, unbound_field: Any, options: dict[str, Any]) -> Any:
            if issubclass(unbound_field.field_class, StringField | TextAreaField):
                filters = [_trim, *unbound_field.kwargs.get("filters", ())]
                options = {**options, "filters": filters}
                unbound_field = type(unbound_field)(
                    unbound_field.field_class,
                    *unbound_field.args,
                    name=unbound_field.name,
                    **{k: v for k, v in unbound_field.kwargs.items() if k != "filters"},
                )
            return super().bind_field(form, unbound_field, options)

    def validate(self, extra_validators: Any = None) -> bool:
        sound: bool = super().validate(extra_validators)
        for field in self:
            if isinstance(field.data, str) and "\x00" in field.data:
                field.errors = [
                    *field.errors,
                    gettext("This holds a NUL byte: paste the text again as plain text."),
                ]
                sound = False
        return sound


class AtMost:
    """Refuses a longer text, and says by how much. It sets no limit in the browser, which would cut what is pasted
    without a word."""

    def __init__(self, most: int) -> None:
        self.most = most

    def __call__(self, _form: Any, field: Field) -> None:
        count = len(field.data or "")
        if count > self.most:
            raise ValidationError(
                gettext(
                    "At most %(most)s characters: these are %(count)s, so %(over)s too many.",
                    most=format_decimal(self.most),
                    count=format_decimal(count),
                    over=format_decimal(count - self.most),
                )
            )


def unix_lines(value: str | None) -> str | None:
    """A line break is one character, as in what the reader counts; a browser sends two."""
    return value.replace("\r\n", "\n") if value else value


def refuse(field: Field, message: str) -> None:
    """Puts a refusal that only the action could know beside the field that caused it."""
    field.errors = [*field.errors, message]


def text(field: Field) -> str:
    """What was typed; an empty text where there was nothing."""
    return field.data or ""


__all__ = ["AtMost", "Form", "ValidationError", "refuse", "text", "unix_lines"]
