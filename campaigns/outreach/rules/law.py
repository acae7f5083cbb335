"""Which country somebody is probably in, and what its law asks of a letter nobody asked for. Pure; docs/outreach.md
names the sources. A table of warnings for people to weigh, not legal advice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

EEA = frozenset(
    "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE IS LI NO".split()  # noqa: SIM905 -- thirty quoted words read worse
)
UNKNOWN = ""

PHONES = {
    "+86": "CN", "+852": "HK", "+853": "MO", "+886": "TW", "+81": "JP", "+82": "KR", "+44": "GB", "+49": "DE",
    "+33": "FR", "+34": "ES", "+39": "IT", "+31": "NL", "+48": "PL", "+46": "SE", "+47": "NO", "+45": "DK",
    "+358": "FI", "+43": "AT", "+32": "BE", "+351": "PT", "+353": "IE", "+30": "GR", "+420": "CZ", "+36": "HU",
    "+40": "RO", "+61": "AU", "+91": "IN", "+55": "BR", "+7": "RU", "+65": "SG",
}  # fmt: skip
MAIL_HOSTS = {
    "qq.com": "CN",
    "163.com": "CN",
    "126.com": "CN",
    "sina.com": "CN",
    "foxmail.com": "CN",
    "aliyun.com": "CN",
}
MAIL_ENDINGS = {"uk": "GB", "us": "US", "gov": "US", "mil": "US", "edu": "US", "eu": "DE"}
OTHER_ENDINGS = frozenset("CN HK TW MO JP KR AU IN BR RU SG CA".split())  # noqa: SIM905 -- as above
ZONES = {
    "Asia/Shanghai": "CN", "Asia/Chongqing": "CN", "Asia/Urumqi": "CN", "Asia/Hong_Kong": "HK", "Asia/Taipei": "TW",
    "Asia/Macau": "MO", "Asia/Tokyo": "JP", "Asia/Seoul": "KR", "Asia/Singapore": "SG", "Asia/Kolkata": "IN",
    "Europe/London": "GB", "Europe/Berlin": "DE", "Europe/Paris": "FR", "Europe/Madrid": "ES", "Europe/Rome": "IT",
    "Europe/Amsterdam": "NL", "Europe/Warsaw": "PL", "Europe/Stockholm": "SE", "Europe/Oslo": "NO",
    "Europe/Copenhagen": "DK", "Europe/Helsinki": "FI", "Europe/Vienna": "AT", "Europe/Brussels": "BE",
    "Europe/Lisbon": "PT", "Europe/Dublin": "IE", "Europe/Athens": "GR", "Europe/Prague": "CZ",
    "Europe/Budapest": "HU", "Europe/Bucharest": "RO", "Europe/Moscow": "RU", "America/New_York": "US",
    "America/Chicago": "US", "America/Denver": "US", "America/Los_Angeles": "US", "America/Phoenix": "US",
    "America/Anchorage": "US", "Pacific/Honolulu": "US", "America/Toronto": "CA", "America/Vancouver": "CA",
    "America/Sao_Paulo": "BR", "Australia/Sydney": "AU", "Australia/Melbourne": "AU",
}  # fmt: skip
LANGUAGES = {
    "zh-TW": "TW", "zh-HK": "HK", "zh": "CN", "de": "DE", "fr": "FR", "it": "IT", "nl": "NL", "pl": "PL", "sv": "SE",
    "da": "DK", "fi": "FI", "cs": "CZ", "hu": "HU", "ro": "RO", "el": "GR", "ja": "JP", "ko": "KR", "en-US": "US",
    "en-GB": "GB", "en-CA": "CA", "en-AU": "AU",
}  # fmt: skip


def _by_phone(value: str) -> str:
    return next((PHONES[value[:n]] for n in (4, 3, 2) if value[:n] in PHONES), UNKNOWN)


def _by_mail(value: str) -> str:
    host = value.rpartition("@")[2].lower()
    ending = host.rpartition(".")[2]
    if host in MAIL_HOSTS or ending in MAIL_ENDINGS:
        return MAIL_HOSTS.get(host) or MAIL_ENDINGS[ending]
    return ending.upper() if ending.upper() in EEA | OTHER_ENDINGS else UNKNOWN


def country_of(phones: Iterable[str], mails: Iterable[str], zone: str | None, language: str | None) -> str:
    """A guess, the surest sign first: phone, time zone, ending of the mail address, language; "" when nothing tells."""
    signs = (
        *(_by_phone(one) for one in phones),
        ZONES.get(zone or "", UNKNOWN),
        *(_by_mail(one) for one in mails),
        LANGUAGES.get(language or "", UNKNOWN) or LANGUAGES.get((language or "").partition("-")[0], UNKNOWN),
    )
    return next((sign for sign in signs if sign), UNKNOWN)


class Warn(StrEnum):
    """What somebody who starts a campaign must have weighed."""

    CN_CONSENT = "cn_consent"
    CN_MARK = "cn_mark"
    EU_BASIS = "eu_basis"
    UK_BASIS = "uk_basis"
    US_ADDRESS = "us_address"
    CA_CONSENT = "ca_consent"


class Need(StrEnum):
    CONSENT = "consent"
    CONSENT_OR_INTEREST = "consent_or_interest"
    MARK = "mark"
    ADDRESS = "address"


@dataclass(frozen=True, slots=True)
class Law:
    """Letters to people in `countries` need something; where it is not there, the warning."""

    warn: Warn
    countries: frozenset[str]
    need: Need


LAWS = (
    Law(Warn.CN_CONSENT, frozenset({"CN"}), Need.CONSENT),
    Law(Warn.CN_MARK, frozenset({"CN"}), Need.MARK),
    Law(Warn.EU_BASIS, EEA, Need.CONSENT_OR_INTEREST),
    Law(Warn.UK_BASIS, frozenset({"GB"}), Need.CONSENT_OR_INTEREST),
    Law(Warn.CA_CONSENT, frozenset({"CA"}), Need.CONSENT),
    Law(Warn.US_ADDRESS, frozenset({"US"}), Need.ADDRESS),
)
CONSENT = ("consent", "opt-in", "opted in", "agreed", "signed up", "同意", "订阅", "报名")
INTEREST = ("legitimate interest", "legitimate_interest", "正当利益", "合法利益")
PARTS = re.compile(r"[,;.:()，；。：（）]")
DENIED = re.compile(r"\b(?:no|non|not|never|without|withdrawn|withdrew|revoked|refused)\b|n't\b|[未不没无拒]|撤回")
MARKS = ("AD", "(AD)", "[AD]", "【AD】", "（广告）", "(广告)", "【广告】", "广告", "[广告]")


def basis_meets(need: Need, bases: Iterable[str]) -> bool:
    """Whether a recorded basis says what is needed: the words are looked for in each part of it that denies nothing."""
    words = CONSENT + (INTEREST if need is Need.CONSENT_OR_INTEREST else ())
    parts = (part for basis in bases for part in PARTS.split(basis.lower()) if not DENIED.search(part))
    return any(word in part for part in parts for word in words)


def is_marked(subject: str) -> bool:
    """Whether a subject begins with the mark of an advertisement."""
    start = subject.strip()
    return start.startswith(MARKS[1:]) or start == "AD" or start.upper().startswith(("AD ", "AD:", "AD："))
