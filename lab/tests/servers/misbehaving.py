"""A server that answers, until the fault begins that its second argument names.

dies          exits with status 3 after 5 connections
killed        kills itself with SIGKILL after 5 connections
half          answers five questions of each connection
wrong         answers the second question of each connection with "Yes."
slow          takes 20 ms for each answer
silent        accepts connections and never answers
never-listens does not listen
exits         exits with status 4 before it listens
"""

import os
import signal
import socket
import sys
import threading
import time

ANSWERS = {
    b"What is your name?": b"My name is Sir Lancelot of Camelot.",
    b"What is your quest?": b"To seek the Holy Grail.",
    b"What is your favorite color?": b"Blue.",
}


def converse(client, fault):
    buffer = b""
    count = 0
    while more := client.recv(4096):
        buffer += more
        while b"?" in buffer:
            question, _, buffer = buffer.partition(b"?")
            count += 1
            if fault == "silent" or (fault == "half" and count > 5):
                continue
            if fault == "slow":
                time.sleep(0.02)
            wrong = fault == "wrong" and count == 2
            client.sendall(b"Yes." if wrong else ANSWERS[question + b"?"])


def serve(client, fault):
    with client:
        try:
            converse(client, fault)
        except OSError:
            pass


def main():
    port, fault = int(sys.argv[1]), sys.argv[2]
    if fault == "exits":
        print("no bridge to keep", file=sys.stderr)
        sys.exit(4)
    if fault == "never-listens":
        threading.Event().wait()
    listener = socket.create_server(("127.0.0.1", port))
    connections = 0
    while True:
        client, _ = listener.accept()
        connections += 1
        if fault == "dies" and connections > 5:
            print("the bridge is broken", file=sys.stderr, flush=True)
            os._exit(3)
        if fault == "killed" and connections > 5:
            os.kill(os.getpid(), signal.SIGKILL)
        threading.Thread(target=serve, args=(client, fault), daemon=True).start()


main()
