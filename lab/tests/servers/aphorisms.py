"""A server with other words: it answers questions about the Zen of Python, and frames them as Launcelot does.

It is built as the servers in the third edition of "Foundations of Python Network Programming" are: one client at a time,
and a question is what has arrived when its last byte is a question mark.
"""

import socket
import sys

ANSWERS = {
    b"Beautiful is better than?": b"Ugly.",
    b"Explicit is better than?": b"Implicit.",
    b"Simple is better than?": b"Complex.",
}


def read_question(client):
    question = bytearray(client.recv(4096))
    while question and not question.endswith(b"?"):
        more = client.recv(4096)
        if not more:
            return b""
        question += more
    return bytes(question)


def main():
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", int(sys.argv[1])))
    listener.listen()
    while True:
        client, _ = listener.accept()
        with client:
            try:
                while question := read_question(client):
                    client.sendall(ANSWERS.get(question, b"Error: unknown aphorism."))
            except ConnectionError:
                pass


main()
