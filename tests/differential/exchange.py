# SPDX-License-Identifier: GPL-3.0-or-later
"""Many questions to one server, quickly: a window of them in flight."""

import select
import socket
import struct
import time


def over_udp(address, port, questions, window=96, patience=2.0, tries=8):
    """The raw reply to each question, in order; None where none came."""
    replies = [None] * len(questions)
    waiting = {}                # index -> (deadline, tries left)
    fresh = iter(range(len(questions)))
    by_number = {}              # 16-bit ID -> index
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        s.connect((address, port))
        s.setblocking(False)

        def send(index, left):
            number = (index * 40503 + 7) & 0xffff       # each ID once in 65536
            by_number[number] = index
            waiting[index] = (time.monotonic() + patience, left)
            try:
                s.send(questions[index].wire(number))
            except OSError:
                pass

        exhausted = False
        while waiting or not exhausted:
            while not exhausted and len(waiting) < window:
                index = next(fresh, None)
                if index is None:
                    exhausted = True
                else:
                    send(index, tries)
            if not select.select([s], [], [], 0.1)[0]:
                now = time.monotonic()
                for index, (deadline, left) in list(waiting.items()):
                    if deadline < now:
                        del waiting[index]
                        if left > 1:
                            send(index, left - 1)
                continue
            while True:
                try:
                    reply = s.recv(65535)
                except OSError:
                    break
                index = by_number.get(int.from_bytes(reply[:2], "big"))
                if index in waiting:
                    del waiting[index]
                    replies[index] = reply
    return replies


def over_tcp(address, port, questions, batch=50, patience=60):
    """The same over TCP, many questions to a connection (RFC 7766)."""
    replies = [None] * len(questions)
    for start in range(0, len(questions), batch):
        part = questions[start:start + batch]
        try:
            _tcp_batch(address, port, part, start, replies, patience)
        except (OSError, EOFError):
            # A server may close a connection early: ask the rest one by one.
            for index, question in enumerate(part, start):
                if replies[index] is None:
                    try:
                        _tcp_batch(address, port, [question], index, replies, patience)
                    except (OSError, EOFError):
                        pass
    return replies


def _tcp_batch(address, port, part, start, replies, patience):
    with socket.create_connection((address, port), timeout=patience) as s:
        s.sendall(b"".join(struct.pack("!H", len(w)) + w
                           for w in (q.wire(number) for number, q in enumerate(part))))
        with s.makefile("rb") as stream:
            for _ in part:
                head = stream.read(2)
                if len(head) < 2:
                    raise EOFError
                reply = stream.read(int.from_bytes(head, "big"))
                replies[start + int.from_bytes(reply[:2], "big")] = reply


def one_each(address, port, messages, patience=1.5, tries=3):
    """Send each message from a socket of its own; what came back, or None where
    nothing did, however often it was sent."""
    replies = [None] * len(messages)
    for _ in range(tries):
        left = [index for index, reply in enumerate(replies) if reply is None]
        for index, reply in zip(left, _each_once(address, port, [messages[i] for i in left], patience)):
            replies[index] = reply
    return replies


def _each_once(address, port, messages, patience):
    sockets, replies = {}, [None] * len(messages)
    try:
        for index, message in enumerate(messages):
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.connect((address, port))
            s.setblocking(False)
            sockets[s] = index
            s.send(message)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            for s in select.select(list(sockets), [], [], 0.1)[0]:
                try:
                    replies[sockets[s]] = replies[sockets[s]] or s.recv(65535)
                except OSError:
                    pass
    finally:
        for s in sockets:
            s.close()
    return replies
