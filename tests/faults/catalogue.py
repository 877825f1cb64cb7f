# SPDX-License-Identifier: GPL-3.0-or-later
"""The faults, each with the words by which the log is to name it."""

import socket
import struct

from misbehaving import (AXFR, CLOSE, HANG, IN, SOA, Fault, Pause, Raw, Record, Signer, add_additional,
                         record, reply, wire_name)

ZONE = "example.com"
A, NS, CNAME, TXT, DNAME, MX = 1, 2, 5, 16, 39, 15
FAULTS = {}


def fault(reason, *, keyed=False, poll=False, slow=False, options=()):
    """Register a fault. `reason` is a pattern for the log line; `keyed`: the
    transfer is signed; `poll`: it is the SOA poll that fails, so the refresh
    timer must bring it out; `slow`: it is noticed by a time limit, so that the
    log line is awaited only once the primary lets go."""
    def put(kind):
        FAULTS[kind.__name__] = (kind, reason, keyed, poll, slow, list(options))
        return kind
    return put


GOOD = {}


def good(*, keyed=False, start=1, then=2, poll=False):
    """Register odd but proper behaviour: the new zone must be taken."""
    def put(kind):
        GOOD[kind.__name__] = (kind, keyed, start, then, poll)
        return kind
    return put


class Inserted(Fault):
    """A transfer with more records in its middle."""

    def extra(self, primary):
        raise NotImplementedError

    def rows(self, primary):
        rows = primary.records + [primary.soa_record]
        return rows[:4] + self.extra(primary) + rows[4:]


# How the stream ends.

@fault(r"end|clos|early|short|eof|incomplete|cut")
class ends_early_and_closes(Fault):
    def transfer(self, primary, query):
        return self.sign(primary, query, [reply(query, primary.records[:5])]) + [CLOSE]


@fault(r"time|idle|slow|end|clos|early|eof|incomplete", slow=True)
class ends_early_and_hangs(Fault):
    def transfer(self, primary, query):
        return [reply(query, primary.records[:5]), HANG]


@fault(r"time|idle|slow|end|clos|early|eof|no answer|incomplete", slow=True)
class never_answers_the_transfer(Fault):
    def transfer(self, primary, query):
        return [HANG]


