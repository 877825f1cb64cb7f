# SPDX-License-Identifier: GPL-3.0-or-later
"""What a primary may do wrong when it is asked for IXFR; AXFR it does right."""

import struct

from misbehaving import (AXFR, CLOSE, HANG, IXFR, SOA, Fault, Raw, Record, Signer, record, reply, wire_name)

ZONE = "example.com"
A, NS, CNAME, TXT = 1, 2, 5, 16
FAULTS = {}


def fault(reason, *, keyed=False):
    """Register a fault; `reason` is a pattern for the log line."""
    def put(kind):
        FAULTS[kind.__name__] = (kind, reason, keyed)
        return kind
    return put


class Incremental(Fault):
    """Good steps, from what `primary.before` holds to what it has now."""

    def transfer(self, primary, query):
        if query.rtype != IXFR:
            return super().transfer(primary, query)
        return self.answer(primary, query)

    def answer(self, primary, query):
        return self.sign(primary, query, self.ixfr_messages(primary, query))

    def ixfr_messages(self, primary, query):
        rows = self.steps(primary)
        return [reply(query, rows[i:i + self.per_message]) for i in range(0, len(rows), self.per_message)]

    def removed(self, primary):
        return [row for row in primary.before[1:] if row not in primary.records]

    def added(self, primary):
        return [row for row in primary.records[1:] if row not in primary.before]

    def steps(self, primary):
        return [primary.soa_record, primary.before[0], *self.removed(primary), primary.soa_record,
                *self.added(primary), primary.soa_record]


def soa(primary, serial):
    return primary.soa_with(serial)


# The steps do not fit what we have.

@fault(r"removes ghost\.example\.com A, which is not there")
class removes_what_is_not_there(Incremental):
    def removed(self, primary):
        return super().removed(primary) + [record(f"ghost.{ZONE}", A, bytes(4))]


@fault(r"removes host1\.example\.com A, which is not there")
class removes_another_value(Incremental):
    def removed(self, primary):
        return super().removed(primary) + [record(f"host1.{ZONE}", A, b"\1\1\1\1")]


@fault(r"removes serial\.example\.com TXT, which is not there")
class removes_twice(Incremental):
    def removed(self, primary):
        return 2 * super().removed(primary)


@fault(r"adds host1\.example\.com A, which is there already")
class adds_what_is_there(Incremental):
    def added(self, primary):
        there = next(row for row in primary.records if row.owner == wire_name(f"host1.{ZONE}"))
        return super().added(primary) + [there]


@fault(r"begins at serial 77, but we have 1")
class begins_at_another_serial(Incremental):
    def steps(self, primary):
        rows = super().steps(primary)
        return [rows[0], soa(primary, 77)] + rows[2:]


@fault(r"SOA with serial 1 is not the one that we have")
class begins_with_another_soa(Incremental):
    def steps(self, primary):
        rows = super().steps(primary)
        old = rows[1]._replace(rdata=rows[1].rdata[:-4] + struct.pack("!I", 12345))
        return [rows[0], old] + rows[2:]


@fault(r"ends with serial 3, but promised 2")
class ends_with_another_serial(Incremental):
    def steps(self, primary):
        return super().steps(primary)[:-1] + [soa(primary, 3)]


@fault(r"SOA at its end differs")
class ends_with_another_soa(Incremental):
    def steps(self, primary):
        rows = super().steps(primary)
        return rows[:-1] + [rows[-1]._replace(rdata=rows[-1].rdata[:-4] + struct.pack("!I", 12345))]


@fault(r"leads from serial 1 to 0")
class a_step_backwards(Incremental):
    def steps(self, primary):
        rows = super().steps(primary)
        return rows[:2] + [soa(primary, 0), soa(primary, 0)] + rows[2:]


@fault(r"leads from serial 1 to 1")
class a_step_that_stays(Incremental):
    def steps(self, primary):
        rows = super().steps(primary)
        return rows[:2] + [rows[1], rows[1]] + rows[2:]


@fault(r"on the way to 2")
class a_step_beyond_the_end(Incremental):
    def steps(self, primary):
        rows = super().steps(primary)
        return rows[:2] + [soa(primary, 9), soa(primary, 9)] + rows[2:]


# The steps fit, what comes of them is no zone.

@fault(r"ns|name ?server")
class leaves_no_ns(Incremental):
    def removed(self, primary):
        apex = wire_name(ZONE)
        return super().removed(primary) + [row for row in primary.before if (row.owner, row.rtype) == (apex, NS)]


@fault(r"cname")
class adds_a_cname_beside_an_address(Incremental):
    def added(self, primary):
        return super().added(primary) + [record(f"host1.{ZONE}", CNAME, wire_name(f"www.{ZONE}"))]


# The records.

@fault(r"outside the zone")
class adds_to_another_zone(Incremental):
    def added(self, primary):
        return super().added(primary) + [record("www.example.net", A, bytes(4))]


@fault(r"class 3")
class adds_in_another_class(Incremental):
    def added(self, primary):
        return super().added(primary) + [record(f"ch.{ZONE}", TXT, b"\1x", rclass=3)]


@fault(r"malformed")
class adds_a_short_address(Incremental):
    def added(self, primary):
        return super().added(primary) + [record(f"bad.{ZONE}", A, b"\1\2\3")]


