"""Names in, boot screens out. Knows nobody: a plain library with a command line, `python -m boot_screen`.

    scene = Scene([Name("1", "小雨"), Name("2", "Ada")], Screen(1080, 2400), title="Thank you")
    layout = lay_out(scene)
    for master in render(layout):
        write(master, "png", Path(f"{master.page}.png"))

All lengths are in pixels of the screen, from its top left corner; type sizes in pixels per em.
"""

from boot_screen.draw import Master, Proof, render
from boot_screen.layout import Layout, lay_out
from boot_screen.manifest import manifest
from boot_screen.outputs import FORMATS, Options, write, write_set
from boot_screen.sanitise import Change
from boot_screen.scene import DEFAULT_MIN_PX, FLOOR_PX, LANTERN, Name, Order, Palette, Scene, SceneError, Screen
from boot_screen.silhouette import Silhouette

__all__ = [
    "DEFAULT_MIN_PX",
    "FLOOR_PX",
    "FORMATS",
    "LANTERN",
    "Change",
    "Layout",
    "Master",
    "Name",
    "Options",
    "Order",
    "Palette",
    "Proof",
    "Scene",
    "SceneError",
    "Screen",
    "Silhouette",
    "lay_out",
    "manifest",
    "render",
    "write",
    "write_set",
]
