// SPDX-License-Identifier: GPL-3.0-or-later
// The verbs of the command line: one file each, all of one shape.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "daemon/protocol.h"

struct cli_verb {
	const char *name;
	const char *summary;  // one line
	const char *usage;    // the whole help text, lines
	int (*run)(const struct cli_verb *verb, int argc, char **argv); // argv[0] is the verb; returns the exit code
};

extern const struct cli_verb cli_serve, cli_check_config, cli_status, cli_refresh, cli_retransfer,
	cli_approve, cli_reject, cli_history, cli_diff, cli_rollback, cli_resume, cli_reload, cli_stop, cli_version, cli_help;

// Finds the verb and runs it.
int cli_run(int argc, char **argv);

// All verbs, ended by NULL.
extern const struct cli_verb *const cli_verbs[];
const struct cli_verb *cli_find(const char *name); // or NULL

// "understudy VERB: <message>" and where help is, on standard error. Returns EXIT_USAGE.
int cli_usage_error(const struct cli_verb *verb, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

// What getopt_long() found wrong, in our words. Returns EXIT_USAGE.
int cli_option_error(const struct cli_verb *verb, int found, int argc, char **argv);

// --- talking to the server: options that all later verbs share

struct cli_target {
	const char *state_dir;   // --state-dir
	const char *config_path; // -c
	bool json;               // --json, where the verb has it
	const char *zone;        // the operand, NULL none
	bool primary;            // --primary, where the verb has it
	unsigned serials;        // operands behind the zone
	uint32_t serial[2];
};

// Reads -c, --state-dir, -h, and --json where `json`; at most one operand
// where `zone`. Returns 0, or an exit code + 1 that is to be returned less 1
// (help was printed, or the usage was wrong).
int cli_read_target(const struct cli_verb *verb, int argc, char **argv, bool json, bool zone,
                    struct cli_target *target);

// The same for a verb that takes a zone and up to so many serials, and --primary
// where `primary`.
int cli_read_serials(const struct cli_verb *verb, int argc, char **argv, unsigned most, bool primary,
                     struct cli_target *target);

// Asks the server and prints what it says: standard output where the code is
// good or degraded, else standard error. Returns its exit code.
int cli_ask(const struct cli_verb *verb, const struct cli_target *target);

// The run of a verb that takes a zone and nothing else.
int cli_run_on_zone(const struct cli_verb *verb, int argc, char **argv);

// Waits until no server is on that socket any more, at most so long.
bool cli_wait_gone(const struct cli_target *target, unsigned seconds);