@fault(r"malformed")
class removes_a_malformed_record(Incremental):
    def removed(self, primary):
        return super().removed(primary) + [record(f"host1.{ZONE}", A, b"\1\2\3\4\5")]


@fault(r"no zone data")
class adds_a_meta_type(Incremental):
    def added(self, primary):
        return super().added(primary) + [record(f"meta.{ZONE}", 255, b"")]


@fault(r"SOA that is malformed, or of another zone")
class the_soa_of_a_child_amid(Incremental):
    def added(self, primary):
        return super().added(primary) + [primary.soa_record._replace(owner=wire_name(f"sub.{ZONE}"))]


@fault(r"malformed")
class a_name_that_points_to_itself(Incremental):
    def added(self, primary):
        return super().added(primary) + [Record(b"\xc0\x1d\xff", A, 300, bytes(4))]


# The messages.

@fault(r"behind the last SOA")
class records_behind_the_end(Incremental):
    def steps(self, primary):
        return super().steps(primary) + [record(f"late.{ZONE}", A, bytes(4))]


@fault(r"before the last SOA")
class ends_early(Incremental):
    def answer(self, primary, query):
        return self.sign(primary, query, [reply(query, self.steps(primary)[:-1])]) + [CLOSE]


@fault(r"closed the connection|reset")
class closes_inside_a_message(Incremental):
    def answer(self, primary, query):
        message = reply(query, self.steps(primary))
        return [Raw(struct.pack("!H", len(message)) + message[:len(message) // 2]), CLOSE]


@fault(r"without an answer|reset")
class closes_without_an_answer(Incremental):
    def answer(self, primary, query):
        return [CLOSE]


@fault(r"no answer to an IXFR within 15 s")
class never_answers(Incremental):
    def answer(self, primary, query):
        return [HANG]


@fault(r"SOA alone")
class sends_the_newer_soa_alone(Incremental):
    def answer(self, primary, query):
        return self.sign(primary, query, [reply(query, [primary.soa_record])]) + [CLOSE]


@fault(r"empty")
class an_empty_answer(Incremental):
    def answer(self, primary, query):
        return [reply(query), CLOSE]


@fault(r"begins with a record of type A")
class no_soa_first(Incremental):
    def steps(self, primary):
        return [record(f"host1.{ZONE}", A, bytes(4))] + super().steps(primary)


@fault(r"the ID \d+, we asked with")
class another_id(Incremental):
    def ixfr_messages(self, primary, query):
        return [reply(query, self.steps(primary), number=query.number ^ 1)]


@fault(r"another question")
class another_question(Incremental):
    def ixfr_messages(self, primary, query):
        question = wire_name("example.net") + struct.pack("!HH", AXFR, 1)
        return [reply(query, self.steps(primary), question=question)]


@fault(r"is a query")
class not_an_answer(Incremental):
    def ixfr_messages(self, primary, query):
        return [reply(query, self.steps(primary), qr=False)]


@fault(r"truncated")
class truncated(Incremental):
    def ixfr_messages(self, primary, query):
        return [reply(query, [], tc=True)]


@fault(r"malformed behind record")
class fewer_records_than_promised(Incremental):
    def ixfr_messages(self, primary, query):
        rows = self.steps(primary)
        return [reply(query, rows[:-1], count=len(rows) + 3)]


@fault(r"SERVFAIL")
class servfail_in_the_second_message(Incremental):
    def ixfr_messages(self, primary, query):
        return [reply(query, self.steps(primary)[:3]), reply(query, rcode=2)]


def _rcode(name, code):
    class refuses(Incremental):
        def ixfr_messages(self, primary, query):
            return [reply(query, rcode=code, aa=False)]
    refuses.__name__ = f"answers_{name}"
    fault(name)(refuses)


for _name, _code in (("refused", 5), ("servfail", 2), ("notauth", 9), ("notimp", 4), ("formerr", 1)):
    _rcode(_name, _code)


@fault(r"serial changed|last SOA|differs")
class the_whole_zone_with_another_serial_at_its_end(Incremental):
    def steps(self, primary):
        return primary.records + [soa(primary, 77)]


# TSIG.

@fault(r"tsig badsig|does not verify", keyed=True)
class tsig_with_a_bad_mac(Incremental):
    def sign(self, primary, query, messages):
        signer = Signer(primary.key, query.mac)
        return [signer.sign(message, spoil=query.rtype == IXFR) for message in messages]


@fault(r"not signed", keyed=True)
class tsig_missing(Incremental):
    def sign(self, primary, query, messages):
        return messages if query.rtype == IXFR else super().sign(primary, query, messages)


@fault(r"last message is not signed|not signed", keyed=True)
class tsig_missing_at_the_end(Incremental):
    per_message = 3

    def sign(self, primary, query, messages):
        signer = Signer(primary.key, query.mac)
        return [signer.sign(m) if m is not messages[-1] or query.rtype != IXFR else signer.skip(m) for m in messages]


@fault(r"clock|BADTIME", keyed=True)
class tsig_an_hour_old(Incremental):
    def sign(self, primary, query, messages):
        signer = Signer(primary.key, query.mac, skew=-3600 if query.rtype == IXFR else 0)
        return [signer.sign(message) for message in messages]


assert SOA == 6
