"""What the DNS says of a domain that letters come from, and what to set where it says something else."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import takewhile
from urllib.parse import urlsplit

import dns.exception
import dns.nameserver
import dns.resolver

from crm.outbox.models import DkimKey
from crm.outbox.rules import Verdict

PATIENCE_SECONDS = 4.0
LETS_SEND = re.compile(r"\+?(?:a|mx)(?:[:/]\S+)?|\+?(?:include|ip4|ip6):\S+")
"""The terms of an SPF record that name servers which may send."""
MAY_LET_SEND = re.compile(r"\+?(?:exists:\S+|ptr(?::\S+)?)")
"""Those of which only the receiver can tell."""
GONE = (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer)


class DnsSilent(Exception):
    """The DNS could not be asked; `str(error)` says by whom and why."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One record: what is there, and what should be. `word` is a key of FINDINGS, which says what is wrong with it."""

    record: str
    name: str
    verdict: Verdict
    word: str
    found: str = ""
    wanted: str = ""
    detail: str = ""


def _resolver(servers: Sequence[str]) -> dns.resolver.Resolver:
    try:
        resolver = dns.resolver.Resolver(configure=not servers)
    except dns.resolver.NoResolverConfiguration as error:
        raise DnsSilent(str(error)) from error
    if servers:
        resolver.nameservers = [dns.nameserver.Do53Nameserver(*_place(server)) for server in servers]
    resolver.lifetime = PATIENCE_SECONDS
    return resolver


def _place(server: str) -> tuple[str, int]:
    parts = urlsplit(f"//{server}")
    return parts.hostname or "127.0.0.1", parts.port or 53


def texts(resolver: dns.resolver.Resolver, name: str) -> list[str]:
    """The TXT records of a name, none where there are none. Raises DnsSilent."""
    try:
        answer = resolver.resolve(name, "TXT", search=False)
    except GONE:
        return []
    except (dns.exception.DNSException, OSError, ValueError) as error:
        raise DnsSilent(str(error)) from error
    return [b"".join(row.strings).decode("utf-8", "replace") for row in answer]


def _tags(record: str) -> dict[str, str]:
    """`v=DMARC1; p=none` by tag."""
    parts = (part.partition("=") for part in record.split(";"))
    return {name.strip().lower(): "".join(value.split()) for name, _is, value in parts if name.strip()}


def judge_spf(domain: str, found: Sequence[str], server: str | None) -> Finding:
    """By its words alone: the names in it are not looked up, so that nothing is known of the addresses it covers."""
    records = [text for text in found if text.lower().split(" ")[0] == "v=spf1"]
    wanted = f"v=spf1 a:{server} ~all" if server else "v=spf1 mx ~all"
    if not records:
        return Finding("SPF", domain, Verdict.MISSING, "spf_missing", wanted=wanted)
    if len(records) > 1:
        return Finding("SPF", domain, Verdict.BAD, "spf_twice", found="\n".join(records), wanted=wanted)
    terms = records[0].lower().split()
    if "+all" in terms or "all" in terms:
        return Finding("SPF", domain, Verdict.BAD, "spf_open", found=records[0], wanted=wanted)
    ends, redirects = any(term[1:] == "all" for term in terms), any(term.startswith("redirect=") for term in terms)
    if not ends and not redirects:
        return Finding("SPF", domain, Verdict.BAD, "spf_endless", found=records[0], wanted=f"{records[0]} ~all")
    heeded = list(takewhile(lambda term: term[1:] != "all", terms[1:]))
    if any(LETS_SEND.fullmatch(term) for term in heeded) or not ends:
        return Finding("SPF", domain, Verdict.GOOD, "spf_good", found=records[0], detail=server or "")
    wanted = " ".join(["v=spf1", f"a:{server}" if server else "mx", *records[0].split()[1:]])
    forbids = "-all" in terms and not any(MAY_LET_SEND.fullmatch(term) for term in heeded)
    verdict, word = (Verdict.BAD, "spf_nobody") if forbids else (Verdict.DOUBTFUL, "spf_no_server")
    return Finding("SPF", domain, verdict, word, found=records[0], wanted=wanted, detail=server or "")


def judge_dkim(key: DkimKey, found: Sequence[str]) -> Finding:
    if not found:
        return Finding("DKIM", key.name, Verdict.MISSING, "dkim_missing", wanted=key.record)
    if any(_tags(text).get("p") == _tags(key.record)["p"] for text in found):
        return Finding("DKIM", key.name, Verdict.GOOD, "dkim_good", found=found[0])
    return Finding("DKIM", key.name, Verdict.BAD, "dkim_other", found="\n".join(found), wanted=key.record)


def judge_dmarc(domain: str, found: Sequence[str]) -> Finding:
    name = f"_dmarc.{domain}"
    records = [text for text in found if _tags(text).get("v", "").upper() == "DMARC1"]
    wanted = f"v=DMARC1; p=none; rua=mailto:postmaster@{domain}"
    if not records:
        return Finding("DMARC", name, Verdict.MISSING, "dmarc_missing", wanted=wanted)
    if len(records) > 1:
        return Finding("DMARC", name, Verdict.BAD, "dmarc_twice", found="\n".join(records), wanted=wanted)
    policy = _tags(records[0]).get("p", "").lower()
    if policy not in ("none", "quarantine", "reject"):
        return Finding("DMARC", name, Verdict.BAD, "dmarc_no_policy", found=records[0], wanted=wanted)
    return Finding("DMARC", name, Verdict.GOOD, f"dmarc_{policy}", found=records[0])


def _above(domain: str) -> list[str]:
    """The domain and those it lies in: a DMARC record may stand at any of them."""
    labels = domain.split(".")
    return [".".join(labels[start:]) for start in range(max(len(labels) - 1, 1))]


def _said(resolver: dns.resolver.Resolver, name: str) -> list[str] | DnsSilent:
    try:
        return texts(resolver, name)
    except DnsSilent as error:
        return error


def _judged(record: str, name: str, said: list[str] | DnsSilent, judge: Callable[[list[str]], Finding]) -> Finding:
    if isinstance(said, DnsSilent):
        return Finding(record, name, Verdict.SILENT, "dns_silent", detail=str(said))
    return judge(said)


def check(domain: str, keys: Sequence[DkimKey], *, servers: Sequence[str], host: str | None) -> list[Finding]:
    """Asks for all of a domain's records at once; without `servers` it asks those of the system. `host`: by which its
    letters leave."""
    places = _above(domain)
    names = [domain, *(f"_dmarc.{place}" for place in places), *(key.name for key in keys)]
    try:
        resolver = _resolver(servers)
        with ThreadPoolExecutor(len(names)) as pool:
            said = list(pool.map(lambda name: _said(resolver, name), names))
    except DnsSilent as error:
        said = [error for _name in names]
    policies = zip(places, said[1 : 1 + len(places)], strict=True)
    place, policy = next(((place, found) for place, found in policies if found), (domain, said[1]))
    findings = [
        _judged("SPF", domain, said[0], lambda found: judge_spf(domain, found, host)),
        _judged("DMARC", f"_dmarc.{place}", policy, lambda found: judge_dmarc(place, found)),
    ]
    of_keys = zip(keys, said[1 + len(places) :], strict=True)
    return findings + [_judged("DKIM", key.name, found, partial(judge_dkim, key)) for key, found in of_keys]
