"""What operators are told is so: every setting is in the table, the units are well-formed, links lead somewhere."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.source import ROOT

DOCS = ROOT / "docs"
UNITS = sorted((DOCS / "units").glob("seedbed-*.*"))


def read_settings() -> set[str]:
    """Names of the environment which crm/settings.py asks for: the capitals inside its function `read`."""
    tree = ast.parse((ROOT / "crm/settings.py").read_text("utf-8"))
    read = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "read")
    words = {node.value for node in ast.walk(read) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return {word for word in words if re.fullmatch(r"[A-Z][A-Z_]{3,}", word)}


def test_the_table_names_every_setting_and_no_other() -> None:
    text = (DOCS / "operating.md").read_text("utf-8").partition("## Every setting")[2]
    assert set(re.findall(r"^\| `([A-Z_]+)` \|", text, flags=re.MULTILINE)) == read_settings()


def test_only_the_settings_read_the_environment() -> None:
    readers = [
        path.relative_to(ROOT).as_posix()
        for path in [*(ROOT / "crm").rglob("*.py"), *(ROOT / "campaigns").rglob("*.py")]
        if re.search(r"\bos\.(environ|getenv)\b", path.read_text("utf-8"))
    ]
    assert set(readers) <= {
        "crm/settings.py",
        "crm/serve.py",  # gives the demo a folder of its own before the settings are read
        "crm/demo/__init__.py",  # likewise
    }


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda page: page.relative_to(DOCS).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_decision_is_in_the_index() -> None:
    index = (DOCS / "README.md").read_text("utf-8")
    assert [path.name for path in (DOCS / "decisions").glob("*.md") if f"decisions/{path.name}" not in index] == []


@pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze here"
)
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_understands_the_units(unit: Path, tmp_path: Path) -> None:
    """With our own folder in place of /opt/seedbed, so that the programs it names are there."""
    for one in UNITS:
        (tmp_path / one.name).write_text(one.read_text("utf-8").replace("/opt/seedbed", str(ROOT)), "utf-8")
    ran = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", tmp_path / unit.name], capture_output=True, text=True, check=False
    )
    ours = [line for line in ran.stderr.splitlines() if "seedbed" in line]
    assert (ran.returncode, ours) == (0, []), ran.stderr
