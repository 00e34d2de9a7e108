"""The process that opens a stranger's picture: one in on stdin, two JPEGs out, in bounds of memory and time.

Only pixels go on: what a camera or anybody else wrote into the file (place, names, a file behind it) stays here.
Out: one line of JSON (`bytes`, `small_bytes`, `width`, `height`, or `code` and `text` of a refusal), then both JPEGs.
"""

from __future__ import annotations

import io
import json
import resource
import sys

from PIL import Image, ImageOps, UnidentifiedImageError

FORMATS = ("JPEG", "PNG", "WEBP")
PIXELS_LIMIT = 64_000_000
"""More than any phone's camera makes; looked at before a single pixel is opened."""
SIDE = 1600
SMALL_SIDE = 320
QUALITY = 82
MEMORY_BYTES = 1 << 30
CPU_S = 15
SAFE_MODES = ("RGB", "RGBA", "L", "CMYK")


class Unfit(Exception):
    """A picture that is not taken: (code, text)."""


def remade(raw: bytes) -> tuple[bytes, bytes, tuple[int, int]]:
    """A picture anew, no side over SIDE, upright, nothing but pixels; its small copy; its size. Raises Unfit."""
    try:
        image = Image.open(io.BytesIO(raw), formats=FORMATS)
    except UnidentifiedImageError as error:
        raise Unfit("not_a_photo", f"this is no {', '.join(FORMATS[:-1])} or {FORMATS[-1]} picture") from error
    width, height = image.size
    if width * height > PIXELS_LIMIT:
        text = f"{width} by {height} points: a photo has at most {PIXELS_LIMIT // 1_000_000} million"
        raise Unfit("too_many_pixels", text)
    upright = _upright(image)
    full = _on_white(upright)
    small = full.copy()
    small.thumbnail((SMALL_SIDE, SMALL_SIDE))
    return _jpeg(full), _jpeg(small), full.size


def _upright(image: Image.Image) -> Image.Image:
    """At most SIDE a side, turned as the camera was held."""
    turn = _orientation(image)
    image.draft("RGB", (SIDE, SIDE))
    image.load()
    plain = image if image.mode in SAFE_MODES else image.convert("RGBA" if image.has_transparency_data else "RGB")
    plain.thumbnail((SIDE, SIDE))
    plain.getexif()[0x0112] = turn
    return ImageOps.exif_transpose(plain)


def _orientation(image: Image.Image) -> int:
    """How the camera was held, 1 (upright) where that cannot be read: a damaged note is no damaged picture."""
    try:
        turn = image.getexif().get(0x0112, 1)
    except Exception:
        return 1
    return turn if isinstance(turn, int) and 1 <= turn <= 8 else 1


def _on_white(image: Image.Image) -> Image.Image:
    """A fresh picture with these pixels: what else the old one carried is not copied."""
    fresh = Image.new("RGB", image.size, "white")
    if image.mode == "RGBA":
        fresh.paste(image, mask=image.getchannel("A"))
    else:
        fresh.paste(image.convert("RGB"))
    return fresh


def _jpeg(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=QUALITY, optimize=True)
    return out.getvalue()


def main() -> None:
    """One picture, then the end."""
    Image.init()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    Image.MAX_IMAGE_PIXELS = None  # PIXELS_LIMIT is asked first
    try:
        full, small, (width, height) = remade(sys.stdin.buffer.read())
    except Unfit as error:
        code, text = error.args
        head, full, small = {"code": code, "text": text}, b"", b""
    except Exception as error:  # a decoder may raise anything at a damaged or hostile picture
        text = f"the picture is damaged ({type(error).__name__}): take it again"
        head, full, small = {"code": "broken_photo", "text": text}, b"", b""
    else:
        head = {"bytes": len(full), "small_bytes": len(small), "width": width, "height": height}
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\n" + full + small)


if __name__ == "__main__":
    main()
