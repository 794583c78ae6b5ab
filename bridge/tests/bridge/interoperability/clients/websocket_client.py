"""Speaks to the bridge with Python's websocket-client. The argument is the URL of a server that sends back what it receives."""

import struct
import sys

from websocket import ABNF, create_connection


def receive(socket, count):
    """Receives `count` bytes, in however many messages."""
    received = b""
    while len(received) < count:
        received += socket.recv()
    return received


def close_code(socket):
    """Receives to the close, and returns the number of bytes before it and its code."""
    count = 0
    while True:
        opcode, data = socket.recv_data()
        if opcode == ABNF.OPCODE_CLOSE:
            return count, struct.unpack("!H", data[:2])[0]
        count += len(data)


url = sys.argv[1]
socket = create_connection(url, subprotocols=["binary"], timeout=60)
assert socket.getsubprotocol() == "binary", socket.getsubprotocol()
socket.send("What?")
assert receive(socket, 5) == b"What?"
large = bytes(range(256)) * 4096
socket.send_binary(large)
assert receive(socket, len(large)) == large
socket.ping("there?")
opcode, frame = socket.recv_data_frame(control_frame=True)
assert (opcode, frame.data) == (ABNF.OPCODE_PONG, b"there?"), (opcode, frame.data)
socket.close(status=3000)
assert close_code(create_connection(url + "/goodbye", timeout=60)) == (300_000, 1000)
assert close_code(create_connection(url + "/refused", timeout=60)) == (0, 4502)
