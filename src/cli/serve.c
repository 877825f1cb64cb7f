// SPDX-License-Identifier: GPL-3.0-or-later
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/serve_options.h"

#define VALUES_MOST 4096 // of an option that may be repeated

enum {
	OPTION_LISTEN = 256, OPTION_STATE_DIR, OPTION_WORKERS, OPTION_USER,
	OPTION_SECONDARY, OPTION_PRIMARY, OPTION_KEY, OPTION_LOG_LEVEL, OPTION_HTTP,
};

static const struct option options[] = {
	{ "help", no_argument, NULL, 'h' },
	{ "config", required_argument, NULL, 'c' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "listen", required_argument, NULL, OPTION_LISTEN },
	{ "state-dir", required_argument, NULL, OPTION_STATE_DIR },
	{ "http", required_argument, NULL, OPTION_HTTP },
	{ "workers", required_argument, NULL, OPTION_WORKERS },
	{ "user", required_argument, NULL, OPTION_USER },
	{ "secondary", required_argument, NULL, OPTION_SECONDARY },
	{ "primary", required_argument, NULL, OPTION_PRIMARY },
	{ "key", required_argument, NULL, OPTION_KEY },
	{ "log-level", required_argument, NULL, OPTION_LOG_LEVEL },
	{ NULL, 0, NULL, 0 },
};

static bool append(const char ***list, size_t *count, const char *value)
{
	const char **longer = *count >= VALUES_MOST ? NULL : realloc(*list, (*count + 1) * sizeof(*longer));
	if (longer == NULL)
		return false;
	longer[(*count)++] = value;
	*list = longer;
	return true;
}

static bool read_level(const char *text, enum log_level *level)
{
	static const char *const names[] = {
		[LEVEL_ERROR] = "error", [LEVEL_WARNING] = "warning", [LEVEL_NOTICE] = "notice",
		[LEVEL_INFO] = "info", [LEVEL_DEBUG] = "debug",
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], text) == 0) {
			*level = (enum log_level)i;
			return true;
		}
	}
	return false;
}

static bool read_workers(const char *text, uint32_t *workers)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end != '\0' || value < 1 || value > 256)
		return false;
	*workers = (uint32_t)value;
	return true;
}

static int too_many(const struct cli_verb *verb)
{
	return cli_usage_error(verb, "more than %d of one option", VALUES_MOST);
}

// One option with its value. Returns 0 or EXIT_USAGE.
static int take_option(const struct cli_verb *verb, struct serve_options *o, int found, const char *value)
{
	struct daemon_options *d = &o->daemon;
	switch (found) {
	case 'c':
		d->config_path = value;
		return 0;
	case 'v':
		d->level = LEVEL_DEBUG;
		d->level_given = true;
		return 0;
	case OPTION_LISTEN:
		return append(&o->listen, &d->overrides.listen_count, value) ? 0 : too_many(verb);
	case OPTION_HTTP:
		return append(&o->http_listen, &d->overrides.http_listen_count, value) ? 0 : too_many(verb);
	case OPTION_SECONDARY:
		return append(&o->secondaries, &d->arguments.secondary_count, value) ? 0 : too_many(verb);
	case OPTION_PRIMARY:
		return append(&o->primaries, &d->arguments.primary_count, value) ? 0 : too_many(verb);
	case OPTION_KEY:
		d->arguments.key = value;
		return 0;
	case OPTION_STATE_DIR:
		d->overrides.state_dir = value;
		return 0;
	case OPTION_USER:
		d->overrides.user = value;
		return 0;
	case OPTION_WORKERS:
		if (!read_workers(value, &d->overrides.workers))
			return cli_usage_error(verb, "--workers %s: give a number from 1 to 256", value);
		return 0;
	default: // OPTION_LOG_LEVEL
		if (!read_level(value, &d->level))
			return cli_usage_error(verb, "--log-level %s: give error, warning, notice, info or debug", value);
		d->level_given = true;
		return 0;
	}
}

