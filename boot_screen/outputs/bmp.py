"""BMP as firmware reads it: SeaBIOS, coreboot, U-Boot, the logo of UEFI."""

from typing import BinaryIO

from PIL import Image


def save_bmp(image: Image.Image, file: BinaryIO) -> None:
    """24 bits per pixel, uncompressed, from the bottom up. Firmware shows it only in the size of a video mode."""
    image.convert("RGB").save(file, "BMP")
