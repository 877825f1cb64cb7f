# SPDX-License-Identifier: GPL-3.0-or-later
"""The zones of the differential test: generated from a seed, signed with the
fixed keys in keys/, the same bytes on every run.

Every zone holds one idea that answers may get wrong. What BIND, NSD or Knot
refuse to load (records below a DNAME, a CNAME beside other data) has no place
here, since a zone must be served by all.
"""

import pathlib
import random
import subprocess
from typing import NamedTuple, Optional

KEYS = pathlib.Path(__file__).parent / "keys"
WORDS = ("alpha", "beta", "gamma", "delta", "eps", "zeta", "eta", "theta", "iota", "kappa",
         "mail", "www", "ftp", "ns", "api", "cdn", "img", "dev", "a", "b", "c", "x-1", "_tcp")


class Source(NamedTuple):
    """A zone as generated: its text, and how it is to be signed."""
    name: str
    text: str
    sign: Optional[str] = None      # None, "nsec", "nsec3", "optout"


def _head(name, minimum=300, soa_ttl=3600, servers=("ns1", "ns2")):
    out = [f"$ORIGIN {name}.", "$TTL 3600",
           f"@ {soa_ttl} IN SOA ns1 hostmaster 2026010101 7200 900 1209600 {minimum}"]
    out += [f"@ IN NS {server}" for server in servers]
    out += ["ns1 IN A 192.0.2.1", "ns1 IN AAAA 2001:db8::1", "ns2 IN A 192.0.2.2"]
    return out


def _a(random_):
    return f"198.51.{random_.randrange(100, 200)}.{random_.randrange(1, 255)}"


def _aaaa(random_):
    return f"2001:db8:{random_.randrange(65536):x}::{random_.randrange(1, 65536):x}"


def plain(r, name="plain.test", hosts=120):
    out = _head(name)
    out += ["@ IN A 192.0.2.80", "@ IN MX 10 mail", "@ IN MX 20 mail.elsewhere.invalid.",
            "@ IN TXT \"v=spf1 -all\" \"second string\"", "mail IN A 192.0.2.25",
            "mail 60 IN AAAA 2001:db8::25", "www IN CNAME @", "ftp IN CNAME www",
            "_sip._tcp IN SRV 1 2 5060 mail", "ext IN CNAME www.elsewhere.invalid.",
            "short 5 IN A 192.0.2.9", "zero 0 IN A 192.0.2.10", "long 604800 IN A 192.0.2.11"]
    for i in range(hosts):
        owner = r.choice(WORDS) + str(i)
        for _ in range(r.randrange(1, 4)):
            out.append(f"{owner} IN A {_a(r)}")
        if r.random() < 0.4:
            out.append(f"{owner} IN AAAA {_aaaa(r)}")
        if r.random() < 0.2:
            out.append(f"{owner} IN MX {r.randrange(50)} mail")
    return Source(name, "\n".join(out))


def minimal(r):
    return Source("tiny.test", "\n".join(
        ["$ORIGIN tiny.test.", "@ 60 IN SOA ns.elsewhere.invalid. h.elsewhere.invalid. 1 2 3 4 86400",
         "@ 60 IN NS ns.elsewhere.invalid."]))


def _wildcards():
    return ["*.wild IN A 192.0.2.100", "*.wild IN TXT \"wild\"", "*.wild IN MX 5 mx.wild",
            "known.wild IN A 192.0.2.101", "deep.under.wild IN A 192.0.2.102",
            "*.alias IN CNAME target", "target IN A 192.0.2.103", "*.away IN CNAME x.elsewhere.invalid.",
            "*.loop IN CNAME a.loop", "*.chain IN CNAME b.wild",
            "*.ent.deep IN TXT \"through an empty non-terminal\"", "x.*.star IN A 192.0.2.104",
            "*.star IN A 192.0.2.105", "*.*.twice IN A 192.0.2.106", "*.only6 IN AAAA 2001:db8::6",
            "stop.wild IN TXT \"blocks the wildcard below\"", "*.gone IN CNAME nothing.here",
            "cut.wild IN NS ns.cut.wild", "ns.cut.wild IN A 192.0.2.107",
            "*.srv._tcp IN SRV 0 0 80 target"]


def wild(r):
    return Source("wild.test", "\n".join(_head("wild.test") + _wildcards()))


