"""What is booted, and how: each function boots the files that `boot_screen` wrote and says what came of it."""

import re
import subprocess
from collections.abc import Callable
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image, ImageOps

from bench._emulator import PROGRAM, BootFailed, Seen, machine
from bench.boot_screen import sample_names
from bench.prove import ROOT
from boot_screen import LANTERN, Layout, Options, Scene, Screen, lay_out, render, write, write_set
from boot_screen.outputs.grub import band_top

PC = Screen(1280, 800)
PHONE = Screen(1080, 2400)
DOWNLOADS = ROOT / ".tools" / "boots"
OVMF = Path("/usr/share/ovmf/OVMF.fd")
LEAST_READ = 0.9  # of the characters on a booted screen, by OCR
BOOTED = "linux-1.png"  # among the kept screens
OPTIONS = Options(theme="seedbed", seconds=4.0)

GRUB_MODULES = "gfxterm gfxterm_background gfxmenu png all_video sleep"
GRUB_PICTURE = """\
set gfxmode=1280x800x32
terminal_output gfxterm
background_image -m stretch /boot/grub/themes/seedbed/background.png
clear
sleep 3600
"""
GRUB_THEME = """\
set gfxmode=1280x800x32
set timeout=-1
loadfont unicode
terminal_output gfxterm
set theme=/boot/grub/themes/seedbed/theme.txt
menuentry "Start" { true }
menuentry "Start in another way" { true }
"""

INITRAMFS_SETTINGS = "MODULES=list\nBUSYBOX=auto\nCOMPRESS=gzip\nKEYMAP=n\nDEVICE=\nNFSROOT=auto\nRUNSIZE=10%\n"
# Run in a mount namespace: what is mounted and written here is gone when it ends.
MAKE_INITRAMFS = """\
set -e
work=$1 kernel=$2 theme=$3
PATH=$PATH:/usr/sbin:/sbin
mkdir "$work/over"
mount -t tmpfs boots "$work/over"
mkdir "$work/over/usr" "$work/over/usr.work"
mount -t overlay boots -o lowerdir=/usr,upperdir="$work/over/usr",workdir="$work/over/usr.work" /usr
mount -t tmpfs boots /etc/plymouth
mount --bind "$work/linux/boot" /boot
mkdir -p "/usr/lib/modules/$kernel"
mount --bind "$work/linux/lib/modules/$kernel" "/usr/lib/modules/$kernel"
cp -r "$work/theme/usr/share/plymouth/themes/$theme" /usr/share/plymouth/themes/
plymouth-set-default-theme "$theme"
mkinitramfs -d "$work/settings" -o "$work/initrd" "$kernel"
"""
KERNEL_LINE = "quiet splash root=/dev/nosuch console=tty0 vt.global_cursor_default=0 loglevel=3"

Row = dict[str, Any]
Run = Callable[[Path, Path], Row]


class Boot(NamedTuple):
    """`run` works in its first folder, which is empty, and keeps screens in the second; it raises BootFailed."""

    name: str
    needs: tuple[str, ...]
    run: Run


def seabios(screen: Screen) -> Run:
    def run(folder: Path, kept: Path) -> Row:
        layout, pages = _drawn(250, screen)
        wall = folder / "wall.bmp"
        write(next(render(layout)), "bmp", wall)
        splash = f"menu=on,splash={wall},splash-time=60000"
        with machine("-vga", "std", "-m", "128", "-net", "none", "-boot", splash) as pc:
            return _row(pc.await_pages(pages[:1], 60), kept, f"seabios-{screen.width}")

    return run


def grub(config: str, *hardware: str, seconds: float) -> Run:
    """With a theme, the picture is compared above the band of the menu, and the band holds the menu's inks only."""

    def run(folder: Path, kept: Path) -> Row:
        layout, pages = _drawn(400, PC)
        themes, disc = folder / "iso/boot/grub/themes", folder / "wall.iso"
        themes.mkdir(parents=True)
        write_set(layout, render(layout), "grub", themes / OPTIONS.theme, OPTIONS)
        (folder / "iso/boot/grub/grub.cfg").write_text(config)
        _call("grub-mkrescue", "-o", disc, folder / "iso", f"--modules={GRUB_MODULES}")
        hidden = (0, band_top(layout), PC.width, PC.height) if config == GRUB_THEME else None
        with machine(*hardware, "-vga", "std", "-m", "256", "-net", "none", "-cdrom", str(disc)) as pc:
            name = "grub-" + ("uefi" if hardware else "bios") + ("-theme" if hidden else "")
            if hidden:
                pc.await_colours({LANTERN.ground, LANTERN.names, LANTERN.title}, hidden, seconds)
            return _row(pc.await_pages(pages[:1], seconds, hidden), kept, name)

    return run


def linux(folder: Path, kept: Path) -> Row:
    """Plymouth in the initramfs of Debian's kernel, on a screen of a phone's shape: each page in its turn."""
    layout, pages = _drawn(1500, PHONE)
    write_set(layout, render(layout), "plymouth", folder / "package", OPTIONS)
    _call("dpkg-deb", "--root-owner-group", "--build", folder / "package", folder / "theme.deb")
    _call("dpkg-deb", "-x", folder / "theme.deb", folder / "theme")
    version = _unpack_kernel(folder / "linux")
    _make_initramfs(folder, version)
    hardware = ["-m", "1024", "-smp", "2", "-vga", "none", "-net", "none"]
    hardware += ["-device", f"VGA,edid=on,xres={PHONE.width},yres={PHONE.height},vgamem_mb=64"]
    hardware += ["-kernel", str(folder / f"linux/boot/vmlinuz-{version}"), "-initrd", str(folder / "initrd")]
    with machine(*hardware, "-append", KERNEL_LINE) as pc:
        return {**_row(pc.await_pages(pages, 240), kept, "linux"), "kernel": version}


