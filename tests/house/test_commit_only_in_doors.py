"""One commit, at the door: views, API, commands and tasks commit; what they call never does."""

from __future__ import annotations

import pytest

from tests.house.source import ROOT, calls, modules, place

DOORS = {"views", "api", "cli", "tasks"}
# Each with the reason why it is a door of its own.
ALSO = {
    "crm/demo": "replays the story as many requests would, one commit each",
    "crm/core/upkeep.py": "a task; core has no tasks.py",
    "crm/core/jobs.py": "every task's machinery: claim, work and end are a transaction each",
}


def is_door(relative: str) -> bool:
    parts = relative.removesuffix(".py").split("/")
    named = any(relative == name or relative.startswith(f"{name}/") for name in ALSO)
    return named or bool(DOORS & set(parts[2:]))


def commits() -> list[tuple[str, str]]:
    """(file, place) of every call that ends in commit()."""
    return [
        (path.relative_to(ROOT).as_posix(), place(path, line))
        for path in modules()
        for name, line in calls(path)
        if name.rsplit(".", 1)[-1] == "commit"
    ]


def test_only_doors_and_tasks_commit() -> None:
    assert [where for relative, where in commits() if not is_door(relative)] == []


@pytest.mark.parametrize(
    ("relative", "door"),
    [
        ("crm/people/views.py", True),
        ("crm/people/views/imports.py", True),
        ("campaigns/outreach/tasks.py", True),
        ("crm/people/actions.py", False),
        ("crm/core/db.py", False),
        ("crm/api.py", False),
        ("crm/demo/story.py", True),
        ("crm/demography/actions.py", False),
    ],
)
def test_a_door_is_known_by_its_shelf(relative: str, door: bool) -> None:
    assert is_door(relative) is door
