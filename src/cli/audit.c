// SPDX-License-Identifier: GPL-3.0-or-later
#include "audit/audit.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/address.h"
#include "base/error.h"
#include "cli/cli.h"
#include "config/config.h"
#include "config/scalar.h"

#define TIMEOUT_MOST 30 // seconds

enum { OPTION_PARENT = 256, OPTION_SERVER, OPTION_ROOT, OPTION_PORT, OPTION_JSON, OPTION_NAGIOS,
       OPTION_TSIG, OPTION_TIMEOUT, OPTION_NEW, OPTION_NO_PARENT, OPTION_NO_AS };

static const struct option options[] = {
	{ "help", no_argument, NULL, 'h' }, { "config", required_argument, NULL, 'c' },
	{ "parent", required_argument, NULL, OPTION_PARENT }, { "server", required_argument, NULL, OPTION_SERVER },
	{ "root", required_argument, NULL, OPTION_ROOT }, { "port", required_argument, NULL, OPTION_PORT },
	{ "json", no_argument, NULL, OPTION_JSON }, { "nagios", no_argument, NULL, OPTION_NAGIOS },
	{ "tsig", required_argument, NULL, OPTION_TSIG }, { "timeout", required_argument, NULL, OPTION_TIMEOUT },
	{ "new", required_argument, NULL, OPTION_NEW }, { "no-parent", no_argument, NULL, OPTION_NO_PARENT },
	{ "no-as", no_argument, NULL, OPTION_NO_AS }, { NULL, 0, NULL, 0 },
};

// What the command line said, as it said it: ports may come after addresses.
struct words {
	const char *parents[AUDIT_ADDRESSES_MOST], *servers[AUDIT_ADDRESSES_MOST], *roots[AUDIT_ADDRESSES_MOST];
	uint32_t parent_count, server_count, root_count;
	const char *domain, *config_path, *tsig, *new;
	bool help, json, nagios;
};

struct work {
	const struct cli_verb *verb;
	struct words words;
	struct audit_options options;
	uint8_t domain[NAME_MAX_WIRE], new_name[NAME_MAX_WIRE];
	struct config *config, *key_holder;
};

static int add_word(const struct cli_verb *verb, const char *what, const char **list, uint32_t *count)
{
	if (*count == AUDIT_ADDRESSES_MOST)
		return cli_usage_error(verb, "%s may be given %u times at most", what, AUDIT_ADDRESSES_MOST);
	list[(*count)++] = optarg;
	return 0;
}

static int read_number(const struct cli_verb *verb, const char *what, uint64_t most, uint64_t *value)
{
	if (scalar_number(optarg, most, value) && *value > 0)
		return 0;
	return cli_usage_error(verb, "%s wants a number from 1 to %u, not \"%s\"", what, (unsigned)most, optarg);
}

static int take_option(struct work *work, int found)
{
	uint64_t value = 0;
	int code = 0;
	struct words *words = &work->words;
	switch (found) {
	case 'h': words->help = true; break;
	case 'c': words->config_path = optarg; break;
	case OPTION_PARENT: return add_word(work->verb, "--parent", words->parents, &words->parent_count);
	case OPTION_SERVER: return add_word(work->verb, "--server", words->servers, &words->server_count);
	case OPTION_ROOT: return add_word(work->verb, "--root", words->roots, &words->root_count);
	case OPTION_JSON: words->json = true; break;
	case OPTION_NAGIOS: words->nagios = true; break;
	case OPTION_TSIG: words->tsig = optarg; break;
	case OPTION_NEW: words->new = optarg; break;
	case OPTION_NO_PARENT: work->options.no_parent = true; break;
	case OPTION_NO_AS: work->options.no_origin = true; break;
	case OPTION_PORT:
		code = read_number(work->verb, "--port", 65535, &value);
		work->options.port = (uint16_t)value;
		break;
	case OPTION_TIMEOUT:
		code = read_number(work->verb, "--timeout", TIMEOUT_MOST, &value);
		work->options.timeout_ms = (uint32_t)value * 1000;
		break;
	default: break;
	}
	return code;
}

