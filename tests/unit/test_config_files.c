// SPDX-License-Identifier: GPL-3.0-or-later
// Configurations in files: includes, permissions, the command line, reloads,
// and very many zones.
#include <pthread.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "config_case.h"

static char folder[64];

static void put_file(const char *name, mode_t mode, const char *text)
{
	char path[200];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *to = fopen(path, "w");
	assert_non_null(to);
	fputs(text, to);
	fclose(to);
	assert_int_equal(chmod(path, mode), 0);
}

// Reads the file; *messages to free(), with the folder's name cut out.
static struct config *read_file(const char *name, const struct config_overrides *overrides, char **messages)
{
	struct config_report report = {0};
	struct config *config;
	char path[200];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	config_read_file(path, overrides, &report, &config);
	char *said = messages_of(&report), *w = said;
	size_t length = strlen(folder) + 1;
	for (char *r = said; *r; ) {
		if (strncmp(r, folder, length - 1) == 0 && r[length - 1] == '/')
			r += length;
		else
			*w++ = *r++;
	}
	*w = '\0';
	*messages = said;
	config_report_free(&report);
	return config;
}

static void check_file(const char *name, const char *messages)
{
	char *said;
	struct config *config = read_file(name, NULL, &said);
	assert_string_equal(said, messages);
	free(said);
	config_release(config);
}

static int make_folder(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/config-test-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	char command[100];
	(void)state;
	snprintf(command, sizeof command, "rm -r %s", folder);
	return system(command);
}

static void named_includes_are_read_in_place(void **state)
{
	(void)state;
	char *said;
	put_file("named.conf", 0640, "include \"named.conf.options\";\ninclude \"keys\";\n"
	         "zone a { type slave; masters { 192.0.2.1 key k; }; include \"zone.inc\"; };\n"
	         "zone b { type slave; masters { 192.0.2.1; }; include \"zone.inc\"; };\n");
	put_file("named.conf.options", 0644, "options { allow-transfer { none; }; };\n");
	put_file("keys", 0640, "key k { algorithm hmac-sha256; secret \"YWJj\"; };\n");
	put_file("zone.inc", 0644, "notify no;\n");
	struct config *config = read_file("named.conf", NULL, &said);
	assert_string_equal(said, "");
	assert_int_equal(config->file_count, 4);
	assert_int_equal(zone_of(config, "a")->policy->notify, CONFIG_NOTIFY_NO);
	assert_int_equal(zone_of(config, "b")->policy->notify, CONFIG_NOTIFY_NO);
	free(said);
	config_release(config);
}

static void nsd_includes_may_be_patterns(void **state)
{
	(void)state;
	char *said;
	put_file("nsd.conf", 0640, "server:\n port: 5300\ninclude: \"zone-*.conf\"\n");
	put_file("zone-1.conf", 0640, "zone:\n name: one\n zonefile: one.zone\n");
	put_file("zone-2.conf", 0640, "zone:\n name: two\n include: \"rest\"\n");
	put_file("rest", 0640, " zonefile: /two.zone\n");
	struct config *config = read_file("nsd.conf", NULL, &said);
	assert_string_equal(said, "");
	char file[200];
	snprintf(file, sizeof file, "%s/one.zone", folder);
	assert_file(&config->zones[0], file); // beside the configuration
	assert_file(&config->zones[1], "/two.zone");
	char where[200];
	config_zone_where(config, &config->zones[1], where, sizeof where);
	assert_string_equal(where + strlen(folder) + 1, "zone-2.conf:1");
	free(said);
	config_release(config);
}

static void includes_end(void **state)
{
	(void)state;
	put_file("loop.conf", 0640, "include \"loop2.conf\";\n");
	put_file("loop2.conf", 0640, "include \"loop.conf\";\n");
	check_file("loop.conf", "error: loop2.conf:1:9: cannot include loop.conf: it includes itself\n");
	for (int i = 0; i < 30; i++) {
		char name[20], text[60];
		snprintf(name, sizeof name, "deep%d.conf", i);
		snprintf(text, sizeof text, "include: deep%d.conf\n", i + 1);
		put_file(name, 0640, text);
	}
	check_file("deep0.conf", "error: deep16.conf:1:10: cannot include deep17.conf: includes are nested more than 16 deep\n");
	put_file("gone.conf", 0640, "include \"not-there\";\ninclude \"no-such-folder/*.conf\";\n");
	check_file("gone.conf", "error: gone.conf:1:9: cannot include not-there: No such file or directory\n"
	           "warning: gone.conf:2:9: include no-such-folder/*.conf matches no file\n");
	put_file("self.conf", 0640, "include \".\";\n");
	check_file("self.conf", "error: self.conf:1:9: cannot include .: it is a directory\n");
}

