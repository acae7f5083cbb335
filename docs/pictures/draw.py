"""Draws the pictures of docs/boot-screen.md anew: `python3 dev.py pictures`.

A small one of each theme, and three at full size: the names are invented, but as mixed as a forum's.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PIL import Image

from bench.boot_screen import sample_names
from boot_screen import Scene, Screen, lay_out, render, write
from boot_screen.themes import THEMES

FOLDER = Path(__file__).parent
PHONE = Screen(1080, 2400)
SMALL = (270, 600)


def themes() -> None:
    names = sample_names(420)
    for name, theme in THEMES.items():
        scene = Scene(
            names, PHONE, title="感谢勇敢的你们", subtitle="They stayed for a year", footer="Orange Friday",
            palette=theme.palette, silhouette=theme.silhouette,
        )  # fmt: skip
        picture = next(render(lay_out(scene))).image.convert("RGB").resize(SMALL, Image.Resampling.LANCZOS)
        picture.quantize(128).save(FOLDER / f"theme-{name}.png", optimize=True)


def full_size() -> None:
    few, many, most = sample_names(100), sample_names(1_200), sample_names(5_600)
    hundred = Scene(
        few, Screen(2560, 1440), title="感谢勇敢的上帝，来参加我们的内测", subtitle="The 100 dream sponsors",
        palette=THEMES["midnight"].palette,
    )  # fmt: skip
    first = [replace(name, section="前 100 位 · First 100" if number < 100 else "") for number, name in enumerate(many)]
    sections = Scene(
        first, PHONE, title="感谢勇敢的你们", subtitle="1,200 people stayed for a year", footer="Orange Friday",
        palette=THEMES["valentine"].palette, silhouette=THEMES["valentine"].silhouette, min_px=14,
    )  # fmt: skip
    crowd = Scene(
        most, Screen(1440, 3200), title="Thank you, all 5,600", palette=THEMES["constellation"].palette,
        silhouette=THEMES["constellation"].silhouette, min_px=12,
    )  # fmt: skip
    for name, scene in (("hundred", hundred), ("sections", sections), ("crowd", crowd)):
        write(next(render(lay_out(scene))), "png", FOLDER / f"{name}.png")


if __name__ == "__main__":
    themes()
    full_size()
