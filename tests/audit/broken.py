# SPDX-License-Identifier: GPL-3.0-or-later
"""Domains of the world: sound ones, and one for each fault."""

from peers import Endpoint, Key
from world import ANYONE, NEIGHBOUR, NOBODY, ONE, ROOT, THREE, TLD, TWO, Domain, sign

KEY = Key("transfer.test")
WEAK = Key("weak.test", "hmac-md5")
WORLDS = []
OTHERS = []             # what tests of their own look at


def fault(*expected, at=None, arguments=()):
    """Registers a description: a function that makes a domain with that fault."""
    def register(describe):
        describe.expected, describe.at, describe.arguments = expected, at, arguments
        WORLDS.append(describe)
        return describe
    return register


def arguments(describe, world):
    return [str(a).replace("PORT", str(world.port)) for a in describe.arguments]


# --- sound ones

@fault()
def healthy(world):
    return world.add(Domain("healthy.test"))


@fault()
def healthy_and_signed(world):
    d = world.add(Domain("signed.test"))
    text, ds, _ = sign(world.folder, d.name, d.text())
    d.texts = {ONE: text, TWO: text}
    d.parent_extra = ds
    return d


@fault()
def healthy_with_ipv6(world):
    d = world.add(Domain("dual.test"))
    d.hosts["ns2.dual.test."].append("::1")
    d.glue["ns2.dual.test."].append("::1")
    return d


@fault()
def healthy_with_servers_elsewhere(world):
    d = world.add(Domain("elsewhere.test"))
    d.zone_ns = d.parent_ns = ["ns1.healthy.test.", "ns2.healthy.test."]
    d.hosts, d.glue = {}, {}
    d.soa["mname"] = "ns1.healthy.test."
    return d


@fault()
def healthy_below_a_domain(world):
    """Two levels below the TLD, on servers that have the parent as well."""
    parent = world.add(Domain("parent.test"))
    d = world.add(Domain("child.parent.test"))
    parent.extra = d.delegation()
    return d


@fault()
def healthy_with_a_server_in_a_zone_below(world):
    """ns.sub.cut.test is a name of another zone, on another server."""
    d = world.add(Domain("cut.test"))
    server = world.crook()
    sub = world.add(Domain("sub.cut.test"))
    sub.zone_ns, sub.serve = ["ns3.sub.cut.test."], [NEIGHBOUR]
    sub.hosts = {"ns3.sub.cut.test.": [NEIGHBOUR], "ns.sub.cut.test.": [server]}
    sub.parent_ns, sub.glue = sub.zone_ns, {"ns3.sub.cut.test.": [NEIGHBOUR]}
    d.zone_ns = d.parent_ns = ["ns1.cut.test.", "ns.sub.cut.test."]
    d.glue = {"ns1.cut.test.": [ONE], "ns.sub.cut.test.": [server]}
    d.hosts = {"ns1.cut.test.": [ONE]}
    d.extra, d.serve = sub.delegation(), [ONE]
    return d


@fault()
def healthy_while_somebody_forges(world):
    """Answers with another ID, and rubbish, come before the right one."""
    d = world.add(Domain("forged.test"))
    return d.point_second_to(world.crook(forges=True))


@fault()
def healthy_with_keys(world):
    """ONE gives the zone to who has the key, and to nobody else."""
    d = world.add(Domain("keyed.test"))
    d.allow[ONE] = [Endpoint("0.0.0.0/0", 0, KEY)]
    return d


@fault("soa-negative-ttl")
def healthy_but_for_names_that_are_forgotten_at_once(world):
    return world.add(Domain("forgetful.test", minimum=5))


@fault()
def healthy_with_a_weak_key(world):
    d = world.add(Domain("weakly.test"))
    d.allow[ONE] = [Endpoint("0.0.0.0/0", 0, WEAK)]
    return d


@fault()
def healthy_with_a_hidden_primary(world):
    """NEIGHBOUR has a newer version, which nobody outside can know."""
    d = world.add(Domain("hidden.test"))
    d.serve.append(NEIGHBOUR)
    d.texts[NEIGHBOUR] = d.text(serial=d.serial + 1)
    d.allow[NEIGHBOUR] = [Endpoint("0.0.0.0/0", 0, KEY)]
    return d


