"""Fetch the few files of others that we commit: for pages, for browser tests, and the table of look-alike letters.

Run `python crm/static/vendor/fetch.py` after changing a version in package.json. It needs npm;
nothing else in Seedbed does, because what it writes is committed.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
BROWSER_TESTS = ROOT / "tests" / "browser" / "vendor"
LOOK_ALIKES = ROOT / "campaigns" / "credits" / "rules" / "confusables"


@dataclass(frozen=True)
class Package:
    """One package of the lock file and what we take of it: source path -> our file name."""

    name: str
    takes: dict[str, str]
    into: Path = HERE


PACKAGES = (
    Package("@picocss/pico", {"LICENSE.md": "pico.LICENSE.md"}),
    Package("htmx.org", {"dist/htmx.min.js": "htmx.min.js", "LICENSE": "htmx.LICENSE"}),
    Package("tus-js-client", {"dist/tus.min.js": "tus.min.js", "LICENSE": "tus.LICENSE"}),
    Package("axe-core", {"axe.min.js": "axe.min.js", "LICENSE": "axe.LICENSE"}, BROWSER_TESTS),
    Package("unhomoglyph", {"data.json": "confusables.json", "LICENSE": "unhomoglyph.LICENSE"}, LOOK_ALIKES),
)


def install(workshop: Path) -> dict[str, dict[str, str]]:
    """Install the locked packages in `workshop`; returns the lock's entries by path."""
    for name in ("package.json", "package-lock.json"):
        shutil.copy(ROOT / name, workshop / name)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    subprocess.run(command, cwd=workshop, check=True)
    lock = json.loads((workshop / "package-lock.json").read_text(encoding="utf-8"))
    packages: dict[str, dict[str, str]] = lock["packages"]
    return packages


def build_pico(modules: Path) -> None:
    """Compile the subset of Pico that pico-subset.scss names; beside our pico.css it would find that, not Pico's."""
    target = HERE / "pico.css"
    subset = shutil.copy(HERE / "pico-subset.scss", modules.parent)
    flags = ["--style=compressed", "--no-source-map", "--quiet-deps", "--no-charset"]
    load = f"--load-path={modules / '@picocss/pico/scss'}"
    sass = str(modules / ".bin" / "sass")
    subprocess.run([sass, *flags, load, subset, str(target)], check=True)


def record(package: Package, entry: dict[str, str]) -> dict[str, object]:
    """What VENDORED.json says about one package; `files` are sha256 sums of our copies."""
    names = sorted(package.takes.values())
    if package.name == "@picocss/pico":
        names.append("pico.css")
    return {
        "name": package.name,
        "version": entry["version"],
        "integrity": entry["integrity"],
        "licence": entry["license"],
        "source": f"https://www.npmjs.com/package/{package.name}/v/{entry['version']}",
        "files": {n: hashlib.sha256((package.into / n).read_bytes()).hexdigest() for n in names},
    }


def main() -> int:
    if shutil.which("npm") is None:
        print("npm is missing: install Node.js 20 or newer, then run this again.", file=sys.stderr)
        return 2
    records: dict[Path, list[dict[str, object]]] = {}
    with tempfile.TemporaryDirectory() as name:
        workshop = Path(name)
        lock = install(workshop)
        modules = workshop / "node_modules"
        build_pico(modules)
        for package in PACKAGES:
            package.into.mkdir(parents=True, exist_ok=True)
            for source, target in package.takes.items():
                shutil.copyfile(modules / package.name / source, package.into / target)
            entry = lock[f"node_modules/{package.name}"]
            records.setdefault(package.into, []).append(record(package, entry))
    for folder, entries in records.items():
        text = json.dumps(entries, indent=2, ensure_ascii=False) + "\n"
        (folder / "VENDORED.json").write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
