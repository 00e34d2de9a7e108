"""A TCP proxy on loopback that can be made to misbehave, and counts what it did to whom.

`away` cuts what is open and refuses what is new; `hole` takes bytes and passes none on; `slow` delays each piece.
`cut` ends connections with FIN, `reset` with RST; new ones are served as the mode says.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections import Counter
from collections.abc import Coroutine
from typing import Any

PIECE = 64 * 1024
HOLE_POLL_S = 0.05
CALL_S = 20.0
MODES = ("pass", "away", "hole", "slow")


class Proxy:
    """Listens on a port of 127.0.0.1 and passes on to another, in a thread of its own."""

    def __init__(self, port: int, target: int) -> None:
        self.port = port
        self.counts: Counter[str] = Counter()
        """opened, refused, cut, reset (connections); held (bytes kept back); delayed (pieces)."""
        self._target = target
        self._mode = "pass"
        self._delay_s = 0.0
        self._open: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name=f"proxy {port}")
        self._thread.start()
        if not self._ready.wait(CALL_S):
            raise RuntimeError(f"no proxy on port {port}")

    def away(self) -> None:
        """Cut everything, refuse everybody."""
        self._mode = "away"
        self.cut()

    def hole(self) -> None:
        """Keep connections, lose what is in them until `heal`."""
        self._mode = "hole"

    def slow(self, delay_s: float) -> None:
        """Delay every piece in both directions."""
        self._mode, self._delay_s = "slow", delay_s

    def heal(self) -> None:
        """Serve as before. A hole's connections have lost bytes and are cut."""
        was, self._mode, self._delay_s = self._mode, "pass", 0.0
        if was == "hole":
            self.cut()

    def cut(self) -> int:
        """End the open connections with FIN; how many."""
        return self._call(self._end("cut"))

    def reset(self) -> int:
        """End the open connections with RST; how many."""
        return self._call(self._end("reset"))

    def open_connections(self) -> int:
        return len(self._open) // 2

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(CALL_S)

    def _call(self, work: Coroutine[Any, Any, int]) -> int:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(CALL_S)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", self.port))
        self._ready.set()
        self._loop.run_forever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._mode == "away":
            self.counts["refused"] += 1
            _abort(writer)
            return
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            self.counts["refused"] += 1
            _abort(writer)
            return
        self.counts["opened"] += 1
        self._open |= {writer, back}
        await asyncio.gather(self._pump(reader, back), self._pump(there, writer))
        self._open -= {writer, back}

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while piece := await source.read(PIECE):
                if self._mode == "slow":
                    self.counts["delayed"] += 1
                    await asyncio.sleep(self._delay_s)
                if self._mode == "hole":
                    self.counts["held"] += len(piece)
                    while self._mode == "hole":
                        await asyncio.sleep(HOLE_POLL_S)
                    break
                sink.write(piece)
                await sink.drain()
        except OSError:
            pass
        finally:
            sink.close()

    async def _end(self, how: str) -> int:
        ending, self._open = self._open, set()
        for writer in ending:
            if how == "reset":
                _abort(writer)
            else:
                writer.close()
        self.counts[how] += len(ending) // 2
        return len(ending) // 2


def _abort(writer: asyncio.StreamWriter) -> None:
    """Close with RST."""
    sock = writer.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
