// SPDX-License-Identifier: GPL-3.0-or-later
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "cli/cli.h"
#include "config/config.h"

#define SUMMARY_MOST 1024

static void print_zones(const struct config *config)
{
	char text[SUMMARY_MOST];
	for (uint32_t i = 0; i < config->zone_count; i++)
		printf("%s\n", config_summary(config, &config->zones[i], text, sizeof(text)));
}

// The folder that a zone file stands in, or will.
static const char *folder_of(const char *file, char folder[static PATH_MAX])
{
	const char *slash = strrchr(file, '/');
	size_t length = slash == NULL ? 0 : (size_t)(slash - file) + (slash == file);
	if (length == 0 || length >= PATH_MAX)
		return ".";
	memcpy(folder, file, length);
	folder[length] = '\0';
	return folder;
}

// Whether the zone's file can be read, or of a secondary written, by who asks:
// no fault of the configuration, since files and folders may come later.
// Returns the number of warnings, 0 or 1.
static unsigned check_zone_file(const struct config *config, const struct config_zone *zone)
{
	char folder[PATH_MAX], place[PATH_MAX + 32], name[NAME_MAX_TEXT], path[CONFIG_PATH_MOST];
	const char *what = config_zone_file(zone, path), *fault = "cannot be read";
	if (what == NULL)
		return 0;
	if (zone->role == CONFIG_SECONDARY) {
		what = folder_of(what, folder);
		fault = "cannot be written in";
	}
	if (access(what, zone->role == CONFIG_SECONDARY ? W_OK | X_OK : R_OK) == 0)
		return 0;
	const char *reason = strerror(errno);
	fprintf(stderr, "warning: %s: zone %s: %s %s: %s\n",
	        config_zone_where(config, zone, place, sizeof place), name_to_text(zone->name, name), what, fault, reason);
	return 1;
}

// One warning for each file would bury the rest where a folder is missing.
static unsigned check_zone_files(const struct config *config)
{
	unsigned warnings = 0, most = 10;
	for (uint32_t i = 0; i < config->zone_count && warnings < most; i++)
		warnings += check_zone_file(config, &config->zones[i]);
	if (warnings == most)
		fprintf(stderr, "warning: the files of further zones were not looked at\n");
	return warnings;
}

static int check(const char *path)
{
	struct config_report report = { 0 };
	struct config *config = NULL;
	const struct config_overrides overrides = { 0 };
	int error = config_read_file(path, &overrides, &report, &config);
	config_report_print(&report, stderr);
	if (error == 0) {
		unsigned warnings = report.warnings + check_zone_files(config);
		print_zones(config);
		printf("good: %s, %u %s", path, config->zone_count, config->zone_count == 1 ? "zone" : "zones");
		if (warnings > 0)
			printf(", %u %s", warnings, warnings == 1 ? "warning" : "warnings");
		putchar('\n');
	} else if (report.errors > 0) {
		fprintf(stderr, "%u %s in %s; it would not be served\n", report.errors,
		        report.errors == 1 ? "error" : "errors", path);
	} else {
		fprintf(stderr, "%s: %s\n", path, error_text(error));
	}
	config_release(config);
	config_report_free(&report);
	return error == 0 ? EXIT_GOOD : EXIT_FAILED;
}

static int run(const struct cli_verb *verb, int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' }, { "config", required_argument, NULL, 'c' }, { NULL, 0, NULL, 0 },
	};
	const char *path = NULL;
	int found;
	optind = 1;
	opterr = 0;
	while ((found = getopt_long(argc, argv, ":hc:", options, NULL)) != -1) {
		if (found == 'h') {
			cli_write_help(stdout, verb);
			return EXIT_GOOD;
		}
		if (found != 'c')
			return cli_option_error(verb, found, argc, argv);
		path = optarg;
	}
	if (path == NULL && optind < argc)
		path = argv[optind++];
	if (path == NULL)
		return cli_usage_error(verb, "name the file to check");
	if (optind < argc)
		return cli_usage_error(verb, "\"%s\" is too much: one file at a time", argv[optind]);
	return check(path);
}

const struct cli_verb cli_check_config = {
	.name = "check-config",
	.summary = "read a configuration and say what is wrong and what it means",
	.usage =
		"understudy check-config FILE\n"
		"\n"
		"Reads a named.conf or nsd.conf with all that it includes, prints each error and\n"
		"warning with file, line and column, and one line for each zone. Zone files that\n"
		"whoever asks cannot read, or cannot write, are warned of. Ends with 0 where it\n"
		"can be served, else with 1.\n",
	.run = run,
	.group = GROUP_SERVER,
};
