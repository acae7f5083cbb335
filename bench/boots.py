"""Real boots of what we draw: `python -m bench.boots [--only linux] [--keep FOLDER]`.

Firmware, boot loaders and Linux with Plymouth start in QEMU with the files that `boot_screen` wrote. What then stands
on the screen is compared with what was drawn, pixel by pixel, and read by OCR. What came of it is written to
bench/results/boots.json and boots.md after each boot. A part that is missing is named, and the proof fails. On Debian:

    apt-get install qemu-system-x86 ovmf grub-common grub-pc-bin grub-efi-amd64-bin xorriso mtools \
        plymouth plymouth-themes initramfs-tools tesseract-ocr tesseract-ocr-chi-sim

The kernel is Debian's, downloaded into .tools/boots and unpacked, never installed. The initramfs is made by the
system's own tools in a mount namespace, so that nothing of the system changes.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench._boot_chains import BOOTS, Boot, Row
from bench._emulator import BootFailed
from bench.prove import RESULTS, commit
from bench.prove import machine as this_machine
from crm.core import clock


def missing(boot: Boot) -> list[str]:
    """Programs by name or by path, and folders."""
    return [part for part in boot.needs if not (Path(part).exists() if "/" in part else shutil.which(part))]


def prove(boot: Boot, kept: Path) -> Row:
    """A row of the results; `sound` says whether everything was as it should be."""
    began = time.monotonic()
    if lacking := missing(boot):
        return {"boot": boot.name, "sound": False, "result": f"NOT RUN, for want of {', '.join(lacking)}"}
    with tempfile.TemporaryDirectory(prefix="boots-") as folder:
        try:
            row: Row = {"boot": boot.name, "sound": True, **boot.run(Path(folder), kept)}
        except BootFailed as error:
            if error.screen:
                error.screen.save(kept / "failed.png")
            row = {"boot": boot.name, "sound": False, "result": f"FAILED: {error}"}
    return {**row, "seconds": round(time.monotonic() - began, 1)}


def write(report: dict[str, Any]) -> None:
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "boots.json").write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", "utf-8")
    lines = [
        "# Real boots, last run",
        "",
        f"{report['at']}, commit {report['commit']}, {report['machine']}. Made by `python -m bench.boots`.",
        "",
        "| Boot | Result | Each page after | All in all |",
        "|---|---|---|---|",
    ]
    for row in report["boots"]:
        result = row["result"] + (f", Linux {row['kernel']}" if "kernel" in row else "")
        result += f", at {row['px']} px" if "px" in row else ""
        after = ", ".join(f"{seconds} s" for seconds in row.get("after", []))
        lines.append(f"| {row['boot']} | {result} | {after} | {row.get('seconds', 0)} s |")
    (RESULTS / "boots.md").write_text("\n".join(lines) + "\n", "utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--only", default="", metavar="WORD", help="boots with this word in their name; writes no results"
    )
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where the booted screens are left as PNG")
    asked = parser.parse_args()
    report: dict[str, Any] = {
        "at": clock.now().isoformat(timespec="seconds"),
        "commit": commit(),
        "machine": this_machine(),
        "boots": [],
    }
    with tempfile.TemporaryDirectory(prefix="boots-") as passing:
        kept = asked.keep or Path(passing)
        kept.mkdir(parents=True, exist_ok=True)
        for boot in BOOTS:
            if asked.only.lower() not in boot.name.lower():
                continue
            row = prove(boot, kept)
            report["boots"].append(row)
            print(row, flush=True)
            if not asked.only:
                write(report)
    return 0 if report["boots"] and all(row["sound"] for row in report["boots"]) else 1


if __name__ == "__main__":
    sys.exit(main())
