# SPDX-License-Identifier: GPL-3.0-or-later
"""The differences that are meant: where BIND, NSD and Knot agree and
Understudy answers otherwise, and why it should.

Each rule: a name, a reason, and a test of (question, field, ours, theirs),
where field is one of those compared and ours, theirs are whole replies. A rule
that nothing needed in a full run is reported, so that the list stays honest.
"""

from typing import Callable, NamedTuple


class Rule(NamedTuple):
    name: str
    reason: str
    applies: Callable


RULES = [
    Rule("fits",
         "Where a whole reply fits the size asked for, it is sent whole: the others cut at what "
         "their own, larger encoding needs.",
         lambda question, field, ours, theirs:
             ours is not None and theirs is not None and field in ("flags", "answer", "authority", "additional")
             and theirs.flags & 0x200 and not ours.flags & 0x200 and ours.size <= min(1232, question.limit)),
]
