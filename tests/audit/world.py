# SPDX-License-Identifier: GPL-3.0-or-later
"""A little DNS world on loopback: a root, a TLD `test`, and servers for domains.

All listen on one port, each on an address of its own, as on the Internet. Domains
are described before the world starts; each is sound unless its description says
otherwise, so a test changes the one thing that is to be wrong.
"""

import pathlib
import subprocess

from peers import Bind, Endpoint, Nsd, Zone, free_port

from peers.process import has_ipv6

from crooked import Crooked

ROOT = "127.10.0.1"
TLD = "127.10.1.1"
ONE = "127.10.2.1"      # NSD
TWO = "127.10.3.1"      # NSD
THREE = "127.0.0.1"     # BIND, which listens on no address that an interface does not have
NOBODY = "127.10.5.1"   # nothing listens there
NEIGHBOUR = "127.10.2.9"  # in the same network as ONE; NSD

SOA = {"refresh": 3600, "retry": 600, "expire": 1209600, "minimum": 300}


class Domain:
    """One domain: what the parent says of it, and what each server serves."""

    def __init__(self, name, **soa):
        self.name = name
        self.serial = 2026112200
        self.soa = {"mname": f"ns1.{name}.", "rname": f"hostmaster.{name}.", **SOA, **soa}
        self.zone_ns = [f"ns1.{name}.", f"ns2.{name}."]
        self.hosts = {f"ns1.{name}.": [ONE], f"ns2.{name}.": [TWO]}
        self.parent_ns = list(self.zone_ns)
        self.glue = {host: list(addresses) for host, addresses in self.hosts.items()}
        self.parent_extra = []          # lines
        self.extra = []                 # lines of the zone
        self.serve = [ONE, TWO]         # addresses of real servers that have it
        self.texts = {}                 # another text at an address
        self.allow = {}                 # address -> endpoints that may transfer it there
        self.options = {}               # address -> lines of that server's dialect
        self.secondary_at = {}          # address -> primaries, of which it is a secondary there

    def text(self, **changes):
        """The zone; `changes` are attributes of this domain for this text alone."""
        d = Domain.__new__(Domain)
        d.__dict__.update(self.__dict__)
        d.soa = {**self.soa, **{k: v for k, v in changes.items() if k in self.soa}}
        d.__dict__.update({k: v for k, v in changes.items() if k not in self.soa})
        s = d.soa
        lines = ["$TTL 3600", f"$ORIGIN {d.name}.",
                 f"@ IN SOA {s['mname']} {s['rname']} {d.serial} {s['refresh']} {s['retry']} "
                 f"{s['expire']} {s['minimum']}",
                 *(f"@ IN NS {ns}" for ns in d.zone_ns),
                 "@ IN MX 10 mail", "@ IN TXT \"v=spf1 -all\"", "mail IN A 192.0.2.25",
                 *address_lines(d.hosts), *d.extra]
        return "\n".join(lines) + "\n"

    def delegation(self):
        return [*(f"{self.name}. IN NS {ns}" for ns in self.parent_ns),
                *address_lines(self.glue), *self.parent_extra]

    def point_second_to(self, address):
        """ns2 is at another address, everywhere."""
        self.hosts[f"ns2.{self.name}."] = [address]
        self.glue[f"ns2.{self.name}."] = [address]
        return self


def address_lines(hosts):
    return [f"{host} IN {'AAAA' if ':' in address else 'A'} {address}"
            for host, addresses in hosts.items() for address in addresses]