def apex_wild(r):
    out = _head("apexwild.test") + ["* IN A 192.0.2.110", "* IN AAAA 2001:db8::110",
                                    "one IN TXT \"one\"", "a.b.c IN A 192.0.2.111"]
    return Source("apexwild.test", "\n".join(out))


def deep(r):
    out = _head("deep.test")
    for depth in (3, 10, 30, 60, 100):
        out.append(".".join(["d"] * depth) + f" IN A 192.0.2.{depth}")
        out.append(".".join(f"l{i % 10}" for i in range(min(depth, 75))) + f" IN TXT \"{depth}\"")
    for _ in range(60):
        owner = ".".join(r.choice("abc") for _ in range(r.randrange(1, 9)))
        out.append(f"{owner} IN A {_a(r)}")
    return Source("deep.test", "\n".join(out))


def _delegations(r, count, ds=False):
    out = []
    for i in range(count):
        child = f"sub{i}"
        kind = i % 7
        if kind == 0:       # glue inside the cut
            out += [f"{child} IN NS ns.{child}", f"ns.{child} IN A {_a(r)}",
                    f"ns.{child} IN AAAA {_aaaa(r)}"]
        elif kind == 1:     # glue below a sibling cut
            out += [f"{child} IN NS ns.sub{i - 1}"]
        elif kind == 2:     # served from outside
            out += [f"{child} IN NS ns.elsewhere.invalid.", f"{child} IN NS ns2.elsewhere.invalid."]
        elif kind == 3:     # served by the zone's own servers
            out += [f"{child} IN NS ns1", f"{child} IN NS ns2"]
        elif kind == 4:     # glue missing
            out += [f"{child} IN NS ns.{child}"]
        elif kind == 5:     # below an empty non-terminal, several servers
            out = out + [f"{child}.ent{i} IN NS ns{j}.{child}.ent{i}" for j in range(3)]
            out += [f"ns{j}.{child}.ent{i} IN A {_a(r)}" for j in range(3)]
        else:               # a target deep under the cut, and one outside
            out += [f"{child} IN NS a.b.c.{child}", f"a.b.c.{child} IN A {_a(r)}",
                    f"{child} IN NS ns1"]
        owner = f"{child}.ent{i}" if kind == 5 else child
        if ds and i % 2 == 0:
            digest = "".join(r.choice("0123456789ABCDEF") for _ in range(64))
            out.append(f"{owner} IN DS {r.randrange(65536)} 13 2 {digest}")
    return out


def delegations(r):
    out = _head("deleg.test") + _delegations(r, 35)
    out += ["many IN NS " + f"ns{i}.many" for i in range(13)]
    out += [f"ns{i}.many IN A 192.0.2.{i + 1}" for i in range(13)]
    out += [f"ns{i}.many IN AAAA 2001:db8::{i + 1:x}" for i in range(13)]
    out += ["into IN CNAME host.sub0", "chain IN CNAME into", "*.w IN CNAME q.sub3",
            "mx IN MX 10 mail.sub0"]
    return Source("deleg.test", "\n".join(out))


def dnames(r):
    out = _head("dname.test")
    out += ["old IN DNAME new", "new IN A 192.0.2.120", "www.new IN A 192.0.2.121",
            "*.new IN TXT \"wild under new\"", "a.b.new IN A 192.0.2.122",
            "out IN DNAME elsewhere.invalid.", "out IN A 192.0.2.123",
            "self IN DNAME self.self", "one IN DNAME two", "two IN DNAME three",
            "www.three IN A 192.0.2.124", "ping IN DNAME pong", "pong IN DNAME ping",
            "alias IN CNAME www.old", "tonew IN CNAME www.one", "plain IN DNAME plain.test.",
            "www.cname IN CNAME x.old", "gone IN DNAME nothing",
            "under.ent IN DNAME new", "grow IN DNAME "
            + ".".join(["g" * 60] * 3) + ".dname.test."]
    return Source("dname.test", "\n".join(out))


def cnames(r):
    out = _head("cname.test")
    out += ["end IN A 192.0.2.130", "end IN TXT \"end\""]
    for i in range(25):
        out.append(f"c{i} IN CNAME " + (f"c{i + 1}" if i < 24 else "end"))
    out += ["loop1 IN CNAME loop2", "loop2 IN CNAME loop1", "me IN CNAME me",
            "l3a IN CNAME l3b", "l3b IN CNAME l3c", "l3c IN CNAME l3a",
            "dangling IN CNAME nothing", "away IN CNAME www.elsewhere.invalid.",
            "other IN CNAME www.plain.test.", "cross IN CNAME nothing.plain.test.",
            "apex IN CNAME @", "ttl 7 IN CNAME end", "towild IN CNAME any.w",
            "*.w IN A 192.0.2.131", "toent IN CNAME ent", "x.ent IN A 192.0.2.132",
            "tocut IN CNAME a.cut", "cut IN NS ns.cut", "ns.cut IN A 192.0.2.133",
            "atcut IN CNAME cut"]
    return Source("cname.test", "\n".join(out))