@fault("no-delegation")
def a_domain_not_yet_registered(world):
    d = world.add(Domain("unborn.test"))
    d.parent_ns, d.glue = [], {}
    return d


# --- the delegation

@fault("no-delegation")
def not_delegated(world):
    d = world.add(Domain("undelegated.test"))
    d.parent_ns, d.glue, d.serve = [], {}, []
    return d


@fault("parent-silent", arguments=["--parent", NOBODY + "@PORT", "--server", ONE + "@PORT"])
def parent_that_is_silent(world):
    return world.add(Domain("orphan.test"))


@fault("parent-differs", at=NEIGHBOUR)
def parents_that_differ(world):
    """TWO and NEIGHBOUR serve the zone above; one of them has a delegation of old."""
    parent = world.add(Domain("disunited.test"))
    d = world.add(Domain("sub.disunited.test")).point_second_to(world.crook())
    d.serve = [ONE]
    parent.zone_ns = parent.parent_ns = ["ns2.disunited.test.", "ns3.disunited.test."]
    parent.hosts = {"ns2.disunited.test.": [TWO], "ns3.disunited.test.": [NEIGHBOUR]}
    parent.glue, parent.serve = dict(parent.hosts), [TWO, NEIGHBOUR]
    parent.extra = d.delegation()
    parent.texts[NEIGHBOUR] = parent.text(extra=[line for line in parent.extra if " NS ns2." not in line])
    return d


@fault("glue-unneeded", at=NEIGHBOUR)
def glue_that_the_parent_has_no_say_over(world):
    """A server of the zone above adds addresses from elsewhere."""
    parent = world.add(Domain("generous.test"))
    parent.zone_ns = parent.parent_ns = ["ns.generous.test."]
    parent.hosts = {"ns.generous.test.": [world.crook(
        upstream=(TWO, world.port), adds=f"ns3.onlyzone.test. 300 IN A {NEIGHBOUR}")]}
    parent.glue, parent.serve = dict(parent.hosts), [TWO]
    d = world.add(Domain("sub.generous.test"))
    d.zone_ns = d.parent_ns = ["ns3.onlyzone.test.", "ns1.sub.generous.test."]
    d.hosts = d.glue = {"ns1.sub.generous.test.": [world.crook()]}
    d.serve = [ONE, NEIGHBOUR]
    parent.extra = d.delegation()
    return d


@fault("ns-only-parent")
def server_at_the_parent_alone(world):
    d = world.add(Domain("onlyparent.test"))
    d.parent_ns.append("ns1.healthy.test.")
    d.serve = [ONE, TWO]
    return d


@fault("ns-only-zone")
def server_in_the_zone_alone(world):
    d = world.add(Domain("onlyzone.test"))
    d.zone_ns.append("ns3.onlyzone.test.")
    d.hosts["ns3.onlyzone.test."] = [NEIGHBOUR]
    d.serve.append(NEIGHBOUR)
    return d


@fault("ns-differs", "serial-behind", at=TWO)
def servers_with_different_ns(world):
    d = world.add(Domain("nsdiffers.test"))
    d.texts[TWO] = d.text(serial=d.serial - 1, zone_ns=["ns1.nsdiffers.test."])
    return d


@fault("glue-missing")
def glue_that_is_missing(world):
    """The glue of ns1 has gone; ns2 is still found and knows where ns1 is."""
    d = world.add(Domain("gluemissing.test"))
    del d.glue["ns1.gluemissing.test."]
    return d


@fault("glue-incomplete", at="::1")
def glue_without_ipv6(world):
    d = world.add(Domain("glueincomplete.test"))
    d.hosts["ns2.glueincomplete.test."].append("::1")
    return d


@fault("glue-stale", "no-answer", at=NOBODY)
def glue_of_before_the_move(world):
    d = world.add(Domain("gluestale.test"))
    d.glue["ns2.gluestale.test."].append(NOBODY)
    return d


