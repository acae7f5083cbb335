"""A Plymouth theme as the tree of a Debian package.

    SOURCE_DATE_EPOCH=0 dpkg-deb --root-owner-group --build FOLDER theme.deb

makes the package; without one, usr/share/plymouth/themes/NAME is copied to the same place of the device, and
`plymouth-set-default-theme --rebuild-initrd NAME` says that it is to be shown. NAME is the theme's name.
"""

from collections.abc import Iterable
from pathlib import Path
from string import Template

from boot_screen.draw import Master
from boot_screen.layout import Layout
from boot_screen.outputs.encoded import png_of
from boot_screen.outputs.themes import theme_name
from boot_screen.outputs.whole import OutputError, whole_folder
from boot_screen.scene import Colour

FRAMES = 50  # that Plymouth asks for in a second
MOST_SECONDS = 3600

_THEME = Template("""\
[Plymouth Theme]
Name=$name
Description=The names of those who helped
ModuleName=script

[script]
ImageDir=/usr/share/plymouth/themes/$name
ScriptFile=/usr/share/plymouth/themes/$name/$name.script
""")

# Only the page that is shown is held in memory. A question is asked on the bare ground, where it can be read.
_SCRIPT = Template("""\
pages = $pages;
frames = $frames;  # for which a page stands

Window.SetBackgroundTopColor($ground);
Window.SetBackgroundBottomColor($ground);
page = Sprite();
words = Sprite();
shown = 0;
frame = 0;

fun centre(sprite, image) {
    sprite.SetImage(image);
    sprite.SetX(Window.GetX() + Math.Int((Window.GetWidth() - image.GetWidth()) / 2));
    sprite.SetY(Window.GetY() + Math.Int((Window.GetHeight() - image.GetHeight()) / 2));
}

fun show(number) {
    image = Image("page-" + number + ".png");
    if (image) {
        scale = Math.Min(Window.GetWidth() / image.GetWidth(), Window.GetHeight() / image.GetHeight());
        if (scale != 1)
            image = image.Scale(Math.Int(image.GetWidth() * scale), Math.Int(image.GetHeight() * scale));
        centre(page, image);
        global.shown = number;
    }
}

fun refresh() {
    if (frame >= frames && pages > 1) {
        global.frame = 0;
        if (shown < pages) show(shown + 1); else show(1);
    }
    global.frame = frame + 1;
}

fun say(text) {
    page.SetOpacity(0);
    words.SetOpacity(1);
    centre(words, Image.Text(text, $ink));
}

fun ask_hidden(prompt, typed) {
    stars = "";
    for (count = 0; count < typed; count++) stars += "*";
    say(prompt + "\\n" + stars);
}

fun ask(prompt, typed) {
    say(prompt + "\\n" + typed);
}

fun go_on() {
    words.SetOpacity(0);
    page.SetOpacity(1);
}

Plymouth.SetRefreshFunction(refresh);
Plymouth.SetDisplayPasswordFunction(ask_hidden);
Plymouth.SetDisplayQuestionFunction(ask);
Plymouth.SetDisplayNormalFunction(go_on);
show(1);
""")

_CONTROL = Template("""\
Package: plymouth-theme-$package
Version: 1
Architecture: all
Maintainer: Release team <root@localhost>
Depends: plymouth
Recommends: plymouth-label
Section: misc
Priority: optional
Description: boot screen with the names of those who helped
 A theme for Plymouth that shows everybody's name while the system starts.
""")

# Whoever chose another theme later keeps it when this one is upgraded.
_POSTINST = Template("""\
#!/bin/sh
set -e
if [ "$$1" = configure ]; then
    if [ -z "$$2" ]; then plymouth-set-default-theme $name; fi
    if command -v update-initramfs >/dev/null; then update-initramfs -u; fi
fi
""")

_PRERM = Template("""\
#!/bin/sh
set -e
if [ "$$1" = remove ] && [ "$$(plymouth-set-default-theme)" = $name ]; then
    plymouth-set-default-theme --reset
    if command -v update-initramfs >/dev/null; then update-initramfs -u; fi
fi
""")


def save_plymouth(layout: Layout, masters: Iterable[Master], path: Path, name: str, seconds: float) -> None:
    """The pages one after the other, again and again, each for `seconds`, whole and centred on the ground's colour.

    Raises OutputError for a name or a time that cannot be used.
    """
    if not 1 / FRAMES <= seconds <= MOST_SECONDS:
        raise OutputError(f"A page must stand for {1 / FRAMES} to {MOST_SECONDS} seconds, not {seconds}.")
    words = {
        "name": theme_name(name),
        "package": name.lower(),
        "pages": str(len(layout.pages)),
        "frames": str(round(seconds * FRAMES)),
        "ground": _shares(layout.scene.palette.ground),
        "ink": _shares(layout.scene.palette.title),
    }
    with whole_folder(path, {"DEBIAN", "usr"}) as folder:
        control, theme = folder / "DEBIAN", folder / "usr/share/plymouth/themes" / name
        control.mkdir()
        theme.mkdir(parents=True)
        (control / "control").write_text(_CONTROL.substitute(words))
        for script, template in (("postinst", _POSTINST), ("prerm", _PRERM)):
            (control / script).write_text(template.substitute(words))
            (control / script).chmod(0o755)
        (theme / f"{name}.plymouth").write_text(_THEME.substitute(words))
        (theme / f"{name}.script").write_text(_SCRIPT.substitute(words))
        for master in masters:
            with (theme / f"page-{master.page}.png").open("wb") as file:
                file.write(png_of(master))


def _shares(colour: Colour) -> str:
    """Each part as a share of 1, a little above its step, so that no rounding takes it to the step below."""
    return ", ".join(f"{min(1.0, (part + 0.25) / 255):.5f}" for part in colour)
