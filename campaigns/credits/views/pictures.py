"""Boot screens as small as a page shows them; at full size they are a click away."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from flask import request, send_file
from PIL import Image
from werkzeug.wrappers import Response

WIDTHS = (360, 720)
"""In pixels, as components/device.html asks for them: a telephone on the page, and the same on a dense screen."""
QUALITY = 50


def send_picture(source: Path | BytesIO) -> Response:
    """The PNG itself, or the WebP of one of WIDTHS that the address asks for."""
    width = request.args.get("width", type=int)
    if width not in WIDTHS:
        return send_file(source, mimetype="image/png")
    with Image.open(source) as found:
        whole = found.convert("RGB")
    if whole.width > width:
        whole = whole.resize((width, round(whole.height * width / whole.width)), Image.Resampling.LANCZOS)
    small = BytesIO()
    whole.save(small, "WEBP", quality=QUALITY)
    small.seek(0)
    return send_file(small, mimetype="image/webp")
