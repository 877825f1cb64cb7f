// SPDX-License-Identifier: GPL-3.0-or-later
// What the files of explain share.
#pragma once

#include "base/address.h"
#include "dns/name.h"
#include "observe/explain.h"
#include "observe/times.h"

struct explainer {
	const struct explain_facts *facts;
	struct explanation *explanation;
	char name[NAME_MAX_TEXT];
};

// Adds a paragraph.
void explain_say(struct explainer *e, enum explain_about about, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

// Gives the last paragraph its command.
void explain_command(struct explainer *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

// "192.0.2.1@53", as the configuration and dig want it; "its primary" where it is
// not known.
const char *explain_primary(const struct explainer *e, char text[static ADDRESS_TEXT]);

// The configured primary that was spoken with last, else the first; NULL none.
const struct config_remote *explain_remote(const struct explainer *e);

// "3 s ago", "just now".
const char *explain_when(const struct explainer *e, int64_t at, char text[static TIMES_TEXT]);

// --- explain_wrong.c: what is wrong and what to do about it

void explain_trouble(struct explainer *e);

// The servers of the zone that do not tell their serials, and what to do.
void explain_silent(struct explainer *e);