@fault("ns-alias", at=None)
def name_server_that_is_an_alias(world):
    d = world.add(Domain("nsalias.test"))
    d.zone_ns = d.parent_ns = ["ns1.nsalias.test.", "ns2.healthy.test.", "ns3.nsalias.test."]
    d.hosts = {"ns1.nsalias.test.": [ONE]}
    d.glue = {"ns1.nsalias.test.": [ONE]}
    d.extra = ["ns3 IN CNAME ns1.healthy.test."]
    return d


@fault("ns-no-address")
def name_server_without_an_address(world):
    d = world.add(Domain("nsnoaddress.test"))
    for names in (d.zone_ns, d.parent_ns):
        names.append("mailhost.healthy.test.")
    return d


@fault("ns-unresolvable")
def name_server_that_cannot_be_found(world):
    """Its name lies in a domain whose servers lie in a domain whose servers lie in
    the first."""
    a, b = world.add(Domain("ping.test")), world.add(Domain("pong.test"))
    a.zone_ns = a.parent_ns = ["ns.pong.test."]
    b.zone_ns = b.parent_ns = ["ns.ping.test."]
    for d in (a, b):
        d.glue, d.hosts, d.serve = {}, {}, []
    d = world.add(Domain("unresolvable.test"))
    for names in (d.zone_ns, d.parent_ns):
        names.append("ns.ping.test.")
    return d


@fault("ns-private", "no-answer", at="10.255.255.254")
def name_server_at_a_private_address(world):
    d = world.add(Domain("private.test"))
    for hosts in (d.hosts, d.glue):
        hosts["ns2.private.test."].append("10.255.255.254")
    return d


# --- each server

@fault("no-answer", at=NOBODY)
def server_that_is_down(world):
    return world.add(Domain("down.test")).point_second_to(NOBODY)


@fault("no-udp")
def server_without_udp(world):
    return world.add(Domain("noudp.test")).point_second_to(world.crook(udp=False))


@fault("no-tcp")
def server_without_tcp(world):
    return world.add(Domain("notcp.test")).point_second_to(world.crook(tcp=False))


@fault("lame-refused", at=TWO)
def server_that_refuses(world):
    d = world.add(Domain("refused.test"))
    d.serve = [ONE]
    return d


@fault("lame-servfail", at=TWO)
def server_that_never_got_the_zone(world):
    d = world.add(Domain("servfail.test"))
    d.secondary_at[TWO] = [Endpoint(NOBODY, world.port)]
    return d


@fault("lame-nxdomain", at=TWO)
def server_that_knows_of_no_such_domain(world):
    """TWO serves a zone above it, of before it was delegated."""
    parent = world.add(Domain("above.test"))
    d = world.add(Domain("nx.above.test"))
    parent.zone_ns = parent.parent_ns = ["ns1.above.test.", "ns3.above.test."]
    parent.hosts = {"ns1.above.test.": [ONE], "ns3.above.test.": [NEIGHBOUR]}
    parent.glue = dict(parent.hosts)
    parent.serve = [ONE, NEIGHBOUR, TWO]
    parent.texts[TWO] = parent.text()
    parent.extra = d.delegation()
    d.serve = [ONE]
    return d


@fault("lame-not-authoritative", at=TLD)
def server_that_refers_elsewhere(world):
    d = world.add(Domain("referred.test"))
    d.serve = [ONE]
    return d.point_second_to(TLD)


@fault("lame-error")
def server_that_implements_nothing(world):
    return world.add(Domain("notimp.test")).point_second_to(world.crook(rcode="NOTIMP"))


@fault("serial-behind", at=TWO)
def server_that_is_behind(world):
    d = world.add(Domain("behind.test"))
    d.texts[TWO] = d.text(serial=d.serial - 5)
    return d


@fault("content-differs", at=TWO)
def server_with_other_content(world):
    d = world.add(Domain("content.test"))
    d.texts[TWO] = d.text().replace("MX 10 mail", "MX 20 mail")
    return d