@fault(r"end|clos|early|short|eof|incomplete|cut|reset")
class closes_inside_a_message(Fault):
    def transfer(self, primary, query):
        message = reply(query, primary.records)
        return [Raw(struct.pack("!H", len(message)) + message[:len(message) // 2]), CLOSE]


@fault(r"clos|end|early|eof|reset|short")
class accepts_and_closes(Fault):
    def accept(self):
        return False


@fault(r"length|short|malformed|format|message|header|end|clos|early")
class length_of_three(Fault):
    def transfer(self, primary, query):
        return [Raw(b"\0\3abc"), CLOSE]


@fault(r"length|short|malformed|format|message|end|clos|early|eof")
class length_of_zero(Fault):
    def transfer(self, primary, query):
        return [Raw(b"\0\0"), CLOSE]


@fault(r"end|clos|early|short|eof|incomplete|length|malformed|format|id")
class garbage_instead_of_messages(Fault):
    def transfer(self, primary, query):
        return [Raw(bytes((i * 151 + 43) % 256 for i in range(5000))), CLOSE]


# The SOA records that frame it.

@fault(r"soa|serial")
class last_soa_differs(Fault):
    def rows(self, primary):
        return primary.records + [primary.soa_with(77)]


@fault(r"soa|serial")
class another_serial_in_the_middle(Inserted):
    def extra(self, primary):
        return [primary.soa_with(77)]


@fault(r"soa")
class no_soa_first(Fault):
    def rows(self, primary):
        return primary.records[1:] + [primary.soa_record]


@fault(r"ns|apex|empty|name ?server")
class two_soa_and_nothing_else(Fault):
    def rows(self, primary):
        return [primary.soa_record, primary.soa_record]


@fault(r"soa|empty|no record|answer")
class empty_answer(Fault):
    def transfer(self, primary, query):
        return [reply(query), CLOSE]


@fault(r"after|behind|trailing|extra|beyond|soa")
class records_behind_the_last_soa(Fault):
    def rows(self, primary):
        return primary.records + [primary.soa_record, record(f"late.{ZONE}", A, bytes(4))]


@fault(r"serial|older|lower|behind|same")
class transfer_brings_an_older_serial(Fault):
    def rows(self, primary):
        old = primary.soa_with(0xfffffff0)
        return [old] + primary.records[1:] + [old]


@fault(r"soa|owner|outside|not in|another|zone")
class soa_of_another_zone(Fault):
    def rows(self, primary):
        other = primary.soa_record._replace(owner=wire_name("example.net"))
        return [other] + primary.records[1:] + [other]


# The header and the question.

@fault(r"\bid\b|number|match|unexpected|another")
class wrong_id(Fault):
    def messages(self, primary, query):
        return [reply(query, self.rows(primary), number=query.number ^ 0x5555)]


@fault(r"\bid\b|number|match|unexpected|another|time|idle|clos|end")
class wrong_id_in_the_second_message(Fault):
    def messages(self, primary, query):
        rows = self.rows(primary)
        return [reply(query, rows[:5]), reply(query, rows[5:], number=query.number ^ 1), ]

    def transfer(self, primary, query):
        return super().transfer(primary, query) + [CLOSE]


@fault(r"question|match|unexpected|another")
class wrong_question(Fault):
    def messages(self, primary, query):
        question = wire_name("example.net") + struct.pack("!HH", AXFR, IN)
        return [reply(query, self.rows(primary), question=question)]


@fault(r"opcode|header|not a (reply|response)|unexpected")
class wrong_opcode(Fault):
    def messages(self, primary, query):
        return [reply(query, self.rows(primary), opcode=4)]


@fault(r"qr|reply|response|header|unexpected|query")
class qr_clear(Fault):
    def messages(self, primary, query):
        return [reply(query, self.rows(primary), qr=False)]


@fault(r"truncat|\btc\b|format|malformed|soa|header|end|clos|early")
class tc_over_tcp_and_nothing(Fault):
    def messages(self, primary, query):
        return [reply(query, [], tc=True)]


def _rcode(name, code, pattern):
    class refuses(Fault):
        def transfer(self, primary, query):
            return [primary.signed(query, reply(query, rcode=code, aa=False))]
    refuses.__name__ = f"answers_{name}"
    fault(pattern)(refuses)


for _name, _code in (("refused", 5), ("servfail", 2), ("notauth", 9), ("notimp", 4),
                     ("formerr", 1), ("nxdomain", 3)):
    _rcode(_name, _code, _name)


@fault(r"servfail|rcode")
class rcode_in_the_second_message(Fault):
    def messages(self, primary, query):
        return [reply(query, primary.records[:5]), reply(query, rcode=2)]


# The records.

@fault(r"outside|out of|not in|belong|not below|another zone|example\.net")
class records_of_another_zone(Inserted):
    def extra(self, primary):
        return [record("www.example.net", A, bytes(4))]


@fault(r"outside|out of|not in|belong|not below|above")
class record_of_the_parent(Inserted):
    def extra(self, primary):
        return [record("com", NS, wire_name("ns1.example.com"))]


@fault(r"cname")
class cname_and_other_data(Inserted):
    def extra(self, primary):
        return [record(f"both.{ZONE}", CNAME, wire_name(f"www.{ZONE}")), record(f"both.{ZONE}", A, bytes(4))]


@fault(r"cname")
class two_cnames(Inserted):
    def extra(self, primary):
        return [record(f"two.{ZONE}", CNAME, wire_name(f"a.{ZONE}")),
                record(f"two.{ZONE}", CNAME, wire_name(f"b.{ZONE}"))]


@fault(r"class|\bch\b|chaos")
class records_of_class_ch(Inserted):
    def extra(self, primary):
        return [record(f"chaos.{ZONE}", TXT, b"\1x", rclass=3)]


@fault(r"ns|apex|name ?server")
class no_ns_at_the_apex(Fault):
    def rows(self, primary):
        apex = wire_name(ZONE)
        rows = [row for row in primary.records if (row.owner, row.rtype) != (apex, NS)]
        return rows + [primary.soa_record]


@fault(r"type|meta|any|record")
class a_record_of_type_any(Inserted):
    def extra(self, primary):
        return [record(f"meta.{ZONE}", 255, b"")]


def _bad_rdata(name, rtype, rdata):
    class bad(Inserted):
        def extra(self, primary):
            return [record(f"bad.{ZONE}", rtype, rdata)]
    bad.__name__ = f"bad_rdata_{name}"
    fault(r"rdata|malformed|bad|format|length|record|data")(bad)


_bad_rdata("a_of_three_bytes", A, b"\1\2\3")
_bad_rdata("aaaa_of_four_bytes", 28, b"\1\2\3\4")
_bad_rdata("mx_without_a_name", MX, b"\0\12")
_bad_rdata("mx_whose_name_runs_on", MX, b"\0\12\7abc")
_bad_rdata("txt_longer_than_it_is", TXT, b"\x20abc")
_bad_rdata("soa_cut", SOA, wire_name("a.") + wire_name("b.") + bytes(7))
_bad_rdata("cname_and_more", CNAME, wire_name("x.example.com") + b"junk")


@fault(r"record|limit|max|large|many|size|big", options=["max-records 60;"])
class more_records_than_allowed(Inserted):
    def extra(self, primary):
        return [record(f"n{i}.{ZONE}", A, bytes(4)) for i in range(500)]


def _bad_name(name, owner):
    class bad(Fault):
        def messages(self, primary, query):
            rows = self.rows(primary)
            broken = Record(owner, A, 300, bytes(4))
            return [reply(query, rows[:4]), reply(query, [broken]), reply(query, rows[4:])]
    bad.__name__ = f"bad_name_{name}"
    fault(r"name|compress|pointer|label|malformed|format|loop")(bad)


_bad_name("pointing_to_itself", b"\xc0\x1d")
_bad_name("pointing_forward", b"\xc0\xff")
_bad_name("pointing_past_the_end", b"\xff\xff")
_bad_name("of_label_type_01", b"\x41x\0")
_bad_name("of_label_type_10", b"\x81x\0")
_bad_name("of_300_bytes", (b"\x3f" + b"x" * 63) * 4 + b"\x2c" + b"x" * 44 + wire_name(ZONE))


@fault(r"count|end|short|malformed|format|record|early|trunc|past")
class more_records_promised_than_there(Fault):
    def messages(self, primary, query):
        rows = self.rows(primary)
        return [reply(query, rows, count=len(rows) + 9)]


@fault(r"record|end|short|malformed|format|rdata|early|trunc|past|length")
class message_cut_inside_a_record(Fault):
    def messages(self, primary, query):
        message = reply(query, self.rows(primary))
        return [message[:-9]]


# TSIG.

class _Signed(Fault):
    def transfer(self, primary, query):
        return self.stream(Signer(primary.key, query.mac), self.messages(primary, query))


@fault(r"tsig|mac|sign|verif", keyed=True)
class tsig_with_a_bad_mac(_Signed):
    def stream(self, signer, messages):
        return [signer.sign(message, spoil=True) for message in messages]


@fault(r"tsig|mac|sign|verif", keyed=True)
class tsig_bad_in_the_last_message(_Signed):
    def stream(self, signer, messages):
        return [signer.sign(message, spoil=message is messages[-1]) for message in messages]


@fault(r"tsig|key", keyed=True)
class tsig_of_another_key(Fault):
    def transfer(self, primary, query):
        signer = Signer(type(primary.key)("another-key"), query.mac)
        return [signer.sign(message) for message in self.messages(primary, query)]


@fault(r"tsig|mac|sign|verif", keyed=True)
class tsig_with_another_secret(Fault):
    def transfer(self, primary, query):
        signer = Signer(type(primary.key)(primary.key.name, primary.key.algorithm, "other"), query.mac)
        return [signer.sign(message) for message in self.messages(primary, query)]


@fault(r"tsig|sign", keyed=True)
class tsig_missing(Fault):
    def sign(self, primary, query, messages):
        return messages


@fault(r"tsig|sign", keyed=True)
class tsig_missing_on_the_last_message(_Signed):
    per_message = 4

    def stream(self, signer, messages):
        return [signer.sign(m) if m is not messages[-1] else signer.skip(m) for m in messages]


@fault(r"tsig|sign", keyed=True)
class tsig_missing_on_the_first_message(_Signed):
    per_message = 4

    def stream(self, signer, messages):
        return [signer.skip(messages[0])] + [signer.sign(m) for m in messages[1:]]


@fault(r"time|clock|fudge|seconds|\bs ", keyed=True)
class tsig_an_hour_old(Fault):
    def transfer(self, primary, query):
        signer = Signer(primary.key, query.mac, skew=-3600)
        return [signer.sign(message) for message in self.messages(primary, query)]


@fault(r"badtime|clock|time", keyed=True)
class tsig_badtime(Fault):
    def transfer(self, primary, query):
        import time
        theirs = int(time.time()) + 412
        other = struct.pack("!HI", theirs >> 32, theirs & 0xffffffff)
        return [Signer(primary.key, query.mac).sign(reply(query, rcode=9), error=18, other=other)]


def _tsig_error(name, code):
    class refuses(Fault):
        def transfer(self, primary, query):
            # RFC 8945, section 5.3.2: such a reply is itself unsigned.
            rdata = (wire_name(primary.key.algorithm) + struct.pack("!HIHHHHH", 0, 0, 300, 0,
                                                                     query.number, code, 0))
            row = wire_name(primary.key.name) + struct.pack("!HHIH", 250, 255, 0, len(rdata)) + rdata
            return [add_additional(reply(query, rcode=9), row)]
    refuses.__name__ = f"tsig_{name}"
    fault(r"tsig|" + name, keyed=True)(refuses)


_tsig_error("badkey", 17)
_tsig_error("badsig", 16)


# The SOA poll.

class _Poll(Fault):
    """Transfers are refused, so that a poll that is believed shows in the log only."""


@fault(r"lower|older|behind|serial", poll=True)
class poll_says_a_lower_serial(Fault):
    def soa(self, primary, query):
        return primary.signed(query, reply(query, [primary.soa_with(0xfffffff0)]))


@fault(r"servfail", poll=True)
class poll_says_servfail(Fault):
    def soa(self, primary, query):
        return primary.signed(query, reply(query, rcode=2))


@fault(r"soa|answer|empty", poll=True)
class poll_without_an_answer(Fault):
    def soa(self, primary, query):
        return primary.signed(query, reply(query))


@fault(r"auth|\baa\b", poll=True)
class poll_not_authoritative(Fault):
    def soa(self, primary, query):
        return primary.signed(query, reply(query, [primary.soa_record], aa=False))

    def transfer(self, primary, query):
        return [reply(query, rcode=5)]


@fault(r"time|no answer|no reply|unreach|silent|respond|clos|end", poll=True)
class poll_is_not_answered(Fault):
    def udp(self, primary, query, raw, source):
        return []

    def accept(self):
        return False


@fault(r"time|no answer|no reply|unreach|silent|respond|clos|end|source|from", poll=True)
class poll_answered_from_elsewhere(Fault):
    def udp(self, primary, query, raw, source):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind(("127.0.0.99", primary.port))
            s.sendto(reply(query, [primary.soa_with(99)]), source)
        return []

    def accept(self):
        return False


@fault(r"time|no answer|no reply|unreach|silent|respond|clos|end|\bid\b|match", poll=True)
class poll_answered_with_another_id(Fault):
    def udp(self, primary, query, raw, source):
        return [reply(query, [primary.soa_with(99)], number=query.number ^ 1)]

    def accept(self):
        return False


@fault(r"time|no answer|no reply|malformed|format|clos|end|garbage|short", poll=True)
class poll_answered_with_garbage(Fault):
    def udp(self, primary, query, raw, source):
        return [raw[:2] + b"\x80\x00garbage", raw[:5]]

    def accept(self):
        return False


# Odd, and right.

@good()
class one_record_a_message(Fault):
    per_message = 1


@good()
class only_the_first_message_has_a_question(Fault):
    def messages(self, primary, query):
        rows = self.rows(primary)
        return [reply(query, rows[:3])] + [reply(query, [row], question=b"") for row in rows[3:]]


@good()
class bytes_trickle(Fault):
    def transfer(self, primary, query):
        message = reply(query, self.rows(primary))
        stream = struct.pack("!H", len(message)) + message
        for i in range(0, len(stream), 7):
            yield Raw(stream[i:i + 7])
            yield Pause(0.003)


@good()
class all_in_one_write(Fault):
    def transfer(self, primary, query):
        messages = super().transfer(primary, query)
        return [Raw(b"".join(struct.pack("!H", len(m)) + m for m in messages))]


@good()
class records_twice(Fault):
    def rows(self, primary):
        return primary.records + primary.records[1:] + [primary.soa_record]


@good()
class names_compressed_to_the_question(Fault):
    def messages(self, primary, query):
        apex = wire_name(ZONE)

        def shrink(row):
            if row.owner.endswith(apex):
                return row._replace(owner=row.owner[:-len(apex)] + b"\xc0\x0c")
            return row
        return [reply(query, [shrink(row) for row in self.rows(primary)])]


@good()
class owners_in_upper_case(Fault):
    def rows(self, primary):
        return [row._replace(owner=row.owner.upper()) for row in primary.records] + [primary.soa_record]


@good()
class ttls_beyond_their_range(Fault):
    def rows(self, primary):
        rows = [row if row.rtype != TXT else row._replace(ttl=0x80000001) for row in primary.records]
        return rows + [primary.soa_record]


@good()
class records_out_of_order(Fault):
    def rows(self, primary):
        return [primary.soa_record] + primary.records[:0:-1] + [primary.soa_record]


@good()
class unknown_types(Inserted):
    def extra(self, primary):
        return [record(f"odd.{ZONE}", 65280 + i, bytes(i * 100)) for i in range(4)]


@good(keyed=True)
class tsig_on_every_message(Fault):
    per_message = 1


@good(keyed=True)
class tsig_on_every_hundredth_message(_Signed):
    per_message = 1

    def rows(self, primary):
        more = [record(f"n{i}.{ZONE}", A, bytes(4)) for i in range(450)]
        return primary.records + more + [primary.soa_record]

    def stream(self, signer, messages):
        out = []
        for number, message in enumerate(messages):
            last = number == len(messages) - 1
            out.append(signer.sign(message) if number % 100 == 0 or last else signer.skip(message))
        return out


@good(start=0xfffffff0, then=5)
class serial_wraps_around(Fault):
    pass


@good(start=0xffffffff, then=0)
class serial_becomes_zero(Fault):
    pass


@good(poll=True)
class poll_truncated_over_udp(Fault):
    def udp(self, primary, query, raw, source):
        return [primary.signed(query, reply(query, tc=True))]


@good(poll=True)
class poll_answered_twice(Fault):
    def udp(self, primary, query, raw, source):
        return [self.soa(primary, query)] * 2


@good()
class bytes_behind_the_records(Fault):
    """What the counts do not mention is passed over, as BIND does it too."""

    def messages(self, primary, query):
        return [reply(query, self.rows(primary)) + b"left over"]
