"""A server as a learner writes it first, with the faults that come with that.

It serves one client at a time and reads until a question mark. What came after that in the same segment is lost. A
question that it does not know ends it, and so does a client that resets its connection.
"""

import socket
import sys

ANSWERS = {
    b"What is your name?": b"My name is Sir Lancelot of Camelot.",
    b"What is your quest?": b"To seek the Holy Grail.",
    b"What is your favorite color?": b"Blue.",
}


def read_question(client):
    said = b""
    while b"?" not in said:
        more = client.recv(4096)
        if not more:
            return None
        said += more
    return said[: said.index(b"?") + 1]


def main():
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", int(sys.argv[1])))
    listener.listen()
    while True:
        client, _ = listener.accept()
        with client:
            while question := read_question(client):
                client.sendall(ANSWERS[question])


main()
