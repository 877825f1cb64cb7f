// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/alias.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

#define IN_CONFIGURATION "zones are added, changed and removed in the configuration: edit it, then understudy reload"
#define IN_FILE "a zone is changed in its file, on its primary: edit it, then understudy reload ZONE"
#define NO_RESOLVER "this server does not resolve, so it has no cache"
#define NO_SIGNER "this server does not sign: that is done before, on the primary"

const struct cli_alias cli_aliases[] = {
	{ "zonestatus", "nsd-control, rndc", "status", NULL, 0 },
	{ "zone-status", "knotc", "status", NULL, 0 },
	{ "bind-domain-status", "pdns_control", "status", NULL, 0 },
	{ "list-zones", "pdns_control", "zones", NULL, 0 },
	{ "showzone", "rndc", "explain", NULL, 0 },
	{ "stats_noreset", "nsd-control", "stats", NULL, 0 },
	{ "transfer", "nsd-control", "refresh", NULL, 1 },
	{ "force_transfer", "nsd-control", "retransfer", NULL, 1 },
	{ "zone-refresh", "knotc", "refresh", NULL, 1 },
	{ "zone-retransfer", "knotc", "retransfer", NULL, 1 },
	{ "retrieve", "pdns_control", "retransfer", NULL, 0 },
	{ "zone-notify", "knotc", "notify", NULL, 1 },
	{ "zone-flush", "knotc", "write", NULL, 1 },
	{ "sync", "rndc", "write", NULL, 1 },
	{ "zone-reload", "knotc", "reload", NULL, 0 },
	{ "bind-reload-now", "pdns_control", "reload", NULL, 0 },
	{ "reconfig", "nsd-control, rndc", "reload", NULL, 0 },
	{ "rediscover", "pdns_control", "reload", NULL, 0 },
	{ "log_reopen", "nsd-control", "reload", NULL, 0 },
	{ "conf-check", "knotc", "check-config", NULL, 0 },
	{ "zone-diff", "knotc", "diff", NULL, 0 },
	{ "verbosity", "nsd-control", "log-level", NULL, 0 },
	{ "halt", "rndc", "stop", NULL, 0 },
	{ "quit", "pdns_control", "stop", NULL, 0 },

	{ "start", "nsd-control", NULL, "understudy serve -c FILE runs it in the foreground; as a service, systemctl start understudy", 0 },
	{ "addzone", "nsd-control, rndc", NULL, IN_CONFIGURATION, 0 },
	{ "delzone", "nsd-control, rndc", NULL, IN_CONFIGURATION, 0 },
	{ "modzone", "rndc", NULL, IN_CONFIGURATION, 0 },
	{ "changezone", "nsd-control", NULL, IN_CONFIGURATION, 0 },
	{ "addzones", "nsd-control", NULL, IN_CONFIGURATION, 0 },
	{ "delzones", "nsd-control", NULL, IN_CONFIGURATION, 0 },
	{ "conf-begin", "knotc", NULL, IN_CONFIGURATION, 0 },
	{ "conf-commit", "knotc", NULL, IN_CONFIGURATION, 0 },
	{ "conf-set", "knotc", NULL, IN_CONFIGURATION, 0 },
	{ "conf-read", "knotc", NULL, "understudy check-config FILE tells what a configuration means", 0 },
	{ "current-config", "pdns_control", NULL, "understudy check-config FILE tells what a configuration means", 0 },
	{ "add_tsig", "nsd-control", NULL, "keys are defined in the configuration: edit it, then understudy reload", 0 },
	{ "update_tsig", "nsd-control", NULL, "keys are defined in the configuration: edit it, then understudy reload", 0 },
	{ "assoc_tsig", "nsd-control", NULL, "keys are defined in the configuration: edit it, then understudy reload", 0 },
	{ "del_tsig", "nsd-control", NULL, "keys are defined in the configuration: edit it, then understudy reload", 0 },
	{ "print_tsig", "nsd-control", NULL, "secrets are never told; understudy check-config FILE names the keys of each zone", 0 },
	{ "cookie_secrets", "nsd-control", NULL, "cookies (RFC 7873) are not implemented yet", 0 },
	{ "freeze", "rndc", NULL, IN_FILE, 0 },
	{ "thaw", "rndc", NULL, IN_FILE, 0 },
	{ "zone-freeze", "knotc", NULL, "understudy rollback ZONE SERIAL holds a zone at a version until understudy resume ZONE", 0 },
	{ "zone-thaw", "knotc", NULL, "understudy resume ZONE ends what understudy rollback began", 0 },
	{ "zone-xfr-freeze", "knotc", NULL, "allow-transfer in the configuration says who may transfer a zone; then understudy reload", 0 },
	{ "zone-xfr-thaw", "knotc", NULL, "allow-transfer in the configuration says who may transfer a zone; then understudy reload", 0 },
	{ "zone-begin", "knotc", NULL, IN_FILE, 0 },
	{ "zone-set", "knotc", NULL, IN_FILE, 0 },
	{ "zone-unset", "knotc", NULL, IN_FILE, 0 },
	{ "zone-commit", "knotc", NULL, IN_FILE, 0 },
	{ "zone-serial-set", "knotc", NULL, IN_FILE, 0 },
	{ "zone-read", "knotc", NULL, "dig AXFR prints the zone where allow-transfer lets you; understudy write ZONE has its file written", 0 },
	{ "zone-check", "knotc", NULL, "a zone's file is checked when it is read: understudy reload ZONE --wait tells the outcome", 0 },
	{ "zone-stats", "knotc", NULL, "understudy stats counts for the server; counting for each zone is not implemented yet", 0 },
	{ "zone-purge", "knotc", NULL, "understudy retransfer ZONE takes a fresh copy whatever the serial", 0 },
	{ "zone-backup", "knotc", NULL, "stop the server and copy its state directory", 0 },
	{ "zone-restore", "knotc", NULL, "stop the server and put its state directory back", 0 },
	{ "zone-validate", "knotc", NULL, "verifier in the configuration names a program that looks at each version", 0 },
	{ "zone-sign", "knotc", NULL, NO_SIGNER, 0 },
	{ "zone-keys-load", "knotc", NULL, NO_SIGNER, 0 },
	{ "dnssec", "rndc", NULL, NO_SIGNER, 0 },
	{ "loadkeys", "rndc", NULL, NO_SIGNER, 0 },
	{ "sign", "rndc", NULL, NO_SIGNER, 0 },
	{ "signing", "rndc", NULL, NO_SIGNER, 0 },
	{ "flush", "rndc", NULL, NO_RESOLVER, 0 },
	{ "flushname", "rndc", NULL, NO_RESOLVER, 0 },
	{ "dumpdb", "rndc", NULL, NO_RESOLVER, 0 },
	{ "recursing", "rndc", NULL, NO_RESOLVER, 0 },
	{ "validation", "rndc", NULL, NO_RESOLVER, 0 },
	{ "querylog", "rndc", NULL, "querylog yes in the configuration, then understudy reload; understudy stats counts them", 0 },
	{ "trace", "rndc", NULL, "understudy log-level debug says more", 0 },
	{ "notrace", "rndc", NULL, "understudy log-level info says less", 0 },
	{ "tcp-timeouts", "rndc", NULL, "tcp-idle-timeout in the configuration, then understudy reload", 0 },
	{ "notify-host", "pdns_control", NULL, "also-notify (nsd.conf: notify) in the configuration names who is told; understudy notify ZONE tells them again", 0 },
	{ "serverid", "nsd-control", NULL, "server-id or identity in the configuration, then understudy reload", 0 },
	{ NULL, NULL, NULL, NULL, 0 },
};

