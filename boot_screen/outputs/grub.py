"""A theme for GRUB: a picture behind the menu."""

from collections.abc import Iterable
from pathlib import Path
from string import Template

from PIL import Image

from boot_screen.draw import Master
from boot_screen.layout import Layout
from boot_screen.outputs.encoded import png_of
from boot_screen.outputs.themes import css, theme_name
from boot_screen.outputs.whole import whole_folder

# What stands first is drawn last, over the others.
_THEME = Template("""\
title-text: ""
desktop-image: "background.png"
desktop-image-scale-method: "padding"
desktop-color: "$ground"
message-color: "$ink"

+ boot_menu {
    left = 20%
    top = $top
    width = 60%
    height = $height
    item_color = "$ink"
    selected_item_color = "$chosen"
}

+ image {
    left = 0
    top = $top
    width = 100%
    height = $height
    file = "band.png"
}
""")

_README = Template("""\
# The boot screen as a theme for GRUB

GRUB shows one page: this is the first of $pages.

1. Copy this folder to /boot/grub/themes/$name
2. In /etc/default/grub: GRUB_THEME=/boot/grub/themes/$name/theme.txt and GRUB_GFXMODE=${size}x32
3. update-grub

The menu stands on a band over the lowest rows. For the picture alone, with no menu, write into a grub.cfg instead:

    set gfxmode=${size}x32
    insmod all_video
    insmod gfxterm
    insmod gfxterm_background
    insmod png
    terminal_output gfxterm
    background_image -m stretch /boot/grub/themes/$name/background.png
    clear
""")


def band_top(layout: Layout) -> int:
    """Where the band begins that the menu stands on, in px from the top; it covers whole rows, down to the bottom."""
    wanted = layout.scene.screen.height * 7 // 10
    rows = sorted({placed.words.box.y for placed in layout.pages[0].names})
    return next((row for row in rows if row >= wanted), wanted)


def save_grub(layout: Layout, masters: Iterable[Master], path: Path, name: str) -> None:
    """The first page only, for GRUB shows one; the others are not asked for. Raises OutputError for a wrong name."""
    screen, palette = layout.scene.screen, layout.scene.palette
    top = band_top(layout)
    words = {
        "name": theme_name(name),
        "pages": len(layout.pages),
        "size": f"{screen.width}x{screen.height}",
        "ground": css(palette.ground),
        "ink": css(palette.names),
        "chosen": css(palette.title),
        "top": top,
        "height": screen.height - top,
    }
    entries = {"README.md": _README, "theme.txt": _THEME}
    with whole_folder(path, {*entries, "background.png", "band.png"}) as folder:
        for entry, template in entries.items():
            (folder / entry).write_text(template.substitute(words))
        with (folder / "background.png").open("wb") as file:
            file.write(png_of(next(iter(masters))))
        with (folder / "band.png").open("wb") as file:
            Image.new("RGB", (8, 8), palette.ground).save(file, "PNG")