static int read_words(struct work *work, int argc, char **argv)
{
	int found, code;
	optind = 1;
	opterr = 0;
	while ((found = getopt_long(argc, argv, ":hc:", options, NULL)) != -1) {
		if (found == '?' || found == ':')
			return cli_option_error(work->verb, found, argc, argv);
		code = take_option(work, found);
		if (code != 0 || work->words.help)
			return code;
	}
	if (optind < argc)
		work->words.domain = argv[optind++];
	if (work->words.domain == NULL)
		return cli_usage_error(work->verb, "name the domain");
	if (optind < argc)
		return cli_usage_error(work->verb, "\"%s\" is too much: one domain at a time", argv[optind]);
	if (work->words.json && work->words.nagios)
		return cli_usage_error(work->verb, "--json and --nagios exclude each other");
	if (work->words.tsig != NULL && work->words.server_count == 0)
		return cli_usage_error(work->verb, "--tsig is for transfers from servers named with --server");
	return 0;
}

static int read_addresses(const struct work *work, const char *what, const char *const *texts, uint32_t count,
                          struct audit_addresses *addresses)
{
	for (uint32_t i = 0; i < count; i++)
		if (!scalar_endpoint(texts[i], work->options.port, &addresses->at[addresses->count++]))
			return cli_usage_error(work->verb, "%s wants ADDR or ADDR@PORT, not \"%s\"", what, texts[i]);
	return 0;
}

// NAME=ADDR[,ADDR…]
static int read_new(struct work *work)
{
	char copy[NAME_MAX_TEXT + 2048], *rest = NULL;
	struct audit_addresses *addresses = &work->options.new_addresses;
	int length = snprintf(copy, sizeof copy, "%s", work->words.new);
	char *equals = strchr(copy, '=');
	if (length < 0 || (size_t)length >= sizeof copy || equals == NULL || equals[1] == '\0')
		return cli_usage_error(work->verb, "--new wants NAME=ADDR or NAME=ADDR,ADDR, not \"%s\"", work->words.new);
	*equals = '\0';
	if (name_from_text(copy, work->new_name) < 0)
		return cli_usage_error(work->verb, "--new: \"%s\" is no domain name", copy);
	for (char *word = strtok_r(equals + 1, ",", &rest); word != NULL; word = strtok_r(NULL, ",", &rest))
		if (addresses->count == AUDIT_ADDRESSES_MOST ||
		    !scalar_endpoint(word, work->options.port, &addresses->at[addresses->count++]))
			return cli_usage_error(work->verb, "--new: \"%s\" is no address, or one too many", word);
	work->options.new_name = work->new_name;
	return 0;
}

static int read_config(struct work *work)
{
	struct config_report report = { 0 };
	const struct config_overrides overrides = { 0 };
	int error = config_read_file(work->words.config_path, &overrides, &report, &work->config);
	if (error != 0) {
		config_report_print(&report, stderr);
		if (report.errors == 0)
			fprintf(stderr, "%s: %s\n", work->words.config_path, error_text(error));
	}
	config_report_free(&report);
	work->options.config = work->config;
	return error == 0 ? 0 : EXIT_FAILED;
}

// The reader of serve's --key reads this one.
static int read_key(struct work *work)
{
	struct config_report report = { 0 };
	const char *const zone[] = { "." }, *const primary[] = { "127.0.0.1" };
	const struct config_arguments arguments = { zone, 1, primary, 1, work->words.tsig };
	const struct config_overrides overrides = { 0 };
	int error = config_from_arguments(&arguments, &overrides, &report, &work->key_holder);
	if (error != 0)
		config_report_print(&report, stderr);
	else
		work->options.key = &work->key_holder->keys[0]->tsig;
	config_report_free(&report);
	return error == 0 ? 0 : EXIT_USAGE;
}

