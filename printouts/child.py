"""The process that typesets: one document at a time, in bounds of memory, with no more input than its frame.

Frames on stdin and stdout: 4 bytes length (big endian), then JSON in, and out one byte status (0 done, 1 refused)
with the page count as 4 bytes and the PDF, or the compiler's message. The parent kills a child that takes too long.
"""

from __future__ import annotations

import json
import resource
import struct
import sys
from pathlib import Path
from typing import Any, BinaryIO

from printouts.fonts import font_folders
from printouts.paper import magnify

MEMORY_BYTES = 1 << 30
"""Address space of a child: the compiler dies in here instead of taking the machine with it."""
INPUT_BYTES = 8 << 20
"""Largest document description taken."""
TEMPLATES = Path(__file__).parent / "templates"
TEMPLATE_NAMES = ("sheet", "slip", "order", "report")


def compiler() -> Any:
    """A Typst compiler that sees the templates' folder and our fonts, and nothing else."""
    import typst

    fonts = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(path) for path in font_folders()]
    )
    return typst.Compiler(root=str(TEMPLATES), font_paths=fonts)


def typeset(engine: Any, template: str, data: dict[str, Any], page: tuple[float, float], zoom: float) -> bytes:
    """One PDF, set on a page of so many millimetres and magnified.

    Same data, same bytes: its date is the data's `created` (Unix seconds).
    """
    pdf: bytes = engine.compile(
        input=str(TEMPLATES / f"{template}.typ"),
        format="pdf",
        sys_inputs={"data": json.dumps(data, ensure_ascii=False), "width": str(page[0]), "height": str(page[1])},
        timestamp=int(data["created"]),
        pdf_tags=False,
    )
    return pdf if zoom == 1 else magnify(pdf, zoom)


def page_count(pdf: bytes) -> int:
    """Pages of a PDF."""
    from io import BytesIO

    from pypdf import PdfReader

    return len(PdfReader(BytesIO(pdf)).pages)


def read_exactly(stream: BinaryIO, size: int) -> bytes:
    """That many bytes, or fewer at the end of the stream."""
    parts: list[bytes] = []
    while size > 0:
        part = stream.read(size)
        if not part:
            break
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def main() -> None:
    """Serve frames until stdin ends."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    engine = compiler()
    while True:
        head = read_exactly(sys.stdin.buffer, 4)
        if len(head) < 4:
            return
        size = struct.unpack(">I", head)[0]
        body = read_exactly(sys.stdin.buffer, min(size, INPUT_BYTES))
        answer = _answer(engine, body)
        sys.stdout.buffer.write(struct.pack(">I", len(answer)) + answer)
        sys.stdout.buffer.flush()


def _answer(engine: Any, body: bytes) -> bytes:
    import typst

    try:
        request = json.loads(body)
        if request["template"] not in TEMPLATE_NAMES:
            raise ValueError(f"no template {request['template']!r}")
        pdf = typeset(engine, request["template"], request["data"], request["page"], request["zoom"])
        return b"\x00" + struct.pack(">I", page_count(pdf)) + pdf
    except (typst.TypstError, ValueError, KeyError) as error:
        return b"\x01" + str(error)[:2000].encode()


if __name__ == "__main__":
    main()
