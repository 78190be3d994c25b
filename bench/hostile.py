"""Sends the HTTP Garden's finds to the inference port; see hostile.sh."""

import re
import socket
import sys
from pathlib import Path

PORT, SUITES = int(sys.argv[1]), Path(sys.argv[2])
BEHIND = b"GET /v1/models/behind HTTP/1.1\r\nHost: h\r\n\r\n"


def answers(data: bytes) -> tuple[list[int], bool]:
    """The statuses that come for those bytes, and whether the gateway closed the connection."""
    with socket.create_connection(("127.0.0.1", PORT), 10) as peer:
        peer.settimeout(5)
        peer.sendall(data)
        got = b""
        closed = False
        try:
            while True:
                more = peer.recv(65536)
                if not more:
                    closed = True
                    break
                got += more
                if len(re.findall(rb"HTTP/1\.1 (\d{3})", got)) > 1:
                    peer.settimeout(0.5)
        except (TimeoutError, ConnectionResetError):
            pass
        return [int(s) for s in re.findall(rb"HTTP/1\.1 (\d{3})", got)], closed


def garden() -> None:
    text = (SUITES / "http-garden" / "TROPHIES.md").read_text()
    payloads = []
    for line in re.findall(r"^  - Payload: (.*)$", text, re.M):
        payloads += [p for p in re.findall(r"`([^`]*)`", line) if r"\r\n" in p]
    payloads = list(dict.fromkeys(payloads))
    refused = odd = 0
    for payload in payloads:
        data = payload.encode("latin1").decode("unicode_escape").encode("latin1")
        # With a host, so that it is refused for what it is and not for the missing one.
        if b"ost:" not in data:
            data = re.sub(rb"^([^\r\n]*\r\n)", rb"\1Host: h\r\n", data, count=1)
        statuses, closed = answers(data + BEHIND)
        if statuses and statuses[0] in (400, 501, 505) and len(statuses) == 1 and closed:
            refused += 1
        else:
            odd += 1
            print(f"  {statuses} {'closed' if closed else 'open'}: {payload[:110]}")
    print(f"HTTP Garden: {len(payloads)} payloads, {refused} refused and closed, {odd} above")


garden()
