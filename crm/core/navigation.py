"""The navigation, put together from the rooms' offers: a row of sections, and under it the pages of the open one."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from flask import g, request, url_for

from crm.core.offers import NavItem, offers


@dataclass(frozen=True)
class Link:
    label: str
    url: str
    current: bool


def _seen(*, for_testers: bool) -> list[NavItem]:
    """What this viewer may open, in order."""
    viewer = g.get("viewer")
    if viewer is None or not (viewer.is_tester if for_testers else viewer.is_staff):
        return []
    items = [item for room in offers() for item in room.navigation if item.for_testers == for_testers]
    return sorted((item for item in items if item.may is None or viewer.may(item.may)), key=lambda item: item.order)


def _fits(item: NavItem) -> tuple[int, int]:
    """How well an item names the open page: by the longest part of its address, else by its room."""
    url = url_for(item.endpoint)
    path = request.path
    is_part = path == url or (url != "/" and path.startswith(url.rstrip("/") + "/"))
    return (len(url) if is_part else 0, int(item.endpoint.partition(".")[0] == request.blueprint))


def _current(items: list[NavItem]) -> NavItem | None:
    best = max(items, key=_fits, default=None)
    return best if best is not None and _fits(best) > (0, 0) else None


def _section(item: NavItem) -> str:
    return str(item.section or item.label)


def _links(items: list[NavItem], current: NavItem | None) -> list[Link]:
    return [Link(str(item.label), url_for(item.endpoint), item is current) for item in items]


def navigation() -> dict[str, list[Link]]:
    """For templates: the staff's sections, the open section's pages (none when it has one only), the tester's pages."""
    staff, testers = _seen(for_testers=False), _seen(for_testers=True)
    current = _current(staff)
    open_section = _section(current) if current else ""
    top, inside = [], []
    for section, members in groupby(staff, key=_section):
        pages = list(members)
        top.append(Link(section, url_for(pages[0].endpoint), section == open_section))
        if section == open_section and len(pages) > 1:
            inside = _links(pages, current)
    return {
        "navigation": top,
        "section_navigation": inside,
        "tester_navigation": _links(testers, _current(testers)),
    }
