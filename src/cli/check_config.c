// SPDX-License-Identifier: GPL-3.0-or-later
#include <getopt.h>
#include <stdio.h>

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

static int check(const char *path)
{
	struct config_report report = { 0 };
	struct config *config = NULL;
	const struct config_overrides overrides = { 0 };
	int error = config_read_file(path, &overrides, &report, &config);
	config_report_print(&report, stderr);
	if (error == 0) {
		print_zones(config);
		printf("good: %s, %u %s", path, config->zone_count, config->zone_count == 1 ? "zone" : "zones");
		if (report.warnings > 0)
			printf(", %u %s", report.warnings, report.warnings == 1 ? "warning" : "warnings");
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
			fputs(verb->usage, stdout);
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
		"warning with file, line and column, and one line for each zone. Ends with 0\n"
		"where it can be served, else with 1.\n",
	.run = run,
};
