# SPDX-License-Identifier: GPL-3.0-or-later
"""Name servers as test subjects: Understudy, BIND, NSD, Knot DNS, PowerDNS.

Each class writes the configuration of its own dialect from the same small
description of zones, runs in the foreground on loopback in a folder of its
own, and dies with the test session.
"""

from . import store
from .bind import Bind
from .knot import Knot
from .model import ALGORITHMS, Endpoint, Key, Zone, zone_text
from .nsd import Nsd
from .powerdns import PowerDns
from .process import ROOT, ServerError, free_port
from .receiver import CloudSecondary, Listener
from .understudy import Understudy

__all__ = [
    "ALGORITHMS", "Bind", "CloudSecondary", "Endpoint", "Key", "Knot", "Listener", "Nsd",
    "PowerDns", "ROOT", "ServerError", "Understudy", "Zone", "free_port", "store",
    "zone_text",
]
