"""A boot screen for a hundred thousand names, and for a million: `python -m bench.crowds [--animation N] [--many N]`.

The bootanimation is drawn by two processes; its time per page, layout and zip included, is compared with the time that
encoding such a page takes, measured in the same run. The memory of the million is that of all processes of the command
together, each shared page counted once (PSS), at its highest.
"""

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import time
from itertools import islice
from os import environ
from pathlib import Path

from bench.boot_screen import milliseconds, sample_names
from boot_screen import Scene, Screen, lay_out, render, write_set
from boot_screen.png import png_bytes
from tests.boot_screen.crowds import hostile_names

ROOT = Path(__file__).resolve().parent.parent
MOST_OF_PNG = 3.5
MOST_MEGABYTES = 1_000
_LOOK_EVERY = 0.25  # seconds


def animation(count: int, rounds: int = 3) -> tuple[str, bool]:
    """What came of it in one line, and whether the bar is met."""
    scene = Scene(sample_names(count), Screen(1080, 2400), title="感谢勇敢的你们", subtitle="Thank you")
    some = [master.image for master in islice(render(lay_out(scene)), 5)]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "bootanimation.zip"
        taken: list[tuple[float, float, int]] = []
        for _ in range(rounds):
            png = milliseconds(lambda: [png_bytes(page) for page in some]) / len(some)
            began = time.perf_counter()
            layout = lay_out(scene)
            write_set(layout, render(layout, jobs=2), "bootanimation", out)
            pages = len(layout.pages)
            taken.append(((time.perf_counter() - began) * 1000 / pages, png, pages))
    each, png, pages = sorted(taken, key=lambda one: one[0] / one[1])[rounds // 2]
    met = each / png <= MOST_OF_PNG
    said = (
        f"bootanimation of {count:,} names on {pages} pages, two processes: {each:.1f} ms a page, "
        f"its PNG {png:.1f} ms: {each / png:.2f} (bar <= {MOST_OF_PNG}: {'met' if met else 'MISSED'})"
    )
    return said, met


def million(count: int) -> tuple[str, bool]:
    """The command draws so many names, a tenth of them hostile, and its record is read back."""
    names = sample_names(count - count // 10) + hostile_names(count // 10)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (folder / "names.csv").open("w", encoding="utf-8", errors="replace", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(("id", "name"))
            rows.writerows((each.id, each.text.replace("\0", "")) for each in names)
        del names
        command = [sys.executable, "-m", "boot_screen", "names.csv", "out.zip", "--size", "1440x3200"]
        command += ["--format", "bootanimation", "--jobs", "2", "--manifest", "out.json"]
        began = time.monotonic()
        with (folder / "said").open("w") as said:
            running = subprocess.Popen(
                command, cwd=folder, stdout=said, stderr=said, env=environ | {"PYTHONPATH": str(ROOT)}
            )
            most = 0.0
            while running.poll() is None:
                most = max(most, _megabytes(running.pid))
                time.sleep(_LOOK_EVERY)
        seconds = time.monotonic() - began
        if running.returncode:
            return f"{count:,} names: {(folder / 'said').read_text().splitlines()[-1]}", False
        record = json.loads((folder / "out.json").read_text(encoding="utf-8"))
    drawn, pages = len(record["names"]), len(record["pages"])
    sound = drawn == count and most < MOST_MEGABYTES
    said_of_it = (
        f"{count:,} names, a tenth of them hostile: {drawn:,} drawn on {pages} pages in {seconds:.0f} s, "
        f"{len(record['changes']):,} changed and told, at most {most:.0f} MB "
        f"(bar < {MOST_MEGABYTES:,} MB: {'met' if most < MOST_MEGABYTES else 'MISSED'})"
    )
    return said_of_it, sound


def _megabytes(pid: int) -> float:
    """Of a process and its children, now."""
    try:
        family = [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]
        kept = [Path(f"/proc/{one}/smaps_rollup").read_text() for one in family]
    except (FileNotFoundError, ProcessLookupError):  # one of them has just ended
        return 0.0
    return sum(int(line.split()[1]) for text in kept for line in text.splitlines() if line.startswith("Pss:")) / 1000


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--animation", type=int, default=100_000, help="names; 0 leaves it out")
    parser.add_argument("--many", type=int, default=1_000_000, help="names; 0 leaves it out")
    asked = parser.parse_args()
    sound = True
    for prove, count in ((animation, asked.animation), (million, asked.many)):
        if count:
            said, met = prove(count)
            print(said, flush=True)
            sound = sound and met
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
