// SPDX-License-Identifier: GPL-3.0-or-later
// ZONEMD: the examples that RFC 8976 publishes in its appendix A, and what may
// be wrong with a digest.
#include "zone_case.h"

#include "guard/guard.h"
#include "guard/zonemd.h"

struct example {
	struct zone_case c;
	char why[256];
};

static void read_text(struct example *e, const char *origin, const char *text)
{
	zone_case_begin(&e->c, origin);
	e->c.error = zone_file_parse(text, strlen(text), "test.zone", zone_case_name(origin), e->c.draft, &e->c.result);
	if (e->c.error != 0)
		fail_msg("%s", e->c.result.message);
	zone_case_seal(&e->c);
	e->why[0] = '\0';
}

static char *file_text(const char *name)
{
	char path[512];
	static char text[65536];
	snprintf(path, sizeof path, "%s/zonemd/%s", ZONEFILE_FOLDER, name);
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	text[fread(text, 1, sizeof text - 1, file)] = '\0';
	fclose(file);
	return text;
}

static void digest_is(const struct zone_version *version, uint8_t hash, const char *wanted)
{
	uint8_t digest[ZONEMD_MAX_DIGEST];
	char text[2 * ZONEMD_MAX_DIGEST + 1];
	int length = zonemd_digest(version, hash, digest);
	assert_true(length > 0);
	for (int i = 0; i < length; i++)
		sprintf(text + 2 * i, "%02x", digest[i]);
	assert_string_equal(text, wanted);
}

// The zone fits; with one octet of it changed it does not.
static void example(const char *file, const char *origin, const char *sha384)
{
	struct example e;
	read_text(&e, origin, file_text(file));
	digest_is(e.c.version, ZONEMD_SHA384, sha384);
	assert_int_equal(zonemd_check(e.c.version, e.why), 0);
	assert_true(zonemd_walks(e.c.version));
	zone_case_end(&e.c);

	char *text = file_text(file);
	strcat(text, "\nadded 60 IN A 192.0.2.1\n");
	read_text(&e, origin, text);
	assert_int_equal(zonemd_check(e.c.version, e.why), ERR_HELD);
	assert_non_null(strstr(e.why, "does not fit its ZONEMD digest: the SHA-384 of what came begins with "));
	zone_case_end(&e.c);
}

static void test_simple_zone(void **state)
{
	(void)state;
	example("a1-simple.zone", "example",
	        "c68090d90a7aed716bc459f9340e3d7c1370d4d24b7e2fc3a1ddc0b9a87153b9a9713b3c9ae5cc27777f98b8e730044c");
}

static void test_complex_zone(void **state)
{
	(void)state;
	example("a2-complex.zone", "example",
	        "a3b69bad980a3504e1cffcb0fd6397f93848071c93151f552ae2f6b1711d4bd2d8b39808226d7b9db71e34b72077f8fe");
}

static void test_zone_with_several_digests(void **state)
{
	struct example e;
	(void)state;
	example("a3-multiple.zone", "example",
	        "62e6cf51b02e54b9b5f967d547ce43136792901f9f88e637493daaf401c92c279dd10f0edb1c56f8080211f8480ee306");
	read_text(&e, "example", file_text("a3-multiple.zone"));
	digest_is(e.c.version, ZONEMD_SHA512,
	          "08cfa1115c7b948c4163a901270395ea226a930cd2cbcf2fa9a5e6eb85f37c8a"
	          "4e114d884e66f176eab121cb02db7d652e0cc4827e7a3204f166b47e5613fd27");
	zone_case_end(&e.c);
}

static void test_signed_uri_arpa(void **state)
{
	(void)state;
	example("a4-uri.arpa.zone", "uri.arpa",
	        "0dbc3c4dbfd75777c12ca19c337854b1577799901307c482e9d91d5d15cd934d16319d98e30c4201cf25a1d5a0254960");
}

static void test_root_servers_net(void **state)
{
	(void)state;
	example("a5-root-servers.net.zone", "root-servers.net",
	        "f1ca0ccd91bd5573d9f431c00ee0101b2545c97602be0a978a3b11dbfc1c776d5b3e86ae3d973d6b5349ba7f04340f79");
}

// --- what may be wrong with it

#define SHA384_OF_A1 "c68090d90a7aed716bc459f9340e3d7c1370d4d24b7e2fc3a1ddc0b9a87153b9a9713b3c9ae5cc27777f98b8e730044c"
#define OTHER_384 "000090d90a7aed716bc459f9340e3d7c1370d4d24b7e2fc3a1ddc0b9a87153b9a9713b3c9ae5cc27777f98b8e730044c"

// The zone of A.1 with these lines at the apex in place of its ZONEMD.
static int judge(const char *records, char why[static 256])
{
	struct example e;
	char text[4096];
	snprintf(text, sizeof text,
	         "example. 86400 IN SOA ns1 admin 2018031900 1800 900 604800 86400\n"
	         " 86400 IN NS ns1\n 86400 IN NS ns2\n%s"
	         "ns1 3600 IN A 203.0.113.63\nns2 3600 IN AAAA 2001:db8::63\n", records);
	read_text(&e, "example", text);
	int error = zonemd_check(e.c.version, why);
	zone_case_end(&e.c);
	return error;
}

