"""A server on this machine that goes wrong in whatever way a test asks for."""

from __future__ import annotations

import hashlib
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one request."""

    status: int = 200
    #: Send so many bytes of the body and close the connection, or stall if `stall`.
    cut: int | None = None
    stall: bool = False
    #: Send these bytes instead of the file's.
    body: bytes | None = None
    knows_ranges: bool = True
    knows_tags: bool = True
    #: Begin so many bytes after those that were asked for.
    off_by: int = 0
    etag: str | None = None
    #: The header that says how long the body is: "" for none, None for the right one.
    length: str | None = None
    #: Go on sending after the file, without end.
    endless: bool = False
    #: Refuse a range without a word about the file's length.
    is_silent: bool = False


@dataclass
class Served:
    """Files, the faults to come (one per request), and what was asked."""

    url: str
    files: dict[str, bytes] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    #: Set at the end, to let what stalls go on.
    over: threading.Event = field(default_factory=threading.Event)
    #: What requests wait for before they are answered.
    gate: threading.Event | None = None


class _Handler(BaseHTTPRequestHandler):
    served: Served

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        served = self.served
        served.asked.append((self.path, self.headers.get("Range")))
        fault = served.faults.pop(0) if served.faults else Fault()
        if served.gate is not None:
            served.gate.wait(30)
        whole = served.files.get(self.path.lstrip("/"))
        if whole is None or fault.status >= 400:
            self.send_error(404 if whole is None else fault.status)
            return
        whole = fault.body if fault.body is not None else whole
        self._answer(fault, whole)

    def _answer(self, fault: Fault, whole: bytes) -> None:
        etag = fault.etag or f'"{hashlib.sha256(whole).hexdigest()[:16]}"'
        start = self._start(fault, etag)
        if start >= len(whole) > 0:
            self.send_response(416)
            if not fault.is_silent:
                self.send_header("Content-Range", f"bytes */{len(whole)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        start += fault.off_by if start else 0
        body = whole[start:]
        self.send_response(206 if start else 200)
        if start:
            place = f"bytes {start}-{len(whole) - 1}/{len(whole)}"
            self.send_header("Content-Range", place)
        self.send_header("ETag", etag)
        length = str(len(body)) if fault.length is None else fault.length
        if length:
            self.send_header("Content-Length", length)
        self.end_headers()
        self.wfile.write(body if fault.cut is None else body[: fault.cut])
        self.wfile.flush()
        if fault.endless:
            self._go_on()
        if fault.stall:
            self.served.over.wait(30)
        self.close_connection = True

    def _go_on(self) -> None:
        """Send zeros for as long as anybody takes them."""
        with suppress(OSError):
            while not self.served.over.is_set():
                self.wfile.write(bytes(1 << 16))

    def _start(self, fault: Fault, etag: str) -> int:
        asked = self.headers.get("Range")
        if not asked or not fault.knows_ranges:
            return 0
        if fault.knows_tags and self.headers.get("If-Range", etag) != etag:
            return 0
        return int(asked.removeprefix("bytes=").rstrip("-"))


def serve() -> tuple[Served, ThreadingHTTPServer]:
    """Start it on a free port of this machine; `shutdown` ends it."""
    served = Served("")
    handler = type("Handler", (_Handler,), {"served": served})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    served.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return served, server
