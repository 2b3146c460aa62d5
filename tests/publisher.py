"""A publisher of files on this machine, well or badly behaved, for the tests of downloads."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Publisher:
    """Serves `files` by name, and remembers which ranges it was asked for.

    Attributes
    ----------
    ranges : the `Range` header of each request so far, `None` where there was none.
    agents : the `User-Agent` header of each.
    cut_after : bytes of a file after which it drops the connection, or `None` for never.
    knows_ranges : whether it honours `Range`; if not it sends the whole file.
    encoding : the `Content-Encoding` that it claims, if any.
    """

    def __init__(self, files: dict[str, bytes]):
        self.files = files
        self.ranges: list[str | None] = []
        self.agents: list[str | None] = []
        self.cut_after: int | None = None
        self.knows_ranges = True
        self.encoding: str | None = None
        self.url = ""

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        asked = request.headers["Range"]
        self.ranges.append(asked)
        self.agents.append(request.headers["User-Agent"])
        content = self.files.get(request.path.removeprefix("/"))
        if content is None:
            request.send_error(404)
            return
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and self.knows_ranges else 0
        if start >= len(content):
            request.send_error(416)
            return
        self._send(request, content, start)

    def _send(self, request: BaseHTTPRequestHandler, content: bytes, start: int) -> None:
        request.send_response(206 if start else 200)
        if start:
            size = len(content)
            request.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
        if self.encoding:
            request.send_header("Content-Encoding", self.encoding)
        request.send_header("Content-Length", str(len(content) - start))
        request.end_headers()
        request.wfile.write(content[start : self.cut_after])


@contextmanager
def publishing(files: dict[str, bytes]) -> Iterator[Publisher]:
    """A publisher of these files, at its `url` until the block ends."""
    publisher = Publisher(files)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            publisher.answer(self)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    publisher.url = f"http://127.0.0.1:{server.server_port}/"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield publisher
    finally:
        server.shutdown()
        server.server_close()
