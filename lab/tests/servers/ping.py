"""A server that answers PING as Redis does, and takes its options."""

import socket
import sys
import threading

PING = b"*1\r\n$4\r\nPING\r\n"


def serve(connection):
    pending = b""
    while received := connection.recv(65536):
        pending += received
        while pending.startswith(PING):
            pending = pending[len(PING):]
            connection.sendall(b"+PONG\r\n")


port = int(sys.argv[sys.argv.index("--port") + 1])
listener = socket.create_server(("127.0.0.1", port))
while True:
    connection, _ = listener.accept()
    threading.Thread(target=serve, args=(connection,), daemon=True).start()
