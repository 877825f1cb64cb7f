// SPDX-License-Identifier: GPL-3.0-or-later
// Where the log goes, how it looks, and who is told: in both dialects.
#include "config_case.h"

#define ZONE "zone \"example.com\" { type primary; file \"/z\"; allow-transfer { none; }; };\n"
#define NSD_ZONE "zone:\n\tname: example.com\n\tzonefile: /z\n"

static const struct config_server *server_of(struct config *config)
{
	assert_non_null(config);
	return &config->server;
}

static void nothing_said_is_the_default(void **state)
{
	(void)state;
	struct config *config = read_case("named.conf", "options { };\n" ZONE, "");
	const struct config_server *s = server_of(config);
	assert_int_equal(s->log_target, -1);
	assert_int_equal(s->log_format, LOG_AS_TEXT);
	assert_int_equal(s->log_level, -1);
	assert_null(s->log_file);
	assert_null(s->alert.program);
	assert_null(s->alert.url);
	assert_int_equal(s->alert.behind, 300);
	assert_int_equal(s->alert.delay, 60);
	assert_int_equal(s->alert.timeout, 10);
	config_release(config);
}

static void assert_all(struct config *config)
{
	const struct config_server *s = server_of(config);
	assert_int_equal(s->log_target, LOG_TO_SYSLOG);
	assert_int_equal(s->log_format, LOG_AS_JSON);
	assert_int_equal(s->log_level, LEVEL_NOTICE);
	assert_string_equal(s->alert.program, "/usr/local/bin/page --who 'the night shift'");
	assert_string_equal(s->alert.url, "https://hooks.example.net/T0/secret");
	assert_int_equal(s->alert.behind, 120);
	assert_int_equal(s->alert.delay, 0);
	assert_int_equal(s->alert.timeout, 5);
	config_release(config);
}

static void the_options_have_one_name_in_both(void **state)
{
	(void)state;
	assert_all(read_case("named.conf", "options {\n"
		"\tlog-target syslog; log-format json; log-level notice;\n"
		"\talert-program \"/usr/local/bin/page --who 'the night shift'\";\n"
		"\talert-url \"https://hooks.example.net/T0/secret\"; alert-behind 120; alert-delay 0; alert-timeout 5;\n"
		"};\n" ZONE, ""));
	assert_all(read_case("nsd.conf", "server:\n"
		"\tlog-target: syslog\n\tlog-format: json\n\tlog-level: notice\n"
		"\talert-program: \"/usr/local/bin/page --who 'the night shift'\"\n"
		"\talert-url: https://hooks.example.net/T0/secret\n"
		"\talert-behind: 120\n\talert-delay: 0\n\talert-timeout: 5\n" NSD_ZONE, ""));
}

static void wrong_values_are_told(void **state)
{
	(void)state;
	read_case("named.conf", "options { log-format xml; alert-url \"ftp://x\"; alert-timeout 0; };\n",
		"error: named.conf:1:22: 'log-format' wants text, logfmt or json, not 'xml'\n"
		"error: named.conf:1:37: 'alert-url' wants an address that begins with https:// or http://, not 'ftp://x'\n"
		"error: named.conf:1:62: 'alert-timeout' wants a number of seconds, 1 to 300, not '0'\n");
	read_case("nsd.conf", "server:\n\tlog-level: loud\n",
		"error: nsd.conf:2:13: 'log-level:' wants error, warning, notice, info or debug, not 'loud'\n");
}

static void a_file_channel_is_the_log_file(void **state)
{
	(void)state;
	struct config *config = read_case("named.conf",
		"logging {\n"
		"\tchannel main { file \"log/named.log\"; severity warning; print-time yes; };\n"
		"\tcategory default { null; main; };\n"
		"};\n"
		"options { directory \"/var/cache/bind\"; };\n" ZONE, "");
	const struct config_server *s = server_of(config);
	assert_string_equal(s->log_file, "/var/cache/bind/log/named.log");
	assert_int_equal(s->log_level, LEVEL_WARNING);
	config_release(config);
}

static void a_syslog_channel_has_its_facility(void **state)
{
	(void)state;
	struct config *config = read_case("named.conf",
		"logging { channel s { syslog local3; severity debug 3; }; category default { s; }; category queries { s; }; };\n" ZONE,
		"warning: named.conf:1:84: 'category' has no effect but for default: there is one log here, which has all\n");
	const struct config_server *s = server_of(config);
	assert_int_equal(s->log_target, LOG_TO_SYSLOG);
	assert_int_equal(s->log_facility, 19);
	assert_int_equal(s->log_level, LEVEL_DEBUG);
	config_release(config);
}

static void our_own_options_go_before_channels(void **state)
{
	(void)state;
	struct config *config = read_case("named.conf",
		"options { log-target journal; log-level error; };\n"
		"logging { channel f { file \"/var/log/named.log\"; severity info; }; category default { f; }; };\n" ZONE, "");
	const struct config_server *s = server_of(config);
	assert_int_equal(s->log_target, LOG_TO_JOURNAL);
	assert_int_equal(s->log_level, LEVEL_ERROR);
	assert_null(s->log_file);
	config_release(config);
}

static void faults_of_logging_are_told(void **state)
{
	(void)state;
	read_case("named.conf", "logging { category default { nowhere; }; };\n",
		"error: named.conf:1:30: there is no channel 'nowhere'\n");
	read_case("named.conf", "logging { channel c { syslog loud; }; category default { c; }; };\n",
		"error: named.conf:1:30: 'loud' is no facility of syslog\n");
	read_case("named.conf", "logging { channel c { colour red; }; };\n",
		"warning: named.conf:1:1: 'logging' has no effect without a category default: the log goes to the journal or to "
		"standard error\n"
		"error: named.conf:1:23: 'colour' is not known in channel { … }; known are file, syslog, stderr, null, severity, "
		"print-time, print-severity, print-category, buffered\n");
	read_case("named.conf", "logging { rubbish; };\nlogging { };\n",
		"warning: named.conf:1:1: 'logging' has no effect without a category default: the log goes to the journal or to "
		"standard error\n"
		"error: named.conf:1:11: 'rubbish' is not known in logging { … }; known are channel and category\n"
		"error: named.conf:2:1: 'logging' stands twice, first at named.conf:1\n");
	struct config *config = read_case("named.conf", "logging { category; channel; channel c; };\n" ZONE, NULL);
	config_release(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_said_is_the_default),
		cmocka_unit_test(the_options_have_one_name_in_both),
		cmocka_unit_test(wrong_values_are_told),
		cmocka_unit_test(a_file_channel_is_the_log_file),
		cmocka_unit_test(a_syslog_channel_has_its_facility),
		cmocka_unit_test(our_own_options_go_before_channels),
		cmocka_unit_test(faults_of_logging_are_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
