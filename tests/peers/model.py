# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server is asked to serve, in no server's dialect."""

import base64
import dataclasses
import hashlib
from typing import List, NamedTuple, Optional

ALGORITHMS = ("hmac-md5", "hmac-sha1", "hmac-sha224",
              "hmac-sha256", "hmac-sha384", "hmac-sha512")


@dataclasses.dataclass(frozen=True)
class Key:
    """A TSIG key whose secret follows from its name, so that both ends agree."""
    name: str = "transfer-key"
    algorithm: str = "hmac-sha256"
    seed: str = ""

    @property
    def secret(self) -> str:
        digest = hashlib.sha512(f"{self.name}/{self.algorithm}/{self.seed}".encode()).digest()
        return base64.b64encode(digest[:32]).decode()

    def keyring(self):
        """The key as dnspython wants it: (keyring, keyname, algorithm)."""
        import dns.name
        import dns.tsigkeyring
        names = {"hmac-md5": "HMAC-MD5.SIG-ALG.REG.INT"}
        return (dns.tsigkeyring.from_text({self.name: self.secret}),
                dns.name.from_text(self.name),
                dns.name.from_text(names.get(self.algorithm, self.algorithm)))


class Endpoint(NamedTuple):
    """Where another server listens, and the key to use with it."""
    address: str
    port: int = 53
    key: Optional[Key] = None


@dataclasses.dataclass
class Zone:
    """One zone of one server.

    A zone with `primaries` is a secondary; without, a primary whose records
    are `text`. `allow` lists who may transfer it (port unused), `notify` who
    is told of changes, `options` are lines of the dialect, taken as they are.
    nsd.conf must say whether to ask for IXFR, the others do so by themselves.
    """
    name: str
    text: str = ""
    primaries: List[Endpoint] = dataclasses.field(default_factory=list)
    allow: List[Endpoint] = dataclasses.field(default_factory=list)
    notify: List[Endpoint] = dataclasses.field(default_factory=list)
    options: List[str] = dataclasses.field(default_factory=list)
    ixfr: bool = False          # nsd.conf: ask the primaries for IXFR, not AXFR alone; "udp": by UDP first

    @property
    def secondary(self) -> bool:
        return bool(self.primaries)

    @property
    def file(self) -> str:
        return (self.name.rstrip(".").replace("/", "_") or "root") + ".zone"

    def keys(self) -> List[Key]:
        found = {}
        for end in (*self.primaries, *self.allow, *self.notify):
            if end.key:
                found[end.key.name] = end.key
        return list(found.values())


def all_keys(zones) -> List[Key]:
    found = {}
    for zone in zones:
        for key in zone.keys():
            found[key.name] = key
    return list(found.values())


def merge_options(defaults, own):
    """The defaults, less those that `own` sets itself, then `own`."""
    def word(option):
        return option.replace(":", " ").split()[0]
    taken = {word(option) for option in own}
    return [option for option in defaults if word(option) not in taken] + list(own)


def zone_text(name: str, serial: int = 1, *, refresh: int = 3600, retry: int = 600,
              expire: int = 604800, minimum: int = 300, hosts: int = 3, extra: str = "") -> str:
    """A small zone: SOA, two NS with addresses, www, mail and some hosts."""
    lines = [
        f"$ORIGIN {name.rstrip('.')}.",
        "$TTL 3600",
        f"@ IN SOA ns1 hostmaster {serial} {refresh} {retry} {expire} {minimum}",
        "@ IN NS ns1",
        "@ IN NS ns2",
        "@ IN MX 10 mail",
        "@ IN A 192.0.2.80",
        "ns1 IN A 192.0.2.1",
        "ns2 IN A 192.0.2.2",
        "mail IN A 192.0.2.25",
        "mail IN AAAA 2001:db8::25",
        "www IN CNAME @",
        "*.wild IN TXT \"any name under wild\"",
        f"serial IN TXT \"{serial}\"",
    ]
    lines += [f"host{i} IN A 198.51.{i // 250 % 256}.{i % 250 + 1}" for i in range(hosts)]
    return "\n".join(lines) + "\n" + extra
