"""A name server on loopback that knows TXT records, or misbehaves as it is told."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_HEAD = struct.Struct("!6H")


class NameServer:
    """Answers by UDP and TCP at one port of loopback; ``asked`` counts by transport.

    ``mood`` is "well", "cut" (UDP answers say they are too short), "silent", "broken" (SERVFAIL),
    "forged" (an answer to another question before the right one) or "garbage".
    """

    def __init__(self) -> None:
        self.records: dict[str, list[str]] = {}
        self.mood = "well"
        self.asked = {"udp": 0, "tcp": 0}
        self._lines = (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
            socket.socket(socket.AF_INET, socket.SOCK_STREAM),
        )
        udp, tcp = self._lines
        udp.bind(("127.0.0.1", 0))
        self.port = udp.getsockname()[1]
        tcp.bind(("127.0.0.1", self.port))
        tcp.listen()

    @property
    def address(self) -> str:
        return f"127.0.0.1#{self.port}"

    def answer(self, asked: bytes, *, cut: bool = False) -> bytes:
        number, *_ = _HEAD.unpack_from(asked)
        question = asked[_HEAD.size :]
        name, place = [], 0
        while size := question[place]:
            name.append(question[place + 1 : place + 1 + size].decode())
            place += 1 + size
        texts = self.records.get(".".join(name), [])
        outcome = 2 if self.mood == "broken" else 0 if texts else 3
        kept = [] if cut else texts
        head = _HEAD.pack(number, 0x8180 | (0x0200 if cut else 0) | outcome, 1, len(kept), 0, 0)
        # Names point back at the question, as servers write them.
        return head + question + b"".join(_record(text) for text in kept)

    def serve_udp(self) -> None:
        line = self._lines[0]
        while True:
            try:
                asked, asker = line.recvfrom(4096)
            except OSError:
                return
            if not asked:
                return
            self.asked["udp"] += 1
            if self.mood == "silent":
                continue
            if self.mood == "garbage":
                line.sendto(asked[:2] + b"\x81\x80\xff\xff\xff\xff", asker)
                continue
            if self.mood == "forged":
                wrong = bytes([asked[0] ^ 0xFF]) + asked[1:]
                line.sendto(self.answer(wrong), asker)
            line.sendto(self.answer(asked, cut=self.mood == "cut"), asker)

    def serve_tcp(self) -> None:
        while True:
            try:
                line, _asker = self._lines[1].accept()
            except OSError:
                return
            with line:
                self.asked["tcp"] += 1
                (size,) = struct.unpack("!H", line.recv(2))
                answer = self.answer(line.recv(size))
                line.sendall(struct.pack("!H", len(answer)) + answer)

    def close(self) -> None:
        for line in self._lines:
            # A thread that waits in accept or recvfrom wakes only by this.
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
            line.close()


def _record(text: str) -> bytes:
    raw = text.encode()
    held = b"".join(
        bytes([len(raw[at : at + 255])]) + raw[at : at + 255] for at in range(0, len(raw), 255)
    )
    return b"\xc0\x0c" + struct.pack("!HHIH", 16, 1, 60, len(held)) + held


@contextmanager
def name_server() -> Iterator[NameServer]:
    """Run a name server for the block."""
    server = NameServer()
    threads = [
        threading.Thread(target=serve, daemon=True)
        for serve in (server.serve_udp, server.serve_tcp)
    ]
    for thread in threads:
        thread.start()
    try:
        yield server
    finally:
        server.close()