static void a_missing_file_is_named(void **state)
{
	(void)state;
	check_file("nothing.conf", "error: nothing.conf: No such file or directory\n");
}

static void secrets_that_all_can_read_are_named(void **state)
{
	(void)state;
	put_file("open.conf", 0644, "key a { algorithm hmac-sha256; secret \"YWJj\"; };\nkey b { algorithm hmac-sha256; secret \"YWJj\"; };\n"
	         "zone z { type master; file \"/z\"; allow-transfer { key a; key b; }; };\n");
	check_file("open.conf", "warning: open.conf:1:5: anyone on this machine can read the secret of key \"a\" in this file; chmod o-r open.conf\n");
}

static void the_command_line_comes_last(void **state)
{
	(void)state;
	char *said;
	const char *listen[] = {"127.0.0.1@5300", "[::1]:5301"};
	struct config_overrides overrides = {.listen = listen, .listen_count = 2, .state_dir = "/state", .user = "me", .workers = 2};
	put_file("over.conf", 0640, "options { listen-on { any; }; state-dir \"/other\"; workers 9; };\n"
	         "zone z { type master; file \"/z\"; allow-transfer { none; }; };\n");
	struct config *config = read_file("over.conf", &overrides, &said);
	assert_string_equal(said, "");
	assert_int_equal(config->server.listen_count, 2);
	assert_endpoint(&config->server.listen[0].address, "127.0.0.1", 5300);
	assert_endpoint(&config->server.listen[1].address, "::1", 5301);
	assert_string_equal(config->server.state_dir, "/state");
	assert_string_equal(config->server.user, "me");
	assert_int_equal(config->server.workers, 2);
	free(said);
	config_release(config);
}

static void a_relative_state_dir_stands_beside_the_file(void **state)
{
	(void)state;
	char expected[300];
	const char *texts[] = {
		"options { state-dir \"st\"; };\nzone z { type master; file \"/z\"; allow-transfer { none; }; };\n",
		"server:\n  state-dir: st\nzone:\n  name: z\n  zonefile: /z\n",
	};
	for (unsigned i = 0; i < 2; i++) {
		char *said;
		put_file("state.conf", 0640, texts[i]);
		struct config *config = read_file("state.conf", &(struct config_overrides){0}, &said);
		assert_string_equal(said, "");
		snprintf(expected, sizeof expected, "%s/st", folder);
		assert_string_equal(config->server.state_dir, expected);
		free(said);
		config_release(config);
	}
	char *said, text[600];
	snprintf(text, sizeof text, "options { directory \"%s/deep\"; state-dir \"st\"; };\n"
	         "zone z { type master; file \"/z\"; allow-transfer { none; }; };\n", folder);
	put_file("state.conf", 0640, text);
	struct config *config = read_file("state.conf", &(struct config_overrides){0}, &said);
	snprintf(expected, sizeof expected, "%s/deep/st", folder);
	assert_string_equal(config->server.state_dir, expected);
	free(said);
	config_release(config);
}

static void no_file_at_all(void **state)
{
	(void)state;
	const char *zones[] = {"example.com", "Example.NET."}, *primaries[] = {"192.0.2.1", "2001:db8::1@5300"}, *listen[] = {"127.0.0.1@5300"};
	char key[200];
	struct config_arguments arguments = {zones, 2, primaries, 2, key};
	struct config_overrides overrides = {.listen = listen, .listen_count = 1};
	struct config_report report = {0};
	struct config *config;
	put_file("secret", 0600, "c2VjcmV0\n");
	snprintf(key, sizeof key, "tr.example:hmac-sha256:%s/secret", folder);
	assert_int_equal(config_from_arguments(&arguments, &overrides, &report, &config), 0);
	assert_int_equal(report.count, 0);
	const struct config_zone *zone = zone_of(config, "example.net");
	assert_int_equal(zone->role, CONFIG_SECONDARY);
	assert_null(zone->file);
	assert_int_equal(zone->policy->primaries->count, 2);
	assert_endpoint(&zone->policy->primaries->remote[0].address, "192.0.2.1", 53);
	assert_endpoint(&zone->policy->primaries->remote[1].address, "2001:db8::1", 5300);
	assert_memory_equal(zone->policy->primaries->remote[1].key->tsig.secret, "secret", 6);
	assert_true(allows(zone->policy->allow_notify, "2001:db8::1", NULL));
	assert_true(allows(zone->policy->allow_notify, "203.0.113.1", "tr.example"));
	assert_false(allows(zone->policy->allow_notify, "203.0.113.1", NULL));
	assert_ptr_equal(zone->policy->allow_transfer, &acl_none);
	assert_endpoint(&config->server.listen[0].address, "127.0.0.1", 5300);
	config_release(config);
}