const struct cli_alias *cli_alias_find(const char *word)
{
	for (const struct cli_alias *alias = cli_aliases; alias->word != NULL; alias++)
		if (strcmp(alias->word, word) == 0)
			return alias;
	return NULL;
}

static int not_implemented(const struct cli_alias *alias)
{
	fprintf(stderr, "understudy %s: not implemented. It is a word of %s; here: %s.\n", alias->word, alias->from,
	        alias->advice);
	return EXIT_USAGE;
}

// NSD's numbers.
static void take_verbosity(int argc, char **argv)
{
	static char info[] = "info", debug[] = "debug";
	for (int i = 1; i < argc; i++)
		if (argv[i][0] >= '0' && argv[i][0] <= '9' && argv[i][1] == '\0')
			argv[i] = argv[i][0] < '3' ? info : debug;
}

int cli_alias_run(const struct cli_alias *alias, int argc, char **argv)
{
	static char all[] = "--all";
	bool has_operand = false;
	if (alias->verb == NULL)
		return not_implemented(alias);
	const struct cli_verb *verb = cli_find(alias->verb);
	char **words = calloc((size_t)argc + 2, sizeof(*words));
	if (words == NULL)
		return EXIT_FAILED;
	for (int i = 0; i < argc; i++) {
		words[i] = argv[i];
		// What stands behind an option may be its value: then all are not meant.
		has_operand = has_operand || (i > 0 && argv[i][0] != '-' && strcmp(argv[i - 1], "-c") != 0
		                              && strcmp(argv[i - 1], "--config") != 0 && strcmp(argv[i - 1], "--state-dir") != 0);
	}
	if (alias->means_all && !has_operand)
		words[argc++] = all;
	if (verb == &cli_log_level)
		take_verbosity(argc, words);
	int code = verb->run(verb, argc, words);
	free(words);
	return code;
}
