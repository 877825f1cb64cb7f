#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes the demo's zone and says when each server begins to serve it.

    demo_watch.py ZONE NEW_SERIAL PORT… -- ZONE_FILE OLD_SERIAL PRIMARY_PID

The first port is the primary's. Only the standard library is used; the servers
are asked in turn, several thousand times a second.
"""

import os
import pathlib
import signal
import socket
import struct
import sys
import time


def question(zone):
    name = b"".join(bytes([len(label)]) + label.encode() for label in zone.split(".")) + b"\0"
    return struct.pack("!6H", 1, 0, 1, 0, 0, 0) + name + struct.pack("!2H", 6, 1)


def skip_name(message, offset):
    while 0 < message[offset] < 0xc0:
        offset += message[offset] + 1
    return offset + (2 if message[offset] else 1)


def serial_of(reply, asked):
    """The serial of the SOA record at the head of the answer section, or None."""
    try:
        answers = struct.unpack_from("!H", reply, 6)[0]
        offset = skip_name(reply, len(asked))
        kind, _, _, length = struct.unpack_from("!HHIH", reply, offset)
        if answers == 0 or kind != 6:
            return None
        return struct.unpack_from("!I", reply, offset + 10 + length - 20)[0]
    except (IndexError, struct.error):
        return None


def main():
    split = sys.argv.index("--")
    zone, new, *ports = sys.argv[1:split]
    file, old, pid = sys.argv[split + 1:]
    asked, new = question(zone), int(new)
    sockets = []
    for port in ports:
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.connect(("127.0.0.1", int(port)))
        s.settimeout(1)
        sockets.append(s)

    path = pathlib.Path(file)
    text = path.read_text().replace(old, str(new))
    fresh = path.with_suffix(".new")
    fresh.write_text(text + f"added   IN TXT  \"came with serial {new}\"\n")
    fresh.rename(path)
    os.kill(int(pid), signal.SIGHUP)

    seen, began = {}, time.monotonic()
    while len(seen) < len(ports) and time.monotonic() - began < 10:
        for port, s in zip(ports, sockets):
            if port in seen:
                continue
            try:
                s.send(asked)
                if serial_of(s.recv(4096), asked) == new:
                    seen[port] = time.monotonic()
            except OSError:
                pass
    if ports[0] not in seen:
        sys.exit(f"demo: the primary does not serve serial {new}")
    print(f"  primary    127.0.0.1@{ports[0]} serves serial {new}, "
          f"{(seen[ports[0]] - began) * 1000:.1f} ms after the signal")
    for port in ports[1:]:
        if port not in seen:
            sys.exit(f"demo: the secondary on port {port} does not serve serial {new}")
        print(f"  secondary  127.0.0.1@{port} serves serial {new}, "
              f"{(seen[port] - seen[ports[0]]) * 1000:.1f} ms after the primary")


if __name__ == "__main__":
    main()
