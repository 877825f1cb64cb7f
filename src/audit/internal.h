// SPDX-License-Identifier: GPL-3.0-or-later
// What an audit is. Inside src/audit only.
#pragma once

#include <setjmp.h>

#include "audit/facts.h"
#include "audit/finding.h"
#include "audit/lines.h"

struct audit {
	struct pool pool;
	jmp_buf escape;
	struct facts facts;
	struct findings findings;
	struct lines lines;
};

// "error", "warning", "info".
const char *audit_severity_word(enum audit_severity severity);

// What is said of a server in a word: "in step", "behind", "no answer", "lame", …
const char *audit_server_state(const struct facts *facts, const struct server *server);
