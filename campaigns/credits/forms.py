"""Forms of this room: an edition's name, day and look; a tester's answer; why a name is hidden."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from flask_babel import gettext, lazy_gettext, ngettext
from flask_wtf.file import FileField
from wtforms import (
    BooleanField,
    ColorField,
    DateField,
    Field,
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its types
from wtforms.validators import DataRequired, InputRequired, Length, Optional, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from boot_screen.contrast import LEAST_CONTRAST
from boot_screen.outputs import FORMATS
from boot_screen.scene import FLOOR_PX, LANTERN
from boot_screen.themes import THEMES, ThemeError, recoloured, too_faint, written
from campaigns.credits.models import Edition
from campaigns.credits.queries.fitness import fits_nowhere
from campaigns.credits.queries.words import FORMAT_NAMES
from campaigns.credits.rules import (
    DEFAULT_SIZE,
    LONGEST_NAME,
    ConsentAnswer,
    Look,
    Part,
    RuleKind,
    Wording,
    look_of,
    parts_of,
    rule_of,
    sides,
    sizes_of,
)
from crm.core import programme
from crm.core.forms import Form

KINDS = {
    RuleKind.FIRST: lazy_gettext("The first testers ever"),
    RuleKind.TAG: lazy_gettext("Everybody with a tag"),
    RuleKind.LIST: lazy_gettext("A frozen list"),
    RuleKind.RETAINED: lazy_gettext("Everybody who is retained"),
    RuleKind.ACTIVE: lazy_gettext("Everybody who is active or retained"),
}
THEME_NAMES = {
    "lantern": lazy_gettext("Lantern, dark"),
    "ember": lazy_gettext("Ember, dark with a heart"),
    "paper": lazy_gettext("Paper, light"),
    "valentine": lazy_gettext("Valentine, light with a heart"),
    "midnight": lazy_gettext("Midnight, dark blue"),
    "constellation": lazy_gettext("Constellation, dark blue with a star"),
    "seedling": lazy_gettext("Seedling, light green with a seed"),
    "moss": lazy_gettext("Moss, dark green with a seed"),
    "ink": lazy_gettext("Ink, black on white"),
    "slate": lazy_gettext("Slate, grey"),
}
SHAPES = {
    "": lazy_gettext("The theme's own"),
    "none": lazy_gettext("None"),
    "heart": lazy_gettext("Heart"),
    "star": lazy_gettext("Star"),
    "seed": lazy_gettext("Seed"),
    "phone": lazy_gettext("Telephone"),
}
COLOURS = {
    "ground": lazy_gettext("Ground"),
    "names": lazy_gettext("Names"),
    "names_too": lazy_gettext("Every other name"),
    "title": lazy_gettext("Title"),
    "subtitle": lazy_gettext("Subtitle"),
    "shape": lazy_gettext("Silhouette"),
    "shape_names": lazy_gettext("Names in the silhouette"),
}
ORDERS = {
    "name": lazy_gettext("By name"),
    "seniority": lazy_gettext("The longest with us first"),
}
MOST_FIRST = 1_000_000
PIXELS_FOR_ONE_PX = 8


def _many(label: Any, choices: Mapping[Any, Any]) -> SelectMultipleField:
    return SelectMultipleField(
        label,
        choices=[SelectChoice(str(key), name) for key, name in choices.items()],
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
        validators=[InputRequired(lazy_gettext("Choose at least one."))],
    )


def _one_of(label: Any, choices: Mapping[str, Any]) -> SelectField:
    return SelectField(label, choices=[SelectChoice(key, name) for key, name in choices.items()])


class EditionForm(Form):
    """Who is on a boot screen and how it looks. `edition_form` adds the words of each language."""

    name = StringField(lazy_gettext("Name of this boot screen"), validators=[DataRequired(), Length(max=120)])
    kinds = _many(lazy_gettext("Who is on it"), {kind.value: name for kind, name in KINDS.items()})
    as_of = DateField(lazy_gettext("On the day"), validators=[InputRequired()])
    first_count = IntegerField(lazy_gettext("How many first testers"), default=100, validators=[Optional()])
    tag = SelectField(lazy_gettext("The tag"), validate_choice=False)
    list_id = SelectField(lazy_gettext("The frozen list"), validate_choice=False)
    order = _one_of(lazy_gettext("Order of the names"), ORDERS)
    theme = _one_of(lazy_gettext("Theme"), THEME_NAMES)
    own_colours = BooleanField(lazy_gettext("Colours of our own instead of the theme's"))
    silhouette = SelectField(lazy_gettext("Silhouette"), validate_choice=False)
    silhouette_file = FileField(lazy_gettext("A silhouette of your own"))
    sizes = StringField(lazy_gettext("Screens in pixels"), default=DEFAULT_SIZE, validators=[DataRequired()])
    formats = _many(lazy_gettext("Files for"), {form: FORMAT_NAMES[form] for form in FORMATS})
    min_px = IntegerField(lazy_gettext("Smallest type in pixels"), validators=[Optional()])
    languages: tuple[str, ...] = ()

    def validate_as_of(self, field: Field) -> None:
        today = programme.moment().astimezone(programme.required().tz).date()
        if field.data is not None and field.data > today:
            raise ValidationError(gettext("This day is still to come: choose today or a day before."))

    def validate_sizes(self, field: Field) -> None:
        if sizes_of(field.data or "") is None:
            raise ValidationError(
                gettext(
                    "Write width and height in pixels, such as 1080x2400; each from 160 to 8192; at most 12 screens."
                )
            )

    def validate_formats(self, field: Field) -> None:
        sizes = sizes_of(self.sizes.data or "")
        if sizes and (told := fits_nowhere(field.data or (), sizes)):
            raise ValidationError(told)

    def validate_own_colours(self, field: Field) -> None:
        if not field.data:
            return
        try:
            palette = recoloured(LANTERN, self._colours())
        except ThemeError:
            raise ValidationError(gettext("Write each colour as #rrggbb.")) from None
        for ink, ground, found in too_faint(palette):
            raise ValidationError(
                gettext(
                    "%(ink)s on %(ground)s: a contrast of %(found)s to 1. At least %(least)s to 1 can be read: choose "
                    "colours further apart.",
                    ink=COLOURS[ink],
                    ground=COLOURS[ground],
                    found=f"{found:.1f}",
                    least=LEAST_CONTRAST,
                )
            )

    def _colours(self) -> dict[str, str]:
        return {name: self[f"colour_{name}"].data or "" for name in COLOURS}

    def validate_first_count(self, field: Field) -> None:
        if RuleKind.FIRST in (self.kinds.data or ()) and not 1 <= (field.data or 0) <= MOST_FIRST:
            raise ValidationError(gettext("Write how many, such as 100."))

    def validate_tag(self, field: Field) -> None:
        if RuleKind.TAG in (self.kinds.data or ()) and not field.data:
            raise ValidationError(gettext("Choose the tag."))

    def validate_list_id(self, field: Field) -> None:
        if RuleKind.LIST in (self.kinds.data or ()) and not (field.data or "").isdecimal():
            raise ValidationError(gettext("Choose the list. An audience is frozen into one on its page."))

    def validate_min_px(self, field: Field) -> None:
        sizes = sizes_of(self.sizes.data or "")
        if sizes is None or field.data is None:
            return
        most = min(min(sides(size) or (0, 0)) for size in sizes) // PIXELS_FOR_ONE_PX
        if not FLOOR_PX <= field.data <= most:
            raise ValidationError(
                ngettext(
                    "From %(least)s to %(num)s pixel.",
                    "From %(least)s to %(num)s pixels: smaller type cannot be read.",
                    most,
                    least=FLOOR_PX,
                )
            )

    def chosen_by(self) -> dict[str, Any]:
        values = {
            RuleKind.FIRST: str(self.first_count.data or ""),
            RuleKind.TAG: self.tag.data or "",
            RuleKind.LIST: self.list_id.data or "",
        }
        kinds = [kind for kind in RuleKind if kind in (self.kinds.data or ())]
        return rule_of(Part(kind, values.get(kind, "")) for kind in kinds)

    def look(self) -> Look:
        return Look(
            sizes=sizes_of(self.sizes.data or "") or (),
            formats=tuple(form for form in FORMATS if form in (self.formats.data or ())),
            theme=self.theme.data or "lantern",
            colours=self._colours() if self.own_colours.data else {},
            silhouette=self.silhouette.data or "",
            wordings={language: self._wording(language) for language in self.languages},
            min_px=self.min_px.data,
            order=self.order.data or "name",
        )

    def _wording(self, language: str) -> Wording:
        def said(part: str) -> str:
            return self[f"{part}_{language}"].data or ""

        headings = {kind.value: said(f"heading_{kind.value}") for kind in RuleKind}
        return Wording(
            said("title"), said("subtitle"), said("footer"), {kind: text for kind, text in headings.items() if text}
        )


WORDS = {
    "title": (lazy_gettext("Title"), 80),
    "subtitle": (lazy_gettext("Subtitle"), 120),
    "footer": (lazy_gettext("Below the names"), 120),
    **{f"heading_{kind.value}": (name, 60) for kind, name in KINDS.items()},
}


def edition_form(languages: Sequence[str]) -> type[EditionForm]:
    """The form with the words of each of these languages, as title_zh, heading_first_en and so on, and the colours, as
    colour_ground."""
    fields: dict[str, Any] = {f"colour_{name}": ColorField(label) for name, label in COLOURS.items()}
    fields |= {
        f"{word}_{language}": StringField(label, validators=[Length(max=most)])
        for language in languages
        for word, (label, most) in WORDS.items()
    }
    return type("EditionFormOf" + "".join(languages), (EditionForm,), fields | {"languages": tuple(languages)})


def colours_of(look: Look) -> dict[str, str]:
    """Its own, or those of its theme."""
    return {**written(THEMES[look.theme].palette), **look.colours}


def filled(edition: Edition, day: date) -> dict[str, Any]:
    """An edition as the form's data."""
    look = look_of(edition.look)
    known = {part.kind: part.value for part in parts_of(edition.rule)}
    data: dict[str, Any] = {
        "name": edition.name,
        "kinds": [kind.value for kind in known],
        "as_of": day,
        "tag": known.get(RuleKind.TAG, ""),
        "list_id": known.get(RuleKind.LIST, ""),
        "order": look.order,
        "theme": look.theme,
        "own_colours": bool(look.colours),
        "silhouette": look.silhouette,
        "sizes": ", ".join(look.sizes),
        "formats": list(look.formats),
        "min_px": look.min_px,
    }
    data |= {f"colour_{name}": colour for name, colour in colours_of(look).items()}
    if known.get(RuleKind.FIRST):
        data["first_count"] = int(known[RuleKind.FIRST])
    for language, words in look.wordings.items():
        for word in ("title", "subtitle", "footer"):
            data[f"{word}_{language}"] = getattr(words, word)
        for kind, heading in words.headings.items():
            data[f"heading_{kind}_{language}"] = heading
    return data


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