class World:
    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.port = free_port()
        self.root = Nsd(folder / "root", address=ROOT, port=self.port)
        self.tld = Nsd(folder / "tld", address=TLD, port=self.port)
        self.servers = {
            ONE: Nsd(folder / "one", address=ONE, port=self.port),
            TWO: Nsd(folder / "two", address=TWO, port=self.port),
            THREE: Bind(folder / "three", address=THREE, port=self.port),
            NEIGHBOUR: Nsd(folder / "neighbour", address=NEIGHBOUR, port=self.port),
        }
        if has_ipv6():
            self.servers[TWO].options = [f"ip-address: {TWO}@{self.port}", f"ip-address: ::1@{self.port}"]
        self.servers[THREE].options = ["recursion yes;", "allow-recursion { any; };"]
        self.domains = {}
        self.crooked = []
        self.origins = {}       # address -> autonomous system

    def add(self, domain):
        self.domains[domain.name] = domain
        return domain

    def crook(self, **how):
        """One more server that spoils the answers of ONE; its address."""
        upstream = how.pop("upstream", (ONE, self.port))
        server = Crooked(f"127.10.20.{len(self.crooked) + 1}", self.port, upstream, **how)
        self.crooked.append(server)
        return server.address

    def start(self):
        head = "$TTL 3600\n@ IN SOA ns.nic hostmaster 1 3600 600 1209600 300\n"
        root = Zone(".", head.replace("ns.nic hostmaster", "ns.root. hostmaster.root.")
                    + "@ IN NS ns.root.\n" + f"ns.root. IN A {ROOT}\n"
                    + f"test. IN NS ns.nic.test.\nns.nic.test. IN A {TLD}\n"
                    + "com. IN NS ns.nic.test.\n")
        self.root.add(root)
        self.servers[THREE].add(root)   # else it would look for the one of the Internet
        lines = ["@ IN NS ns.nic", f"ns.nic IN A {TLD}"]
        for domain in self.domains.values():
            if domain.name.count(".") == 1:
                lines += domain.delegation()
            for address in domain.serve:
                self.servers[address].add(Zone(
                    domain.name, domain.texts.get(address, domain.text()),
                    allow=domain.allow.get(address, []), options=domain.options.get(address, []),
                    primaries=domain.secondary_at.get(address, [])))
        self.tld.add(Zone("test", head + "\n".join(lines) + "\n"))
        # Where the audit asks for the origin of a route.
        routes = [f'{".".join(reversed(address.split(".")))}.origin.asn.cymru IN TXT "{number} | 127.0.0.0/8 | ZZ"'
                  for address, number in self.origins.items()]
        self.tld.add(Zone("com", head + "@ IN NS ns.nic.test.\n" + "\n".join(routes) + "\n"))
        for server in self.everyone():
            server.start(wait=False)
        for server in self.everyone():
            server.wait_ready()
        for server in self.crooked:
            server.start()
        return self

    def everyone(self):
        return [self.root, self.tld, *self.servers.values()]

    def close(self):
        for server in self.crooked:
            server.close()
        for server in self.everyone():
            server.kill()


ANYONE = Endpoint("0.0.0.0/0")


def sign(folder, name, text, *, begins="-1d", ends="+40d", keys=None, algorithm=("-a", "ECDSAP256SHA256")):
    """Sign a zone with BIND's tools: (signed text, DS lines, the keys' folder)."""
    folder = pathlib.Path(keys or folder / f"keys-{name}")
    if not folder.exists():
        folder.mkdir(parents=True)
        for flags in (["-f", "KSK"], []):
            subprocess.run(["dnssec-keygen", "-q", *algorithm, *flags, "-n", "ZONE", name],
                           cwd=folder, check=True, stdout=subprocess.DEVNULL)
    (folder / "zone").write_text(text)
    # Times that dnssec-signzone takes: seconds from now.
    seconds = {"-1d": "now-86400", "+40d": "now+3456000"}
    subprocess.run(["dnssec-signzone", "-q", "-P", "-S", "-x", "-O", "full", "-s", seconds.get(begins, begins),
                    "-e", seconds.get(ends, ends), "-o", name, "-f", "signed", "zone"],
                   cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    ds = (folder / f"dsset-{name}.").read_text().splitlines()
    return (folder / "signed").read_text(), ds, folder
