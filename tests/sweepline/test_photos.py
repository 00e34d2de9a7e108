"""Photos as files: made anew without what the camera wrote, in bounds, whatever somebody sends."""

from __future__ import annotations

import hashlib
import io
import os
import time
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image
from sqlmodel import SQLModel

import models.tables  # noqa: F401
from models.database import Database
from models.errors import Refused, Unavailable
from models.tables.work import CasePhoto
from sweepline import photo_child, photos
from sweepline.photo_child import PIXELS_LIMIT, SIDE, SMALL_SIDE
from sweepline.photos import Photos, sweep
from tests.console.sample_city import NOW
from tests.photos import COMMENT, GPS_IFD, MAKER, camera_photo, png, saved

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
ZIP = b"PK\x03\x04 a whole archive behind the picture <script>alert(1)</script>"


@pytest.fixture
def shelf(tmp_path: Path) -> Photos:
    return Photos(tmp_path / "photos")


def opened(shelf: Photos, sha256: str, small: bool = False) -> Image.Image:
    return Image.open(shelf.path(sha256, small))


def test_a_photo_is_upright_and_bounded_and_nothing_the_camera_wrote_is_in_it(shelf: Photos) -> None:
    raw = camera_photo((4000, 3000))
    assert Image.open(io.BytesIO(raw)).getexif().get_ifd(GPS_IFD), "the place is in what is sent"
    kept = shelf.keep(raw)
    path = shelf.path(kept.sha256, False)
    content = path.read_bytes()
    assert (kept.width, kept.height) == (SIDE * 3 // 4, SIDE) == opened(shelf, kept.sha256).size, "held upright"
    assert (kept.bytes, kept.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert kept.sent_sha256 == hashlib.sha256(raw).hexdigest()
    assert max(opened(shelf, kept.sha256, small=True).size) == SMALL_SIDE
    for image in (opened(shelf, kept.sha256), opened(shelf, kept.sha256, small=True)):
        assert dict(image.getexif()) == {}
        assert not {"exif", "comment", "icc_profile", "xmp"} & image.info.keys()
        top, bottom = (image.getpixel((image.width // 2, y)) for y in (10, image.height - 10))
        assert top[0] > 200 > 90 > top[1], "turned by the camera's word: what was left is above"
        assert min(bottom) > 240
    assert MAKER.encode() not in content
    assert COMMENT not in content


def test_the_same_photo_is_the_same_file(shelf: Photos) -> None:
    assert shelf.keep(camera_photo()) == shelf.keep(camera_photo())
    assert len(list(shelf.path("x", False).parent.iterdir())) == 2


@pytest.mark.parametrize("mode", ["RGBA", "P", "L", "1", "CMYK", "I;16", "LA"])
def test_every_kind_of_colour_becomes_a_picture(mode: str, shelf: Photos) -> None:
    image = Image.new(mode, (50, 40)) if mode == "I;16" else Image.new("RGB", (50, 40), "red").convert(mode)
    kept = shelf.keep(saved(image, "JPEG" if mode == "CMYK" else "PNG"))
    assert opened(shelf, kept.sha256).mode == "RGB"
    assert opened(shelf, kept.sha256).size == (50, 40)


def test_what_can_be_seen_through_is_white_and_a_film_is_its_first_picture(shelf: Photos) -> None:
    kept = shelf.keep(saved(Image.new("RGBA", (20, 20), (0, 0, 0, 0)), "PNG"))
    assert opened(shelf, kept.sha256).getpixel((5, 5)) == (255, 255, 255)
    out = io.BytesIO()
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("lime", "black")]
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:])
    red, green, blue = opened(shelf, shelf.keep(out.getvalue()).sha256).getpixel((5, 5))
    assert green > 200 > max(red, blue)


@pytest.mark.parametrize(
    ("name", "raw", "code"),
    [
        ("one byte", b"\xff", "not_a_photo"),
        ("svg", SVG, "not_a_photo"),
        ("gif", saved(Image.new("P", (5, 5)), "GIF"), "not_a_photo"),
        ("tiff", saved(Image.new("RGB", (5, 5)), "TIFF"), "not_a_photo"),
        ("archive", ZIP, "not_a_photo"),
        ("half a jpeg", camera_photo()[:-600], "broken_photo"),
        ("the head of a jpeg", camera_photo()[:300], "broken_photo"),
        ("a bomb that tells", png(20_000, 20_000, 1), "too_many_pixels"),
        ("no lines", png(100, 100, 0), "broken_photo"),
        ("a long line", png(PIXELS_LIMIT + 1, 1, 0), "too_many_pixels"),
    ],
)
def test_what_is_no_photo_is_refused_with_its_reason_and_leaves_nothing(
    name: str, raw: bytes, code: str, shelf: Photos
) -> None:
    with pytest.raises(Refused) as refused:
        shelf.keep(raw)
    assert refused.value.code == code, name
    assert not list(shelf.path("x", False).parent.glob("*"))


def test_what_is_hidden_behind_a_picture_stays_out(shelf: Photos) -> None:
    kept = shelf.keep(camera_photo() + ZIP + SVG)
    content = shelf.path(kept.sha256, False).read_bytes()
    assert b"PK\x03\x04" not in content
    assert b"<script>" not in content
    assert content.startswith(b"\xff\xd8\xff") and content.endswith(b"\xff\xd9")


def test_a_picture_that_holds_more_than_it_says_is_as_large_as_it_says(shelf: Photos) -> None:
    kept = shelf.keep(png(100, 100, 500_000))
    assert (kept.width, kept.height) == (100, 100)


def test_the_largest_picture_is_made_within_the_limits(shelf: Photos) -> None:
    kept = shelf.keep(png(8000, 8000, 8000))
    assert (kept.width, kept.height) == (SIDE, SIDE)


def test_a_child_that_takes_too_long_or_dies_is_a_refusal(shelf: Photos, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photos, "SECONDS_LIMIT", 0.01)
    with pytest.raises(Refused, match="limits of time and memory"):
        shelf.keep(camera_photo())


def test_a_picture_that_wants_more_memory_than_there_is_for_it_is_refused(
    shelf: Photos, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The child by itself, with the limit on points taken away: memory ends it, not the machine."""
    monkeypatch.setattr(photos, "_CHILD", ["-c", WITHOUT_A_LIMIT])
    with pytest.raises(Refused) as refused:
        shelf.keep(png(20_000, 20_000, 1))
    assert refused.value.code == "broken_photo"


WITHOUT_A_LIMIT = "from sweepline import photo_child as c; c.PIXELS_LIMIT = 10**12; c.main()"


def test_more_than_a_few_at_once_are_told_to_come_again(shelf: Photos, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photos, "WAIT_S", 0.01)
    for _ in range(photos.AT_ONCE):
        shelf._turns.acquire()
    with pytest.raises(Unavailable):
        shelf.keep(camera_photo())


def test_the_child_sees_no_settings(shelf: Photos, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWEEPLINE_DATABASE_URL", "postgresql://user:secret@host/db")
    monkeypatch.setattr(photos, "_CHILD", ["-c", "import os, sys; sys.exit('SWEEPLINE_DATABASE_URL' in os.environ)"])
    seen: list[int] = []
    real = photos.subprocess.Popen.communicate

    def communicate(self: object, *args: object, **more: object) -> object:
        answer = real(self, *args, **more)  # type: ignore[arg-type]
        seen.append(self.returncode)  # type: ignore[attr-defined]
        return answer

    monkeypatch.setattr(photos.subprocess.Popen, "communicate", communicate)
    with pytest.raises(Refused):
        shelf.keep(b"x")
    assert seen == [0]


def test_a_damaged_note_of_the_camera_is_no_damaged_picture() -> None:
    raw = camera_photo()
    at = raw.index(b"Exif\x00\x00") + 6
    full, _, size = photo_child.remade(raw[:at] + b"\xff" * 12 + raw[at + 12 :])
    assert size == (640, 480)
    assert full[:2] == b"\xff\xd8"


def test_removed_photos_and_files_nobody_names_go_after_a_day(shelf: Photos, tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'a.db'}")
    SQLModel.metadata.create_all(database.engine)
    kept = {name: shelf.keep(camera_photo(colour=name)) for name in ("red", "lime", "blue", "black")}
    with database.write() as session:
        for name, ago in (("red", None), ("lime", 25), ("blue", 23)):
            removed_at = NOW - timedelta(hours=ago) if ago else None
            picture = kept[name]
            session.add(CasePhoto(
                id=name, case="c", sha256=picture.sha256, sent_sha256="", bytes=1, width=1, height=1, at=NOW, by="dong",
                removed_at=removed_at))  # fmt: skip
    assert sweep(database, tmp_path / "photos", NOW) == 1
    assert len(list((tmp_path / "photos").iterdir())) == 8, "young files stay: their row may be on its way"
    old = time.time() - 90_000
    for path in (tmp_path / "photos").iterdir():
        os.utime(path, (old, old))
    assert sweep(database, tmp_path / "photos", NOW) == 0
    left = {path.name[:64] for path in (tmp_path / "photos").iterdir()}
    assert left == {kept["red"].sha256, kept["blue"].sha256}
    database.close()