def ocr(folder: Path, kept: Path) -> Row:
    """The screen that Linux showed, read by a machine: which names, and how many of their characters, it reads.

    Asked for are names of three and more characters, all hanzi or ASCII: the model knows no other script, and shorter
    ones could be found by chance. It likes common words better than what stands there, and names are no words.
    """
    if not (kept / BOOTED).exists():
        raise BootFailed("there is no booted screen to read.")
    layout, _ = _drawn(1500, PHONE)
    with Image.open(kept / BOOTED) as booted:
        large = ImageOps.invert(booted.convert("L")).resize((booted.width * 3, booted.height * 3))
    large.save(folder / "screen.png")
    text = re.sub(r"\s", "", _call("tesseract", folder / "screen.png", "-", "-l", "chi_sim", "--psm", "6"))
    shown = (placed.name.line.text.replace(" ", "") for placed in layout.pages[0].names)
    asked = [name for name in shown if re.fullmatch(r"[!-~\u4e00-\u9fff]{3,}", name)]
    read = sum(name in text for name in asked)
    alike = SequenceMatcher(None, "".join(asked), text, autojunk=False).get_matching_blocks()
    characters = sum(block.size for block in alike) / len("".join(asked))
    result = (
        f"{read} of {len(asked)} names read verbatim, {read / len(asked):.0%}; {characters:.0%} of their characters"
    )
    if characters < LEAST_READ:
        raise BootFailed(f"only {result}")
    return {"result": result, "px": layout.px}


_DISC = (PROGRAM, "grub-mkrescue", "xorriso", "mformat")
_LINUX = (PROGRAM, "dpkg-deb", "apt-get", "unshare", "/usr/sbin/depmod", "/usr/sbin/mkinitramfs", "/usr/sbin/plymouthd",
          "/usr/share/initramfs-tools/hooks/plymouth")  # fmt: skip
_BIOS, _UEFI = (*_DISC, "/usr/lib/grub/i386-pc"), (*_DISC, "/usr/lib/grub/x86_64-efi", str(OVMF))
BOOTS = (
    Boot("SeaBIOS, 1280x800", (PROGRAM,), seabios(PC)),
    Boot("SeaBIOS, 1024x768", (PROGRAM,), seabios(Screen(1024, 768))),
    Boot("GRUB on BIOS, the picture alone", _BIOS, grub(GRUB_PICTURE, seconds=120)),
    Boot("GRUB on BIOS, as a theme, above its menu", _BIOS, grub(GRUB_THEME, seconds=120)),
    Boot("GRUB on UEFI, the picture alone", _UEFI, grub(GRUB_PICTURE, "-bios", str(OVMF), seconds=600)),
    Boot("Linux with Plymouth, 1080x2400, each page", _LINUX, linux),
    Boot("The booted screen read by OCR", ("tesseract",), ocr),
)


def _drawn(count: int, screen: Screen) -> tuple[Layout, list[Image.Image]]:
    """A layout, and its pages as they should stand on the screen."""
    scene = Scene(sample_names(count), screen, title="感谢勇敢的你们", subtitle="Thank you", system_fonts=False)
    layout = lay_out(scene)
    return layout, [master.image.convert("RGB") for master in render(layout)]


def _row(seen: list[Seen], kept: Path, name: str) -> Row:
    for number, each in enumerate(seen, 1):
        each.screen.save(kept / f"{name}-{number}.png")
    return {"result": "pixel-identical", "after": [each.after for each in seen]}


def _unpack_kernel(folder: Path) -> str:
    """The version of Debian's kernel, which is downloaded once and never installed."""
    DOWNLOADS.mkdir(parents=True, exist_ok=True)
    if not list(DOWNLOADS.glob("linux-image-*.deb")):
        newest = re.findall(r"Depends: (linux-image-\S+)", _call("apt-cache", "depends", "linux-image-amd64"))
        _call("apt-get", "download", newest[0], folder=DOWNLOADS)
    package = max(DOWNLOADS.glob("linux-image-*.deb"))
    _call("dpkg-deb", "-x", package, folder)
    version = next((folder / "lib/modules").iterdir()).name
    _call("/usr/sbin/depmod", "-b", folder, version)
    return version


def _make_initramfs(folder: Path, version: str) -> None:
    """As `initrd` in the folder, by the system's own tools, as they would make it with the theme installed."""
    settings, script = folder / "settings", folder / "make-initramfs"
    for name in ("conf.d", "hooks", "scripts"):
        (settings / name).mkdir(parents=True)
    (settings / "initramfs.conf").write_text(INITRAMFS_SETTINGS)
    (settings / "modules").write_text("bochs\n")
    script.write_text(MAKE_INITRAMFS)
    _call("unshare", "--map-root-user", "--mount", "sh", script, folder, version, OPTIONS.theme)


def _call(*command: str | Path, folder: Path | None = None) -> str:
    """What the command said. Raises BootFailed with the last line of its complaint."""
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        complaint = (ran.stderr.strip() or ran.stdout.strip() or "nothing was said").splitlines()[-1]
        raise BootFailed(f"{command[0]} ended with {ran.returncode}: {complaint}")
    return ran.stdout