static int read_values(struct work *work)
{
	const struct words *words = &work->words;
	if (work->options.port == 0)
		work->options.port = AUDIT_PORT;
	if (name_from_text(words->domain, work->domain) < 0)
		return cli_usage_error(work->verb, "\"%s\" is no domain name", words->domain);
	name_lower(work->domain, work->domain);
	work->options.domain = work->domain;
	int code = read_addresses(work, "--parent", words->parents, words->parent_count, &work->options.parents);
	if (code == 0)
		code = read_addresses(work, "--server", words->servers, words->server_count, &work->options.servers);
	if (code == 0)
		code = read_addresses(work, "--root", words->roots, words->root_count, &work->options.roots);
	if (code == 0 && words->new != NULL)
		code = read_new(work);
	if (code == 0 && words->config_path != NULL)
		code = read_config(work);
	if (code == 0 && words->tsig != NULL)
		code = read_key(work);
	return code;
}

static int report(const struct work *work, const struct audit *audit)
{
	if (work->words.nagios)
		return audit_print_nagios(audit, stdout);
	if (!work->words.json)
		audit_print_text(audit, isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL, stdout);
	else if (audit_print_json(audit, stdout) != 0)
		return EXIT_FAILED;
	if (audit_count(audit, AUDIT_ERROR) > 0)
		return EXIT_FAILED;
	return audit_count(audit, AUDIT_WARNING) > 0 ? EXIT_DEGRADED : EXIT_GOOD;
}

static int run(const struct cli_verb *verb, int argc, char **argv)
{
	struct work work = { .verb = verb };
	struct audit *audit = NULL;
	int code = read_words(&work, argc, argv);
	if (code != 0)
		return code;
	if (work.words.help) {
		cli_write_help(stdout, verb);
		return EXIT_GOOD;
	}
	code = read_values(&work);
	if (code == 0 && audit_run(&work.options, &audit) != 0) {
		fprintf(stderr, "understudy audit: %s\n", error_text(ERR_MEMORY));
		code = EXIT_FAILED;
	} else if (code == 0) {
		code = report(&work, audit);
	}
	audit_free(audit);
	config_release(work.config);
	config_release(work.key_holder);
	return code;
}

const struct cli_verb cli_audit = {
	.name = "audit",
	.summary = "look at a domain from outside and say what is wrong",
	.usage =
		"understudy audit DOMAIN [options]\n"
		"\n"
		"Finds the domain from the root down, asks the parent and every name server, and\n"
		"says what is wrong, where, why it matters and how to mend it: NS records, glue,\n"
		"lameness, serials, open transfers, recursion, SOA timers, networks, TCP, EDNS, DS\n"
		"and signatures. No server of ours need run.\n"
		"\n"
		"  -c, --config FILE     look at the zone in this configuration, too: NOTIFY, transfers, keys\n"
		"  --new NAME=ADDR[,..]  a secondary to be: print what to enter, in the zone and at the registrar\n"
		"  --server ADDR[@PORT]  look at this server, too, such as a hidden primary (may be repeated)\n"
		"  --tsig NAME:ALG:FILE  ask those for the zone, signed with this key; FILE holds the secret\n"
		"  --parent ADDR[@PORT]  ask this server for the delegation (may be repeated)\n"
		"  --root ADDR[@PORT]    begin here, not at the root of the Internet (may be repeated)\n"
		"  --port N              of servers that are found; 53\n"
		"  --no-parent           leave the delegation out, for a domain not yet registered\n"
		"  --no-as               do not look up autonomous systems at origin.asn.cymru.com\n"
		"  --timeout SECONDS     for each of three tries; 2\n"
		"  --json                everything, for programs\n"
		"  --nagios              one line, with the exit codes of Nagios\n"
		"  -h, --help            this text\n"
		"\n"
		"Exit codes: 0 nothing wrong, 4 warnings, 1 errors, 2 wrong usage; with --nagios 0 OK,\n"
		"1 WARNING, 2 CRITICAL, 3 UNKNOWN.\n",
	.run = run,
	.group = GROUP_SEE,
};