def _signed_body(r, name, count):
    out = _head(name)
    out += ["@ IN A 192.0.2.80", "@ IN MX 10 mail", "mail IN A 192.0.2.25", "www IN CNAME @",
            "a.b.c.ent IN A 192.0.2.140", "x.ent IN TXT \"beside\"", "d1 IN DNAME ent",
            "loop IN CNAME loop", "toother IN CNAME missing"]
    out += _wildcards()
    for i in range(count):
        out.append(f"h{r.randrange(10 ** 6):06d} IN A {_a(r)}")
    return out + _delegations(r, 21, ds=True)


def nsec(r):
    return Source("nsec.test", "\n".join(_signed_body(r, "nsec.test", 60)), "nsec")


def nsec3(r):
    return Source("nsec3.test", "\n".join(_signed_body(r, "nsec3.test", 60)), "nsec3")


def optout(r):
    return Source("optout.test", "\n".join(_signed_body(r, "optout.test", 30)
                                           + _delegations(random.Random(5), 63)[40:]), "optout")


def nsec_apex_wild(r):
    out = _head("nsecwild.test") + ["* IN A 192.0.2.150", "*.sub IN CNAME www", "www IN A 192.0.2.151",
                                    "a.b.c IN TXT \"deep\""]
    return Source("nsecwild.test", "\n".join(out), "nsec")


def nsec3_tiny(r):
    return Source("nsec3tiny.test", "\n".join(
        ["$ORIGIN nsec3tiny.test.", "@ 60 IN SOA ns.elsewhere.invalid. h.elsewhere.invalid. 1 2 3 4 30",
         "@ 60 IN NS ns.elsewhere.invalid."]), "nsec3")


def parent(r):
    out = _head("parent.test")
    out += ["child IN NS ns.child", "ns.child IN A 192.0.2.160",
            "child IN DS 4242 13 2 " + "AB" * 32, "other IN NS ns.other", "ns.other IN A 192.0.2.161",
            "a.ent IN TXT \"x\""]
    return Source("parent.test", "\n".join(out), "nsec")


def child(r):
    out = ["$ORIGIN child.parent.test.", "$TTL 1200",
           "@ IN SOA ns hostmaster 5 7200 900 1209600 120", "@ IN NS ns", "ns IN A 192.0.2.160",
           "www IN A 192.0.2.162", "deep.er IN A 192.0.2.163"]
    return Source("child.parent.test", "\n".join(out), "nsec")


def empties(r):
    out = _head("ent.test")
    for i in range(40):
        labels = [r.choice("pqrs") for _ in range(r.randrange(2, 7))]
        out.append(".".join(labels) + f".e{i % 6} IN A {_a(r)}")
    out += ["a.*.starent IN A 192.0.2.170", "*.x.wildent IN A 192.0.2.171",
            "_443._tcp.www IN TLSA 3 1 1 " + "CD" * 32, "cut.under.e0 IN NS ns.elsewhere.invalid."]
    return Source("ent.test", "\n".join(out))


