"""Asking the DNS for TXT records, the proof that a domain is somebody's own.

A small stub resolver: one question by UDP to each configured server in turn, again by TCP where
the answer was cut short, within a deadline. "There is no such record" and "nobody answered" are
different answers.
"""

from __future__ import annotations

import secrets
import socket
import struct
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from time import monotonic

from django.conf import settings

_TXT, _IN = 16, 1
_ASKED = 0x0100  # recursion desired
_ANSWER, _CUT = 0x8000, 0x0200
_OK, _NO_SUCH_NAME = 0, 3
_HEAD = struct.Struct("!6H")
_RECORD = struct.Struct("!HHIH")
_MOST_LABELS = 128
_MOST_SERVERS = 2


class NoAnswer(Exception):
    """No server gave a usable answer in time. Nothing is known; it may be otherwise later."""


def txt_records(name: str) -> list[str]:
    """Return the TXT records of an ASCII ``name``, none where it or they don't exist.

    Takes at most ``DNS_TIMEOUT`` seconds for each of two servers. Raises NoAnswer.
    """
    problem = "no server is configured"
    for host, port in _servers()[:_MOST_SERVERS]:
        try:
            return _ask(name, host, port, monotonic() + settings.DNS_TIMEOUT)
        except (OSError, struct.error, IndexError, ValueError) as error:
            problem = f"{host}: {error or type(error).__name__}"
    raise NoAnswer(f"{name}: {problem}")


def _servers() -> list[tuple[str, int]]:
    configured = settings.DNS_SERVERS or _system_servers()
    found = []
    for entry in configured:
        host, _, port = entry.partition("#")
        found.append((host, int(port or 53)))
    return found


@cache
def _system_servers() -> tuple[str, ...]:
    try:
        lines = Path("/etc/resolv.conf").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ()
    words = (line.split() for line in lines)
    return tuple(word[1] for word in words if len(word) > 1 and word[0] == "nameserver")


def _ask(name: str, host: str, port: int, deadline: float) -> list[str]:
    number = secrets.randbits(16)
    question = _encoded(name) + struct.pack("!HH", _TXT, _IN)
    asked = _HEAD.pack(number, _ASKED, 1, 0, 0, 0) + question
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as line:
        # A connected socket hears from this server only.
        line.connect((host, port))
        line.send(asked)
        answer = _matching(_datagrams(line, deadline), number, question)
    if answer[2] << 8 & _CUT:
        answer = _by_tcp(host, port, asked, deadline)
        answer = _matching(iter([answer]), number, question)
    return list(_texts(answer, _HEAD.size + len(question)))


def _datagrams(line: socket.socket, deadline: float) -> Iterator[bytes]:
    while True:
        line.settimeout(max(deadline - monotonic(), 0.001))
        yield line.recv(4096)


def _matching(answers: Iterator[bytes], number: int, question: bytes) -> bytes:
    """Return the first answer to this very question; anything else may be forged or late."""
    for answer in answers:
        told, flags, questions, *_ = _HEAD.unpack_from(answer)
        same = answer[_HEAD.size : _HEAD.size + len(question)].lower() == question.lower()
        if told == number and flags & _ANSWER and questions == 1 and same:
            return answer
    raise ValueError("an answer to another question")


def _by_tcp(host: str, port: int, asked: bytes, deadline: float) -> bytes:
    left = max(deadline - monotonic(), 0.001)
    with socket.create_connection((host, port), timeout=left) as line:
        line.sendall(struct.pack("!H", len(asked)) + asked)
        (length,) = struct.unpack("!H", _exactly(line, 2, deadline))
        return _exactly(line, length, deadline)


def _exactly(line: socket.socket, size: int, deadline: float) -> bytes:
    read = b""
    while len(read) < size:
        line.settimeout(max(deadline - monotonic(), 0.001))
        piece = line.recv(size - len(read))
        if not piece:
            raise ValueError("an answer that breaks off")
        read += piece
    return read


def _encoded(name: str) -> bytes:
    labels = name.rstrip(".").encode("ascii").split(b".")
    if any(not 0 < len(label) < 64 for label in labels):
        raise ValueError("no name of a host")
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def _texts(answer: bytes, place: int) -> Iterator[str]:
    """Yield the TXT records of an answer whose records begin at ``place``."""
    _number, flags, _questions, records, *_ = _HEAD.unpack_from(answer)
    outcome = flags & 0xF
    if outcome == _NO_SUCH_NAME:
        return
    if outcome != _OK:
        raise ValueError(f"the server failed with code {outcome}")
    for _ in range(records):
        place = _after_name(answer, place)
        kind, family, _age, length = _RECORD.unpack_from(answer, place)
        place += _RECORD.size
        held = answer[place : place + length]
        if len(held) < length:
            raise ValueError("an answer that breaks off")
        if (kind, family) == (_TXT, _IN):
            yield _joined(held)
        place += length


def _after_name(answer: bytes, place: int) -> int:
    for _ in range(_MOST_LABELS):
        size = answer[place]
        if size & 0xC0:
            return place + 2
        place += 1 + size
        if not size:
            return place
    raise ValueError("a name without end")


def _joined(held: bytes) -> str:
    """Return the text of a record, which is kept in strings of at most 255 bytes."""
    text, place = b"", 0
    while place < len(held):
        size = held[place]
        text += held[place + 1 : place + 1 + size]
        place += 1 + size
    return text.decode("utf-8", "replace")