static void bad_arguments_are_named(void **state)
{
	(void)state;
	const char *zones[] = {"a..b", "x", "x."}, *primaries[] = {"192.0.2.999"}, *listen[] = {"here"};
	struct config_arguments arguments = {zones, 3, primaries, 1, "k:hmac-sha256"};
	struct config_overrides overrides = {.listen = listen, .listen_count = 1};
	struct config_report report = {0};
	struct config *config;
	assert_true(config_from_arguments(&arguments, &overrides, &report, &config) < 0);
	assert_null(config);
	char *said = messages_of(&report);
	assert_non_null(strstr(said, "error: --primary wants ADDR or ADDR@PORT, not '192.0.2.999'\n"));
	assert_non_null(strstr(said, "error: --listen wants ADDR or ADDR@PORT, not 'here'\n"));
	assert_non_null(strstr(said, "error: --key wants NAME:ALGORITHM:SECRETFILE, not 'k:hmac-sha256'\n"));
	assert_non_null(strstr(said, "error: zone \"a..b\" is not a domain name"));
	assert_non_null(strstr(said, "error: zone \"x\" is named twice\n"));
	free(said);
	config_report_free(&report);
}

static void *ask(void *argument)
{
	const struct config *config = argument;
	for (int i = 0; i < 1000; i++) {
		config_hold(config);
		assert_true(allows(zone_of(config, "z")->policy->allow_transfer, "192.0.2.1", NULL));
		config_release(config);
	}
	config_release(config);
	return NULL;
}

static void the_last_holder_frees(void **state)
{
	(void)state;
	struct config *config = read_case("named.conf", "zone z { type master; file \"/z\"; allow-transfer { 192.0.2.1; }; };\n", "");
	pthread_t threads[4];
	for (int i = 0; i < 4; i++) {
		config_hold(config);
		assert_int_equal(pthread_create(&threads[i], NULL, ask, config), 0);
	}
	config_release(config);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	config_release(NULL);
}

// Of work: what else the machine does counts for nothing.
static double seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

// `zone` with the number in place of each '@'.
static void put_zone(FILE *to, const char *zone, int number)
{
	for (; *zone; zone++) {
		if (*zone == '@')
			fprintf(to, "%06d", number);
		else
			fputc(*zone, to);
	}
}

static void many_zones(const char *name, const char *head, const char *zone)
{
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);
	fputs(head, to);
	for (int i = 0; i < 100000; i++)
		put_zone(to, zone, i);
	fclose(to);
	double begun = seconds();
	struct config *config = read_case(name, text, "");
	double took = seconds() - begun;
	print_message("%s: 100,000 zones in %.3f s, %zu bytes each\n", name, took, config->bytes / config->zone_count);
	assert_int_equal(config->zone_count, 100000);
	assert_true(config->bytes / config->zone_count < 150);
	assert_true(took < 10); // half a second is the aim; sanitizers are slower
	assert_ptr_equal(config->zones[0].policy, config->zones[99999].policy);
	assert_file(zone_of(config, "example077777.com"), "/var/cache/zones/example077777.com");
	config_release(config);
	free(text);
}

static void a_hundred_thousand_zones(void **state)
{
	(void)state;
	many_zones("named.conf", "options { directory \"/var/cache/zones\"; };\n",
	           "zone \"example@.com\" {\n\ttype slave;\n\tfile \"example@.com\";\n\tmasters { 192.0.2.1; 192.0.2.2; };\n"
	           "\tallow-transfer { none; };\n};\n");
	many_zones("nsd.conf", "server:\n\tzonesdir: /var/cache/zones\npattern:\n\tname: p\n\tzonefile: \"%s\"\n"
	           "\trequest-xfr: 192.0.2.1 NOKEY\n\tallow-notify: 192.0.2.1 NOKEY\n",
	           "zone:\n\tname: example@.com\n\tinclude-pattern: p\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(named_includes_are_read_in_place),
		cmocka_unit_test(nsd_includes_may_be_patterns),
		cmocka_unit_test(includes_end),
		cmocka_unit_test(a_missing_file_is_named),
		cmocka_unit_test(secrets_that_all_can_read_are_named),
		cmocka_unit_test(the_command_line_comes_last),
		cmocka_unit_test(a_relative_state_dir_stands_beside_the_file),
		cmocka_unit_test(no_file_at_all),
		cmocka_unit_test(bad_arguments_are_named),
		cmocka_unit_test(the_last_holder_frees),
		cmocka_unit_test(a_hundred_thousand_zones),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