def odd_types(r):
    out = _head("odd.test")
    out += [
        "caa IN CAA 0 issue \"ca.example.net\"", "caa IN CAA 128 iodef \"mailto:x@example.net\"",
        "tlsa IN TLSA 3 1 1 " + "0A" * 32, "smimea IN SMIMEA 3 0 0 AABBCC", "sshfp IN SSHFP 4 2 " + "0B" * 32,
        "loc IN LOC 52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m",
        "naptr IN NAPTR 100 10 \"u\" \"E2U+sip\" \"!^.*$!sip:x@example.net!\" .",
        "naptr IN NAPTR 100 20 \"s\" \"\" \"\" _sip._tcp",
        "hinfo IN HINFO \"CPU\" \"OS\"", "rp IN RP admin.odd.test. txt.odd.test.",
        "afsdb IN AFSDB 1 afs", "afs IN A 192.0.2.180", "kx IN KX 10 afs",
        "cert IN CERT 1 12345 5 AQIDBA==", "openpgp IN OPENPGPKEY AQIDBAUG",
        "uri IN URI 10 1 \"https://www.example.net/\"", "svcb IN SVCB 1 afs alpn=h2,h3 port=8443",
        "svcb0 IN SVCB 0 afs", "https IN HTTPS 1 . alpn=h2 ipv4hint=192.0.2.1 ipv6hint=2001:db8::1",
        "https0 IN HTTPS 0 afs", "eui48 IN EUI48 00-00-5e-00-53-2a",
        "eui64 IN EUI64 00-00-5e-ef-10-00-00-2a", "apl IN APL 1:192.0.2.0/24 !1:192.0.2.128/25",
        "dhcid IN DHCID AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA=",
        "ipseckey IN IPSECKEY 10 1 2 192.0.2.38 AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==",
        "nid IN NID 10 0014:4fff:ff20:ee64", "l32 IN L32 10 10.1.2.0", "l64 IN L64 10 2001:0db8:1140:1000",
        "lp IN LP 10 l64", "csync IN CSYNC 66 3 A NS AAAA",
        "cds IN CDS 0 0 0 00", "cdnskey IN CDNSKEY 0 3 0 AA==",
        "ds.sub IN TXT \"not a cut\"", "dnskey IN DNSKEY 256 3 13 " + "A" * 86 + "==",
        "u1 IN TYPE65280 \\# 4 0A000001", "u1 IN TYPE65280 \\# 0", "u1 IN TYPE65281 \\# 3 616263",
        "x25 IN TYPE19 \\# 5 0431323334", "rt IN TYPE21 \\# 5 000A 01 78 00",
        "gpos IN TYPE27 \\# 9 02 2d33 02 3435 02 3130",
        "hip IN TYPE55 \\# 24 04 02 0010 00112233 0102030405060708090a0b0c0d0e0f10".replace("24", "24"),
        "amt IN TYPE260 \\# 6 0A 01 C0000201", "spf IN SPF \"v=spf1 -all\"",
        "zonemd.sub IN TXT \"none\"", "big IN TYPE1234 \\# 300 " + "5A" * 300,
        "txt IN TXT \"\"", "txt2 IN TXT " + " ".join(f"\"{'t' * 255}\"" for _ in range(4)),
        "ptr IN PTR afs", "mix IN A 192.0.2.181", "mix IN CAA 0 issue \";\"", "mix IN TYPE65280 \\# 1 FF",
    ]
    return Source("odd.test", "\n".join(out))


def long_names(r):
    out = _head("long.test")
    full = 255 - len("long.test") - 2
    for i in range(20):
        labels, room = [], full
        while room > 1:
            size = min(r.choice((1, 7, 31, 62, 63)), room - 1)
            labels.append(r.choice("abcxyz") * size)
            room -= size + 1
            if r.random() < 0.1:
                break
        owner = ".".join(labels)
        out.append(f"{owner} IN A {_a(r)}")
        if i % 3 == 0:
            out.append(f"{owner} IN MX 10 {owner}")
        if i % 4 == 1:
            out.append(f"alias{i} IN CNAME {owner}")
    out += ["z" * 63 + " IN A 192.0.2.190", "*." + "w" * 63 + " IN CNAME " + "z" * 63]
    return Source("long.test", "\n".join(out))


def big_sets(r):
    out = _head("big.test")
    for count in (2, 10, 27, 28, 29, 30, 31, 40, 70, 71, 72, 73, 74, 75, 100, 400):
        out += [f"a{count} IN A 10.{count // 256}.{count % 256}.{i % 256}" if count < 257
                else f"a{count} IN A 10.{i // 256}.{i % 256}.7" for i in range(count)]
    for count in (15, 16, 17, 18, 40):
        out += [f"aaaa{count} IN AAAA 2001:db8::{i:x}" for i in range(1, count + 1)]
    for count in (10, 30, 60):
        out += [f"mx{count} IN MX {i} m{i}" for i in range(count)]
    out += [f"m{i} IN A 192.0.2.{i + 1}" for i in range(60)]
    for size in (100, 200, 225, 230, 235, 240, 245, 250):
        out += [f"txt{size} IN TXT \"{'x' * size}\" \"{'y' * size}\""]
        out += [f"txt{size}x5 IN TXT \"{i}{'z' * (size - 1)}\"" for i in range(5)]
    out += ["chain IN CNAME a400", "sub IN NS ns.sub", "ns.sub IN A 192.0.2.3"]
    out += [f"wide IN NS ns{i}.a-rather-long-label-to-fill-the-message.wide" for i in range(13)]
    for i in range(13):
        out += [f"ns{i}.a-rather-long-label-to-fill-the-message.wide IN A 192.0.2.{i + 1}",
                f"ns{i}.a-rather-long-label-to-fill-the-message.wide IN AAAA 2001:db8::{i + 1:x}"]
    out += [f"*.w IN A 10.9.{i // 256}.{i % 256}" for i in range(90)]
    return Source("big.test", "\n".join(out))


