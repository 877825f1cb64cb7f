// SPDX-License-Identifier: GPL-3.0-or-later
// The verbs of the command line: one file each, all of one shape. Most only say
// what they are called and what they take, and are run by cli_run_request(): what
// the options give goes to the server as it is.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "daemon/protocol.h"

enum cli_group { GROUP_SERVER, GROUP_SEE, GROUP_ACT, GROUP_DECIDE, GROUP_HELP, GROUPS };

// What a verb takes beside its own options.
enum cli_takes {
	TAKES_SERVER = 1,      // --state-dir and -c: it speaks with a server
	TAKES_JSON = 2,        // --json
	TAKES_ZONE = 4,        // one zone
	TAKES_ZONES = 8,       // any number of zones
	NEEDS_ZONE = 16,       // … and at least one, or --all
	TAKES_ALL = 32,        // --all
	ALL_IF_NONE = 64,      // … which it means where no zone is named
	TAKES_WAIT = 128,      // --wait[=SECONDS]
	WAITS = 256,           // … which it does in any case
	TAKES_SERIAL = 512,    // a serial may stand behind a zone
	TAKES_SERIALS = 1024,  // two may
	NEEDS_SERIAL = 2048,
};

// How an option goes into the request.
enum cli_form {
	OPTION_FLAG,   // "key":true
	OPTION_STRING, // "key":"value"
	OPTION_LISTED, // its own name is added to the list "key"
};

struct cli_option {
	const char *name;  // without "--"
	const char *value; // what it is called in the help; NULL: it has none
	const char *help;  // a line
	const char *key;
	enum cli_form form;
	const char *const *words; // the values that there are, for completion; NULL: not known
};

struct cli_verb {
	const char *name;
	const char *summary;  // one line
	const char *usage;    // how it is called, and what it does, lines
	int (*run)(const struct cli_verb *verb, int argc, char **argv); // argv[0] is the verb; returns the exit code
	enum cli_group group;
	bool is_hidden;       // not for people
	unsigned takes;       // set of enum cli_takes
	const struct cli_option *options; // its own, ended by one without a name; NULL none
	const char *operand;  // "key" of the one word that may stand behind it, if no zone does
	const char *const *operand_words; // which ones there are; NULL: any
};

// All verbs, ended by NULL, in the order of the help.
extern const struct cli_verb *const cli_verbs[];

extern const struct cli_verb cli_serve, cli_check_config, cli_reload, cli_stop, cli_log_level, cli_version, cli_help,
	cli_status, cli_zones, cli_explain, cli_stats, cli_history, cli_diff, cli_audit,
	cli_refresh, cli_retransfer, cli_notify, cli_write,
	cli_approve, cli_reject, cli_rollback, cli_resume, cli_complete;

// Finds the verb and runs it.
int cli_run(int argc, char **argv);

const struct cli_verb *cli_find(const char *name); // or NULL

// "understudy VERB: <message>" and where help is, on standard error. Returns EXIT_USAGE.
int cli_usage_error(const struct cli_verb *verb, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

// What getopt_long() found wrong, in our words. Returns EXIT_USAGE.
int cli_option_error(const struct cli_verb *verb, int found, int argc, char **argv);

// The verb's help: its usage, and the options that it takes.
void cli_write_help(FILE *to, const struct cli_verb *verb);

// The run of a verb that is told by its description alone.
int cli_run_request(const struct cli_verb *verb, int argc, char **argv);
