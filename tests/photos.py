"""Pictures for tests: what a phone's camera makes, and what somebody hostile would send."""

from __future__ import annotations

import io
import struct
import zlib

from PIL import Image

GPS_IFD = 0x8825
ORIENTATION = 0x0112
MAKER = "SecretCam 9"
COMMENT = b"taken by a person with a name"


def camera_photo(size: tuple[int, int] = (640, 480), turn: int = 6, colour: str = "red") -> bytes:
    """A JPEG with the place, the camera and a comment in it, its left half `colour`, held as `turn` says."""
    image = Image.new("RGB", size, "white")
    image.paste(colour, (0, 0, size[0] // 2, size[1]))
    exif = Image.Exif()
    exif[ORIENTATION] = turn
    exif[0x010F] = MAKER
    exif.get_ifd(GPS_IFD)[1] = "N"
    exif.get_ifd(GPS_IFD)[2] = (32.0, 47.0, 12.5)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=90, exif=exif, comment=COMMENT)
    return out.getvalue()


def saved(image: Image.Image, form: str) -> bytes:
    out = io.BytesIO()
    image.save(out, form)
    return out.getvalue()


def png(width: int, height: int, lines: int) -> bytes:
    """A PNG that says it is so large, with so many lines of data: a few bytes a million points."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    packer = zlib.compressobj(9)
    body = b"".join(packer.compress(bytes(1 + width * 3)) for _ in range(lines)) + packer.flush()
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
