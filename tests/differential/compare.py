# SPDX-License-Identifier: GPL-3.0-or-later
"""What counts as the same answer.

Compared are the rcode, the flags, the question with its case, the answer and
the authority section as sets of records (names without case, with their TTL),
the additional section of a referral (its glue), the presence of EDNS with its
version and the DO bit. Not compared: the CD bit, the order of records, compression, the
EDNS size a server offers, additional records that no one needs, and what is
left in a reply that says it is truncated.
"""

import collections

import wire
from permitted import RULES

FIELDS = ("reply", "rcode", "flags", "question", "edns", "answer", "authority", "additional")
CD = 0x10         # BIND copies the bit into its replies, NSD and Knot clear it
PEERS = ("BIND", "NSD", "Knot")


def _value(reply, field):
    if field == "reply":
        return reply is not None
    if reply is None:
        return None
    if field == "edns":
        return reply.edns[:2]
    if reply.flags & 0x200 and field in ("answer", "authority", "additional"):
        return "truncated"
    if field == "additional" and not _is_referral(reply):
        return "any"
    if field == "flags":
        return reply.flags & ~CD
    return getattr(reply, field)


def _is_referral(reply):
    return (not reply.flags & 0x400 and reply.rcode == 0
            and any(row[1] == 2 for row in reply.authority))


def read(raw, strict=True):
    return None if raw is None else wire.parse(raw, strict)


class Outcome:
    def __init__(self):
        self.asked = 0
        self.failures = []      # (what, question or text, field, ours, peers)
        self.outvoted = collections.Counter()
        self.outvoted_samples = {}
        self.split = collections.Counter()      # no two peers alike
        self.used = collections.Counter()
        self.contested = 0      # questions on which the peers differ

    def add(self, what, question, ours, peers):
        """One question: our raw reply and each peer's."""
        self.asked += 1
        try:
            mine = read(ours)
            self._check_alone(what, question, mine, ours)
        except wire.Malformed as error:
            self.failures.append((what, question, f"malformed: {error}", None, {}))
            return
        parsed = {}
        for name, raw in peers.items():
            try:
                parsed[name] = read(raw, strict=False)
            except wire.Malformed:
                parsed[name] = None
        contested = False
        for field in FIELDS:
            values = {name: _value(reply, field) for name, reply in parsed.items()}
            groups = collections.Counter(values.values())
            value, votes = groups.most_common(1)[0]
            contested = contested or votes < len(values)
            if _value(mine, field) == value:
                continue
            rule = self._permits(question, field, mine, parsed, votes)
            if rule:
                self.used[rule.name] += 1
            elif votes == len(values):
                self.failures.append((what, question, field, mine, parsed))
            elif votes == 2:
                self.outvoted[field] += 1
                self.outvoted_samples.setdefault(field, []).append((what, question, field, mine, parsed))
            else:
                self.split[field] += 1
        self.contested += contested

    def _permits(self, question, field, mine, parsed, votes):
        if votes < len(parsed) or isinstance(question, str):
            return None
        theirs = next(iter(parsed.values()))
        return next((r for r in RULES if r.applies(question, field, mine, theirs)), None)

    @staticmethod
    def _check_alone(what, question, mine, raw):
        """What must hold whatever the others say."""
        if mine is None or isinstance(question, str):
            return
        if not mine.flags & 0x8000:
            raise wire.Malformed("the QR bit is clear")
        if what == "udp" and mine.size > question.limit:
            raise wire.Malformed(f"{mine.size} bytes where {question.limit} were asked for")
        if mine.edns and not question.edns:
            raise wire.Malformed("an OPT record that was not asked for")

    def report(self, limit=25) -> str:
        out = [f"{self.asked} questions; the three agree in all on {self.asked - self.contested}; "
               f"{len(self.failures)} differences where they agree and we do not"]
        for rule in RULES:
            out.append(f"permitted, {rule.name}: {self.used[rule.name]} times. {rule.reason}")
        out.append("for information: outvoted by two of three: "
                   + (", ".join(f"{f} {n}" for f, n in self.outvoted.most_common()) or "never")
                   + "; all three differ and so do we: "
                   + (", ".join(f"{f} {n}" for f, n in self.split.most_common()) or "never"))
        shown, classes = 0, collections.Counter()
        for row in self.failures:
            kind = (row[0], row[2], _class(row))
            classes[kind] += 1
            # A few of each kind tell more than many of one.
            if classes[kind] <= 2 and shown < limit:
                shown += 1
                out.append(describe(*row))
        if classes:
            out.append("kinds of difference:")
            out += [f"  {count} × {kind}" for kind, count in classes.most_common(40)]
        return "\n".join(out)

    def outvoted_report(self, each=6) -> str:
        out = []
        for field, rows in self.outvoted_samples.items():
            out.append(f"=== two of three against us: {field}, {len(rows)} times")
            seen = collections.Counter()
            for row in rows:
                kind = _class(row)
                seen[kind] += 1
                if seen[kind] <= 2 and sum(1 for v in seen.values() if v) <= each * 4:
                    out.append(describe(*row))
            out += [f"  {count} × {kind}" for kind, count in seen.most_common()]
        return "\n".join(out)


def _class(row):
    what, question, field, mine, peers = row
    if isinstance(question, str):
        return question[:40]
    labels = wire.name_text(question.name).lower().split(".")
    zone = ".".join(labels[-3:])
    ours = "silence" if mine is None else wire.RCODES.get(mine.rcode, mine.rcode)
    theirs = next((r for r in peers.values() if r is not None), None)
    codes = f"{ours}, theirs {wire.RCODES.get(theirs.rcode, theirs.rcode) if theirs else 'silence'}"
    return (f"{zone} {wire.TYPES.get(question.rtype, question.rtype)}"
            f"{' DO' if question.dnssec else ''}: ours {codes}")


def describe(what, question, field, mine, peers) -> str:
    if isinstance(question, str):
        head = question
    else:
        kind = wire.TYPES.get(question.rtype, f"TYPE{question.rtype}")
        head = (f"{wire.name_text(question.name)} {kind} class {question.rclass} edns={question.edns} "
                f"do={int(question.dnssec)} flags={question.flags:#x} option={question.option.hex()} "
                f"version={question.version}")
    out = [f"--- {what}: {head}: {field}", "  Understudy: " + wire.reply_text(mine)]
    alike = collections.defaultdict(list)
    for name, reply in peers.items():
        alike[wire.reply_text(reply)].append(name)
    out += [f"  {', '.join(names)}: {text}" for text, names in alike.items()]
    return "\n".join(out)
