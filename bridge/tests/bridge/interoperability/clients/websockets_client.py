"""Speaks to the bridge with Python's websockets. The argument is the URL of a server that sends back what it receives."""

import sys

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect


def receive(socket, count):
    """Receives `count` bytes, in however many messages."""
    received = b""
    while len(received) < count:
        received += socket.recv(timeout=60)
    return received


def close_code(socket):
    """Receives to the close, and returns the number of bytes before it and its code."""
    count = 0
    try:
        while True:
            count += len(socket.recv(timeout=60))
    except ConnectionClosed as closed:
        return count, closed.rcvd.code


url = sys.argv[1]
for compression in [None, "deflate"]:
    with connect(url, subprotocols=["binary"], compression=compression) as socket:
        assert socket.subprotocol == "binary", socket.subprotocol
        socket.send("What?")
        assert receive(socket, 5) == b"What?"
        socket.send(["What ", "is ", "this?"])
        assert receive(socket, 13) == b"What is this?"
        large = bytes(range(256)) * 4096
        socket.send(large)
        assert receive(socket, len(large)) == large
        assert socket.ping("there?").wait(60)
with connect(url + "/goodbye") as socket:
    assert socket.subprotocol is None, socket.subprotocol
    assert close_code(socket) == (300_000, 1000)
with connect(url + "/refused") as socket:
    assert close_code(socket) == (0, 4502)