def mixed_case(r):
    out = _head("CaSe.TeSt")
    out += ["WwW IN A 192.0.2.200", "Alias IN CNAME wWw", "*.WILD IN CNAME Alias", "SUB IN NS Ns.Sub",
            "nS.sUB IN A 192.0.2.201", "MX IN MX 10 MaIl", "mAiL IN A 192.0.2.202", "DN IN DNAME wIlD",
            "Srv IN SRV 0 0 0 MAIL", "rp IN RP MAIL TxT"]
    return Source("CaSe.TeSt", "\n".join(out))


def escapes(r):
    out = _head("escape.test")
    out += ["a\\.b IN A 192.0.2.210", "sp\\032ace IN A 192.0.2.211", "nul\\000x IN A 192.0.2.212",
            "\\200\\255 IN A 192.0.2.213", "semi\\;colon IN A 192.0.2.214", "at\\@sign IN A 192.0.2.215",
            "star\\* IN A 192.0.2.216", "\\*.esc IN A 192.0.2.217", "back\\\\slash IN A 192.0.2.218",
            "q\\\"uote IN TXT \"a\\\"b\\\\c\\200\"", "alias IN CNAME a\\.b", "a.b IN TXT \"two labels\""]
    return Source("escape.test", "\n".join(out))


def reverse(r):
    out = ["$ORIGIN 2.0.192.in-addr.arpa.", "$TTL 900",
           "@ IN SOA ns1.plain.test. hostmaster.plain.test. 3 7200 900 1209600 60",
           "@ IN NS ns1.plain.test.", "@ IN NS ns2.plain.test."]
    for i in range(1, 60):
        out.append(f"{i} IN PTR host{i}.plain.test.")
    out += ["64/26 IN NS ns.customer.invalid."]
    out += [f"{i} IN CNAME {i}.64/26" for i in range(64, 90)]
    return Source("2.0.192.in-addr.arpa", "\n".join(out))


MAKERS = (plain, minimal, wild, apex_wild, deep, delegations, dnames, cnames, nsec, nsec3, optout,
          nsec_apex_wild, nsec3_tiny, parent, child, empties, odd_types, long_names, big_sets,
          mixed_case, escapes, reverse)


def generate(folder: pathlib.Path, seed: int = 1):
    """Write all the zone files into `folder`; returns {zone name: path}."""
    folder.mkdir(parents=True, exist_ok=True)
    made = {}
    for maker in MAKERS:
        source = maker(random.Random(f"{seed}/{maker.__name__}"))
        path = folder / (source.name.lower().replace("/", "_") + ".zone")
        path.write_text(source.text + "\n")
        if source.sign:
            path = sign(source, path)
        made[source.name] = path
    return made


def sign(source: Source, path: pathlib.Path) -> pathlib.Path:
    """Sign with the zone's fixed key, for dates that no test run will leave."""
    signed = path.with_name(path.name + ".signed")
    key = next(KEYS.glob(f"K{source.name}.+*.key"), None)
    if key is None:
        raise FileNotFoundError(f"no key for {source.name} in {KEYS}: see README there")
    text = path.read_text() + key.read_text()
    path.write_text(text)
    command = ["dnssec-signzone", "-q", "-z", "-P", "-n", "1", "-o", source.name, "-f", str(signed),
               "-s", "20200101000000", "-e", "20370101000000", "-d", str(path.parent),
               "-K", str(KEYS)]
    if source.sign == "nsec3":
        command += ["-3", "BEEF", "-H", "3"]
    elif source.sign == "optout":
        command += ["-3", "-", "-H", "0", "-A"]
    done = subprocess.run([*command, str(path), str(key.with_suffix(""))],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stdout}")
    # Its comments tell the time of day.
    lines = signed.read_text().splitlines(keepends=True)
    signed.write_text("".join(line for line in lines if not line.startswith(";")))
    return signed