static int check_together(const struct cli_verb *verb, const struct serve_options *o)
{
	const struct config_arguments *a = &o->daemon.arguments;
	bool loose = a->secondary_count > 0 || a->primary_count > 0 || a->key != NULL;
	if (o->daemon.config_path != NULL && loose)
		return cli_usage_error(verb, "--secondary, --primary and --key are for serving without a configuration; leave out -c or them");
	if (o->daemon.config_path != NULL)
		return 0;
	if (!loose)
		return cli_usage_error(verb, "name a configuration with -c FILE (a named.conf or nsd.conf), "
		                       "or zones with --secondary ZONE --primary ADDR");
	if (a->secondary_count == 0)
		return cli_usage_error(verb, "name the zone with --secondary ZONE");
	if (a->primary_count == 0)
		return cli_usage_error(verb, "name the server to copy from with --primary ADDR[@PORT]");
	return 0;
}

int serve_options_read(const struct cli_verb *verb, int argc, char **argv, struct serve_options *o)
{
	int found, error;
	*o = (struct serve_options){ 0 };
	optind = 1;
	opterr = 0;
	while ((found = getopt_long(argc, argv, ":hc:v", options, NULL)) != -1) {
		if (found == 'h') {
			o->help = true;
			return 0;
		}
		if (found == '?' || found == ':')
			return cli_option_error(verb, found, argc, argv);
		error = take_option(verb, o, found, optarg);
		if (error != 0)
			return error;
	}
	if (optind < argc)
		return cli_usage_error(verb, "\"%s\" is too much; a configuration is named with -c", argv[optind]);
	o->daemon.overrides.listen = o->listen;
	o->daemon.overrides.http_listen = o->http_listen;
	o->daemon.arguments.secondaries = o->secondaries;
	o->daemon.arguments.primaries = o->primaries;
	return check_together(verb, o);
}

void serve_options_free(struct serve_options *o)
{
	free(o->listen);
	free(o->http_listen);
	free(o->secondaries);
	free(o->primaries);
}

static int run(const struct cli_verb *verb, int argc, char **argv)
{
	struct serve_options o;
	int code = serve_options_read(verb, argc, argv, &o);
	if (code == 0 && o.help)
		cli_write_help(stdout, verb);
	else if (code == 0)
		code = daemon_run(&o.daemon);
	serve_options_free(&o);
	return code;
}

const struct cli_verb cli_serve = {
	.name = "serve",
	.summary = "answer for zones and keep them fresh, in the foreground",
	.usage =
		"understudy serve -c FILE [options]\n"
		"understudy serve --secondary ZONE --primary ADDR[@PORT] [--key NAME:ALG:SECRETFILE] [options]\n"
		"\n"
		"Answers for the zones of a configuration, a named.conf or an nsd.conf as it is,\n"
		"or for those named here. It stays in the foreground and logs to standard error\n"
		"or the journal. SIGHUP reads the configuration and changed zone files again,\n"
		"SIGTERM ends it.\n"
		"\n"
		"  -c, --config FILE     the configuration\n"
		"  --secondary ZONE      copy this zone (may be repeated)\n"
		"  --primary ADDR[@PORT] from this server (may be repeated)\n"
		"  --key NAME:ALG:FILE   sign with this TSIG key; FILE holds the secret in base64\n"
		"  --listen ADDR[@PORT]  listen here, whatever the configuration says (may be repeated)\n"
		"  --http ADDR[@PORT]    show the page and the metrics here, by HTTP (may be repeated)\n"
		"  --state-dir DIR       where copies and their state are kept\n"
		"  --workers N           threads that answer over UDP; else one for each core\n"
		"  --user NAME           become this user once all is opened\n"
		"  --log-level LEVEL     error, warning, notice, info or debug\n"
		"  -v, --verbose         the same as --log-level debug\n"
		"  -h, --help            this text\n",
	.run = run,
	.group = GROUP_SERVER,
};
