// SPDX-License-Identifier: GPL-3.0-or-later
// The words that operators' hands know from nsd-control, knotc, rndc and
// pdns_control.
#pragma once

struct cli_verb;

struct cli_alias {
	const char *word;
	const char *from;   // whose word it is
	const char *verb;   // what it means here; NULL: that is not implemented
	const char *advice; // … and what to do instead
	int means_all;      // without a zone it means all
};

// All of them, ended by one without a word.
extern const struct cli_alias cli_aliases[];

const struct cli_alias *cli_alias_find(const char *word); // or NULL

// Carries one out. argv[0] is the alias.
int cli_alias_run(const struct cli_alias *alias, int argc, char **argv);
