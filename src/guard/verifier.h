// SPDX-License-Identifier: GPL-3.0-or-later
// A program of the operator's that must agree before a version is published,
// with the contract of NSD's verifiers (nsd.conf(5), verify:):
//
//   standard input   the zone, as text in canonical order
//   VERIFY_ZONE      its name, without the final dot
//   VERIFY_ZONE_ON_STDIN  "yes"
//   exit code        0: publish; anything else, a signal, a crash: do not
//   output           goes to the log, line by line
//
// There is no server to ask for the new content, so VERIFY_IP_ADDRESSES and its
// kin are not set. The program gets no descriptor but 0, 1 and 2, default signal
// handlers, and a process group of its own, which is killed when its time is up.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "guard/guard.h"

struct verifier {
	const char *command;          // words parted by blanks; '…' and "…" keep them together
	uint32_t timeout;             // seconds; 0: as long as it likes
	const atomic_bool *cancelled; // looked at a few times a second: kill it and give up
};

// Runs it and waits for its end: on a thread that has nothing else to do. Safe
// beside other threads: nothing is forked that could see half of their state.
// SIGPIPE must be ignored. Returns 0, ERR_HELD with the verdict, ERR_CLOSED
// (cancelled), or ERR_MEMORY.
int verifier_run(const struct zone_version *version, const struct verifier *verifier, struct guard_verdict *verdict);
