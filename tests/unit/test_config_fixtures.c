// SPDX-License-Identifier: GPL-3.0-or-later
// Whole configurations, as they stand in the field: what is said of them and
// of each of their zones must be what stands beside them.
#include <unistd.h>

#include "config_case.h"

static char *expected_of(const char *name)
{
	char path[200], *text = calloc(1, 65536);
	snprintf(path, sizeof path, "%s.expected", name);
	FILE *from = fopen(path, "r");
	assert_non_null(from);
	assert_non_null(text);
	assert_true(fread(text, 1, 65535, from) > 0);
	fclose(from);
	return text;
}

static void check(const char *name)
{
	struct config_report report = {0};
	struct config *config;
	char path[200], line[2000], *text = NULL, *expected = expected_of(name);
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);
	snprintf(path, sizeof path, "%s.conf", name);
	config_read_file(path, NULL, &report, &config);
	config_report_print(&report, to);
	for (uint32_t i = 0; config && i < config->zone_count; i++)
		fprintf(to, "%s\n", config_summary(config, &config->zones[i], line, sizeof line));
	fclose(to);
	// Whether a checkout is readable for all is not the configuration's matter.
	char *open = strstr(text, "warning: "), *end;
	while (open) {
		end = strchr(open, '\n') + 1;
		if (memmem(open, (size_t)(end - open), "chmod o-r", 9))
			memmove(open, end, strlen(end) + 1);
		else
			open = end;
		open = strstr(open, "warning: ");
	}
	assert_string_equal(text, expected);
	config_release(config);
	config_report_free(&report);
	free(text);
	free(expected);
}

static void debians_named_conf(void **state)
{
	(void)state;
	check("debian-bind");
}

static void everything_in_named_conf(void **state)
{
	(void)state;
	check("named-everything");
}

static void everything_in_nsd_conf(void **state)
{
	(void)state;
	check("nsd-everything");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(debians_named_conf),
		cmocka_unit_test(everything_in_named_conf),
		cmocka_unit_test(everything_in_nsd_conf),
	};
	if (chdir(CONFIG_FIXTURES) != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
