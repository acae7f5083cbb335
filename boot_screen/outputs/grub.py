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
from boot_screen.scene import Palette, Screen

_THEME = Template("""\
title-text: ""
desktop-image: "background.png"
desktop-image-scale-method: "padding"
desktop-color: "$ground"
message-color: "$ink"

+ boot_menu {
    left = $left
    top = $top
    width = $width
    height = $height
    item_color = "$ink"
    selected_item_color = "$chosen"
    menu_pixmap_style = "panel_*.png"
}
""")

_README = Template("""\
# The boot screen as a theme for GRUB

GRUB shows one page: this is the first of $pages.

1. Copy this folder to /boot/grub/themes/$name
2. In /etc/default/grub: GRUB_THEME=/boot/grub/themes/$name/theme.txt and GRUB_GFXMODE=${size}x32
3. update-grub

The menu stands on a panel over the lower third. For the picture alone, with no menu, write into a grub.cfg instead:

    set gfxmode=${size}x32
    insmod all_video
    insmod gfxterm
    insmod gfxterm_background
    insmod png
    terminal_output gfxterm
    background_image -m stretch /boot/grub/themes/$name/background.png
    clear
""")


def menu_box(screen: Screen) -> tuple[int, int, int, int]:
    """Where the menu covers the picture, in px: left, top, width, height."""
    return screen.width // 5, screen.height * 13 // 20, screen.width * 3 // 5, screen.height // 4


def save_grub(layout: Layout, masters: Iterable[Master], path: Path, name: str) -> None:
    """The first page only, for GRUB shows one; the others are not asked for. Raises OutputError for a wrong name."""
    screen, palette = layout.scene.screen, layout.scene.palette
    words = _words(theme_name(name), screen, palette, len(layout.pages))
    entries = {"README.md": _README, "theme.txt": _THEME}
    with whole_folder(path, {*entries, "background.png", "panel_c.png"}) as folder:
        for entry, template in entries.items():
            (folder / entry).write_text(template.substitute(words))
        with (folder / "background.png").open("wb") as file:
            file.write(png_of(next(iter(masters))))
        with (folder / "panel_c.png").open("wb") as file:
            Image.new("RGB", (8, 8), palette.ground).save(file, "PNG")


def _words(name: str, screen: Screen, palette: Palette, pages: int) -> dict[str, str | int]:
    left, top, width, height = menu_box(screen)
    return {
        "name": name,
        "pages": pages,
        "size": f"{screen.width}x{screen.height}",
        "ground": css(palette.ground),
        "ink": css(palette.names),
        "chosen": css(palette.title),
        "left": left,
        "top": top,
        "width": width,
        "height": height,
    }