static void held(const char *records, const char *wanted)
{
	char why[256] = "";
	assert_int_equal(judge(records, why), ERR_HELD);
	assert_string_equal(why, wanted);
}

static void passes(const char *records)
{
	char why[256] = "";
	assert_int_equal(judge(records, why), 0);
}

static void test_none_is_no_fault(void **state)
{
	(void)state;
	passes("");
}

static void test_unknown_schemes_and_hashes_are_passed_over(void **state)
{
	(void)state;
	passes(" IN ZONEMD 2018031900 240 1 " OTHER_384 "\n");
	passes(" IN ZONEMD 2018031900 1 240 e2d523f654b9422a96c5a8f44607bbee\n");
	passes(" IN ZONEMD 2018031900 1 1 " SHA384_OF_A1 "\n"
	       " IN ZONEMD 2018031900 1 240 e2d523f654b9422a96c5a8f44607bbee\n");
	held(" IN ZONEMD 2018031900 1 1 " OTHER_384 "\n"
	     " IN ZONEMD 2018031900 1 240 e2d523f654b9422a96c5a8f44607bbee\n",
	     "its content does not fit its ZONEMD digest: the SHA-384 of what came begins with c68090d90a7aed71 (RFC 8976)");
}

static void test_one_that_fits_is_enough(void **state)
{
	(void)state;
	passes(" IN ZONEMD 2018031900 1 1 " SHA384_OF_A1 "\n"
	       " IN ZONEMD 2018031900 1 2 " SHA384_OF_A1 "00000000000000000000000000000000\n");
}

static void test_a_digest_of_another_serial_proves_nothing(void **state)
{
	(void)state;
	held(" IN ZONEMD 2018031899 1 1 " SHA384_OF_A1 "\n",
	     "its ZONEMD digest is of serial 2018031899, the zone has 2018031900");
}

static void test_two_of_one_hash_prove_nothing(void **state)
{
	(void)state;
	held(" IN ZONEMD 2018031900 1 1 " SHA384_OF_A1 "\n IN ZONEMD 2018031900 1 1 " OTHER_384 "\n",
	     "it has two ZONEMD digests of the same hash (RFC 8976, 4)");
}

static void test_a_cut_digest_proves_nothing(void **state)
{
	(void)state;
	held(" IN TYPE63 \\# 18 7848f0ac 01 01 c68090d90a7aed716bc459f9\n",
	     "its ZONEMD digest is not as long as its hash makes them");
}

// --- all checks in their order

static void test_the_first_check_that_fails_is_named(void **state)
{
	struct example e;
	struct guard_verdict verdict;
	struct config_policy policy = { .max_shrink = 75, .check_zonemd = true };
	(void)state;
	char *text = file_text("a1-simple.zone");
	strcat(text, "added 60 IN A 192.0.2.1\n");
	read_text(&e, "example", text);

	assert_true(guard_walks(e.c.version, NULL, &policy));
	assert_int_equal(guard_examine(e.c.version, NULL, NULL, &policy, &verdict), ERR_HELD);
	assert_string_equal(verdict.check, "zonemd");

	policy.max_records = 6;
	assert_int_equal(guard_examine(e.c.version, NULL, NULL, &policy, &verdict), ERR_HELD);
	assert_string_equal(verdict.check, "max-records");
	assert_string_equal(verdict.text, "it has 7 records, max-records is 6");

	policy.max_records = 7;
	policy.check_zonemd = false;
	assert_false(guard_walks(e.c.version, NULL, &policy));
	assert_int_equal(guard_examine(e.c.version, NULL, NULL, &policy, &verdict), 0);
	assert_null(verdict.check);
	assert_string_equal(verdict.text, "");
	zone_case_end(&e.c);
}

static void test_what_is_no_zone_is_refused(void **state)
{
	struct zone_case c;
	struct guard_verdict verdict;
	const char *text = "@ 60 SOA ns hm 1 2 3 4 5\nwww 60 A 192.0.2.1\n";
	(void)state;
	zone_case_begin(&c, "example.com");
	assert_int_equal(zone_file_parse(text, strlen(text), "test.zone", zone_case_name("example.com"), c.draft,
	                                 &c.result), 0);
	assert_int_equal(guard_check_draft(c.draft, &verdict), ERR_DENIED);
	assert_string_equal(verdict.check, "structure");
	assert_string_equal(verdict.text, "it has no NS at the apex");
	zone_draft_abandon(c.draft);
	zone_case_end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_simple_zone),
		cmocka_unit_test(test_complex_zone),
		cmocka_unit_test(test_zone_with_several_digests),
		cmocka_unit_test(test_signed_uri_arpa),
		cmocka_unit_test(test_root_servers_net),
		cmocka_unit_test(test_none_is_no_fault),
		cmocka_unit_test(test_unknown_schemes_and_hashes_are_passed_over),
		cmocka_unit_test(test_one_that_fits_is_enough),
		cmocka_unit_test(test_a_digest_of_another_serial_proves_nothing),
		cmocka_unit_test(test_two_of_one_hash_prove_nothing),
		cmocka_unit_test(test_a_cut_digest_proves_nothing),
		cmocka_unit_test(test_the_first_check_that_fails_is_named),
		cmocka_unit_test(test_what_is_no_zone_is_refused),
	};
	return cmocka_run_group_tests(tests, zone_case_open, zone_case_close);
}