@fault("content-differs", at=TWO)
def server_with_another_soa(world):
    d = world.add(Domain("othersoa.test"))
    d.texts[TWO] = d.text(refresh=7200)
    return d


@fault("open-transfer", at=TWO)
def server_open_to_transfers(world):
    d = world.add(Domain("open.test"))
    d.allow[TWO] = [ANYONE]
    return d


@fault("recursion-offered", at=THREE)
def server_that_offers_recursion(world):
    """BIND with recursion on; there is no root for it to find."""
    d = world.add(Domain("recursion.test"))
    d.serve = [ONE, THREE]
    return d.point_second_to(THREE)


@fault("open-resolver")
def server_that_resolves_for_strangers(world):
    d = world.add(Domain("resolver.test"))
    return d.point_second_to(world.crook(recursion=True, resolves=(ROOT, world.port)))


@fault("edns-missing")
def server_without_edns(world):
    return world.add(Domain("noedns.test")).point_second_to(world.crook(no_edns=True))


@fault("edns-version")
def server_that_takes_any_edns_version(world):
    return world.add(Domain("ednsversion.test")).point_second_to(world.crook(any_version=True))


@fault("edns-option")
def server_that_drops_unknown_options(world):
    return world.add(Domain("ednsoption.test")).point_second_to(world.crook(drops_options=True))


@fault("edns-do")
def server_that_loses_the_do_bit(world):
    return world.add(Domain("ednsdo.test")).point_second_to(world.crook(no_do=True))


@fault("edns-buffer")
def server_with_an_odd_buffer(world):
    return world.add(Domain("ednsbuffer.test")).point_second_to(world.crook(buffer=8192))


@fault("udp-oversize")
def server_that_sends_too_much(world):
    d = world.add(Domain("oversize.test"))
    text, ds, _ = sign(world.folder, d.name, d.point_second_to(world.crook(oversize=True)).text(),
                       algorithm=("-a", "RSASHA256", "-b", "2048"))
    d.texts = {ONE: text}
    d.serve = [ONE]
    d.parent_extra = ds
    return d


@fault("truncation")
def server_whose_truncated_answers_end_there(world):
    return world.add(Domain("truncation.test")).point_second_to(world.crook(truncates=True))


@fault("incomplete")
def more_servers_than_are_asked(world):
    d = world.add(Domain("many.test"))
    for number in range(3, 31):
        d.zone_ns.append(f"ns{number}.many.test.")
        d.parent_ns.append(d.zone_ns[-1])
        d.hosts[d.zone_ns[-1]] = d.glue[d.zone_ns[-1]] = [ONE if number % 2 else TWO]
    return d


# --- the SOA

@fault("soa-refresh")
def refresh_of_a_minute(world):
    return world.add(Domain("refresh.test", refresh=120, retry=60))


@fault("soa-retry")
def retry_above_refresh(world):
    return world.add(Domain("retry.test", retry=7200))


@fault("soa-expire-short")
def expire_below_refresh(world):
    return world.add(Domain("expireshort.test", expire=4000))


@fault("soa-expire")
def expire_of_a_day(world):
    return world.add(Domain("expire.test", expire=86400))


@fault("soa-negative-ttl")
def negative_ttl_of_a_week(world):
    d = world.add(Domain("negative.test", minimum=604800))
    d.texts = {a: d.text().replace("$TTL 3600", "$TTL 604800") for a in d.serve}
    return d


@fault("soa-mname")
def primary_that_is_hidden(world):
    return world.add(Domain("mname.test", mname="hidden.mname.test."))


@fault("soa-rname")
def mail_address_with_an_at(world):
    return world.add(Domain("rname.test", rname="hostmaster\\@rname.test."))


# --- networks

@fault("few-servers")
def one_server_alone(world):
    d = world.add(Domain("alone.test"))
    d.zone_ns = d.parent_ns = ["ns1.alone.test."]
    d.hosts = {"ns1.alone.test.": [ONE]}
    d.glue, d.serve = dict(d.hosts), [ONE]
    return d


@fault("few-servers")
def two_names_for_one_server(world):
    d = world.add(Domain("twonames.test"))
    d.serve = [ONE]
    return d.point_second_to(ONE)


