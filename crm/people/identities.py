"""How identities are written: one spelling each, so that the key finds whoever wrote it differently.

`TIDY[kind](text, region)` gives the normal spelling, or None when the text is no such identity.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

import email_validator
import phonenumbers
from babel.core import get_global
from flask_babel import gettext

from crm.core import programme
from crm.core.errors import NotUnderstood
from crm.people.rules import FORUM_PREFIX, is_identity_kind

Tidy = Callable[[str, str], str | None]
HOME = "CN"
LONGEST = 254
# Plain addresses, as nearly all are; the library judges the rest, one in a hundred, at a fiftieth of the speed.
PLAIN_MAIL = re.compile(
    r"(?=.{3,254}\Z)(?=[^@]{1,64}@)[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:(?!..--)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?!(?:arpa|invalid|local|localhost|onion|test)\Z)[a-z]{2,63}"
).fullmatch
CHINESE_MOBILE = re.compile(r"(?:\+?86)?(1[3-9][0-9]{9})").fullmatch
SEPARATORS = str.maketrans("", "", " -.()\u00a0\u2010\u2011\u2013")
QQ = re.compile(r"[1-9][0-9]{4,11}").fullmatch
GITHUB = re.compile(r"[a-z0-9](?:-?[a-z0-9]){0,38}").fullmatch
TELEGRAM = re.compile(r"[a-z][a-z0-9_]{3,31}").fullmatch
MATRIX = re.compile(r"@[^\s:@]+:[a-z0-9.\-\[\]:]+").fullmatch
WEIBO_PAGE = re.compile(r"(?:https?://)?(?:www\.|m\.)?weibo\.(?:com|cn)/(?:u/|n/)?")
GITHUB_PAGE = re.compile(r"(?:https?://)?(?:www\.)?github\.com/")
TELEGRAM_PAGE = re.compile(r"(?:https?://)?(?:t\.me|telegram\.me)/")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]").search


def _mail(text: str, _region: str) -> str | None:
    lowered = text.lower()
    if PLAIN_MAIL(lowered):
        return lowered
    return _unusual_mail(text)


@lru_cache(maxsize=4096)
def _unusual_mail(text: str) -> str | None:
    try:
        return email_validator.validate_email(text, check_deliverability=False).normalized.lower()
    except email_validator.EmailNotValidError:
        return None


def _phone(text: str, region: str) -> str | None:
    digits = unicodedata.normalize("NFKC", text).translate(SEPARATORS)
    mobile = CHINESE_MOBILE(digits)
    if mobile and (region == HOME or digits.startswith("+86")):
        return "+86" + mobile.group(1)
    return _other_phone(digits, region)


@lru_cache(maxsize=4096)
def _other_phone(digits: str, region: str) -> str | None:
    try:
        number = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _qq(text: str, _region: str) -> str | None:
    digits = unicodedata.normalize("NFKC", text)
    return digits if QQ(digits) else None


def _nick(text: str) -> str | None:
    """A name of free form: width and case do not tell two people apart, and spaces in a row are one."""
    nick = text.casefold() if text.isascii() else unicodedata.normalize("NFKC", text).casefold()
    nick = " ".join(nick.split())
    return nick if 0 < len(nick) <= LONGEST and not CONTROL(nick) else None


def _handle(page: re.Pattern[str] | None, fits: Callable[[str], object]) -> Tidy:
    def tidy(text: str, _region: str) -> str | None:
        nick = _nick(text)
        if nick is None:
            return None
        nick = (page.sub("", nick, count=1) if page else nick).rstrip("/").removeprefix("@")
        return nick if nick and fits(nick) else None

    return tidy


def _matrix(text: str, _region: str) -> str | None:
    nick = _nick(text)
    return nick if nick and MATRIX(nick) else None


def _forum(text: str, _region: str) -> str | None:
    return _nick(text)


TIDY: dict[str, Tidy] = {
    "email": _mail,
    "qq": _qq,
    "phone": _phone,
    "wechat": _handle(None, lambda nick: " " not in nick),
    "weibo": _handle(WEIBO_PAGE, lambda nick: "/" not in nick),
    "matrix": _matrix,
    "telegram": _handle(TELEGRAM_PAGE, TELEGRAM),
    "github": _handle(GITHUB_PAGE, GITHUB),
}


def tidy_of(kind: str) -> Tidy:
    """The function that normalises values of a kind. Raises NotUnderstood for an unknown kind."""
    if not is_identity_kind(kind):
        raise NotUnderstood(
            gettext("“%(kind)s” is no kind of identity: use email, qq, wechat, phone, forum:<site> …", kind=kind)
        )
    return TIDY.get(kind, _forum)


@lru_cache(maxsize=64)
def region_of(zone: str) -> str:
    """The country whose telephone numbers are written without a country code in a time zone."""
    return str(get_global("zone_territories").get(zone, HOME))


def home_region() -> str:
    known = programme.current()
    return region_of(known.zone) if known is not None else HOME


def normalise(kind: str, value: str, region: str | None = None) -> str:
    """The one spelling of a value. Raises NotUnderstood. `region` defaults to the country of the programme's zone."""
    kind = tidy_kind(kind)
    tidied = tidy_of(kind)(value.strip(), region or home_region())
    if tidied is None:
        raise NotUnderstood(gettext("“%(value)s” cannot be read as %(kind)s", value=value[:80], kind=kind))
    return tidied


def tidy_kind(kind: str) -> str:
    """`Forum: GFan ` is `forum:gfan`."""
    head, colon, site = kind.strip().casefold().partition(":")
    return f"{FORUM_PREFIX}{' '.join(site.split())}" if colon and f"{head}:" == FORUM_PREFIX else head + colon + site


def parse(written: str, region: str | None = None) -> tuple[str, str]:
    """Reads `kind:value` (`forum:<site>:value` for forums). Raises NotUnderstood."""
    kind, colon, value = written.strip().partition(":")
    if colon and kind.strip().casefold() + ":" == FORUM_PREFIX:
        site, colon, value = value.partition(":")
        kind = f"{kind}:{site}"
    if not colon:
        raise NotUnderstood(
            gettext("“%(text)s” is no identity: write it as kind:value, such as qq:10001", text=written[:80])
        )
    kind = tidy_kind(kind)
    return kind, normalise(kind, value, region)