@fault("same-network")
def servers_side_by_side(world):
    d = world.add(Domain("side.test"))
    d.serve = [ONE, NEIGHBOUR]
    return d.point_second_to(NEIGHBOUR)


@fault("same-as")
def servers_in_one_autonomous_system(world):
    """In different networks; the world's registry of origins has both in AS64500."""
    d = world.add(Domain("sameas.test")).point_second_to(world.crook())
    world.origins.update({ONE: 64500, TWO: 64501, d.hosts["ns2.sameas.test."][0]: 64500})
    return d


# --- DNSSEC

@fault("ds-mismatch")
def ds_of_another_key(world):
    d = world.add(Domain("dsmismatch.test"))
    text, ds, _ = sign(world.folder, d.name, d.text())
    d.texts = {ONE: text, TWO: text}
    d.parent_extra = [line[:-4] + "0000" for line in ds]
    return d


@fault("ds-mismatch")
def ds_of_a_zone_that_is_unsigned(world):
    d = world.add(Domain("dsunsigned.test"))
    _, ds, _ = sign(world.folder, d.name, d.text())
    d.parent_extra = ds
    return d


@fault("ds-unmatched")
def ds_left_over(world):
    d = world.add(Domain("dsleftover.test"))
    text, ds, _ = sign(world.folder, d.name, d.text())
    d.texts = {ONE: text, TWO: text}
    d.parent_extra = ds + ["dsleftover.test. IN DS 12345 13 2 " + "ab" * 32]
    return d


@fault("ds-missing")
def ds_that_was_never_entered(world):
    d = world.add(Domain("dsmissing.test"))
    text, _, _ = sign(world.folder, d.name, d.text())
    d.texts = {ONE: text, TWO: text}
    return d


@fault("signatures-missing")
def server_that_strips_signatures(world):
    d = world.add(Domain("stripped.test")).point_second_to(world.crook(strips=True))
    text, ds, _ = sign(world.folder, d.name, d.text())
    d.texts, d.serve, d.parent_extra = {ONE: text}, [ONE], ds
    return d


def _signed_for(world, name, begins, ends):
    d = world.add(Domain(name))
    text, ds, _ = sign(world.folder, d.name, d.text(), begins=begins, ends=ends)
    d.texts, d.parent_extra = {ONE: text, TWO: text}, ds
    return d


@fault("signature-expired")
def signatures_that_have_expired(world):
    return _signed_for(world, "expired.test", "now-864000", "now-86400")


@fault("signature-early")
def signatures_of_tomorrow(world):
    return _signed_for(world, "early.test", "now+86400", "now+3456000")


@fault("signature-soon")
def signatures_that_end_today(world):
    return _signed_for(world, "soon.test", "now-864000", "now+7200")


@fault("signature-outlived")
def signatures_that_end_before_the_zone(world):
    return _signed_for(world, "outlived.test", "now-86400", "now+604800")


@fault("signatures-differ", at=TWO)
def signatures_renewed_under_the_same_serial(world):
    d = world.add(Domain("resigned.test"))
    old, ds, keys = sign(world.folder, d.name, d.text(), ends="now+1728000")
    new, _, _ = sign(world.folder, d.name, d.text(), keys=keys)
    d.texts, d.parent_extra = {ONE: new, TWO: old}, ds
    return d


# --- for tests of their own

@OTHERS.append
def healthy_but_far_away(world):
    """Sound as far as this host can see: it may have no way to IPv6."""
    d = world.add(Domain("sixth.test"))
    for hosts in (d.hosts, d.glue):
        hosts["ns2.sixth.test."].append("2001:db8::53")
    return d


@OTHERS.append
def open_with_and_without_a_key(world):
    d = world.add(Domain("either.test"))
    d.allow[ONE] = [ANYONE, Endpoint("0.0.0.0/0", 0, KEY)]


@OTHERS.append
def sound_behind_a_clock_that_is_fast(world):
    d = world.add(Domain("fast.test"))
    d.fast = world.crook(clock=900, keyring=KEY.keyring()[0])
    return d
