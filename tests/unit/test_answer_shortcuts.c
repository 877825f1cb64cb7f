// SPDX-License-Identifier: GPL-3.0-or-later
// Random zones and questions, each answered in three ways that must agree: with what
// the stages found ahead, without it, and from a zone whose stored names are in upper
// case, for which no name is written without a search. And at every size: a reply is
// proper, within its limit, and either says all that is required or has TC.
// The seed is printed; ANSWER_SHORTCUTS_SEED and ANSWER_SHORTCUTS_ZONES set it and
// the number of zones.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <ctype.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "answer/answer.h"
#include "base/arena.h"
#include "base/epoch.h"
#include "dns/message.h"
#include "dns/types.h"
#include "render.h"
#include "zone/draft.h"
#include "zone/file.h"

#define CUTS 6u
#define QUESTIONS 24u
#define TEXT_ROOM (1u << 18)
#define GUARD 0xa5 // behind the limit: nothing may be written there

static uint64_t dice = 1;

static uint32_t roll(uint32_t sides)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return (uint32_t)(dice >> 33) % sides;
}

// --- a zone

enum denial { UNSIGNED, NSEC, NSEC3 };

struct scene {
	char origin[NAME_MAX_TEXT]; // with its dot
	char cut[CUTS][NAME_MAX_TEXT];
	enum denial denial;
	char text[TEXT_ROOM];
	size_t length;
	bool upper;                 // how the names in rdata are written
	uint64_t dice;              // with which the text was made
	struct zone_table *zones, *upper_zones;
	struct answer_identity identity;
};

#define LONG_LABEL "a-label-of-50-octets-xxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
static const char *const origins[] = {
	"example.com.", "a.", ".", "ns1.a.", LONG_LABEL "." LONG_LABEL "." LONG_LABEL ".",
};
static const char *const labels[] = {
	"a", "b", "ns1", "ns2", "ns3", "www", "0123456789abcdefghijklmnopqrstuv", "ns-of-a-longer-name",
};

static const char *any_label(void)
{
	return labels[roll(sizeof(labels) / sizeof(labels[0]))];
}

static void join(char *to, const char *label, const char *parent)
{
	snprintf(to, NAME_MAX_TEXT, "%.63s.%.255s", label, strcmp(parent, ".") == 0 ? "" : parent);
}

static void put(struct scene *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(struct scene *s, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(s->text + s->length, sizeof(s->text) - s->length, format, arguments);
	va_end(arguments);
	assert_in_range(length, 0, sizeof(s->text) - s->length - 1);
	s->length += (size_t)length;
}

// A name as rdata; what is in upper case there takes the general way.
static const char *stored(const struct scene *s, const char *name)
{
	static char text[2][NAME_MAX_TEXT];
	static unsigned turn;
	char *to = text[turn++ % 2];
	size_t i = 0;
	for (; name[i] != '\0'; i++)
		to[i] = (char)(s->upper ? toupper((unsigned char)name[i]) : name[i]);
	to[i] = '\0';
	return to;
}

static void sign(struct scene *s, const char *owner, const char *type)
{
	if (s->denial != UNSIGNED)
		put(s, "%s RRSIG %s 13 1 3600 20380101000000 20200101000000 1 %s AAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
		    owner, type, s->origin);
}

static void put_addresses(struct scene *s, const char *owner)
{
	if (roll(4) != 0)
		for (unsigned n = 1 + roll(3); n > 0; n--)
			put(s, "%s A 192.0.2.%u\n", owner, 1 + roll(250));
	if (roll(3) == 0)
		put(s, "%s AAAA 2001:db8::%u\n", owner, 1 + roll(250));
}

// `plain`: a label and the cut, as nearly all are.
static void put_server(struct scene *s, const char *cut, bool plain)
{
	char name[NAME_MAX_TEXT], inner[NAME_MAX_TEXT];
	switch (plain ? 4 + roll(8) : roll(12)) {
	case 0: snprintf(name, sizeof(name), "%s", cut); break; // the cut is its own server
	case 1: join(inner, any_label(), cut); join(name, any_label(), inner); break;
	case 2: join(name, any_label(), s->origin); break;
	case 3: snprintf(name, sizeof(name), "ns%u.elsewhere.test.", roll(9)); break;
	case 4: case 5: join(name, any_label(), cut); break;
	default: snprintf(inner, sizeof(inner), "n%u", roll(40)); join(name, inner, cut); break;
	}
	if (strlen(name) > 250)
		return;
	if (strstr(name, cut) != NULL && roll(5) != 0)
		put_addresses(s, name);
	if (roll(8) == 0) // in the rdata alone, and of the first label alone
		name[0] = (char)toupper((unsigned char)name[0]);
	put(s, "%s NS %s\n", cut, stored(s, name));
}

static void put_cut(struct scene *s, unsigned n)
{
	const unsigned servers[] = { 1, 2, 6, 13, 14, 17 };
	char label[16], inner[NAME_MAX_TEXT];
	snprintf(label, sizeof(label), "cut%u", n);
	join(s->cut[n], label, s->origin);
	if (roll(4) == 0) { // deeper, below a name that is otherwise empty
		join(inner, n == 0 ? "0123456789abcdefghijklmnopqrstuv" : "ent", s->origin);
		join(s->cut[n], label, inner);
	}
	bool plain = roll(3) != 0;
	for (unsigned left = servers[roll(6)]; left > 0; left--)
		put_server(s, s->cut[n], plain);
	if (!plain)
		put(s, "%s NS %s\n", s->cut[n], stored(s, "ns.elsewhere.test."));
	if (s->denial != UNSIGNED && roll(2) == 0) {
		put(s, "%s DS 1 8 2 00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF\n", s->cut[n]);
		sign(s, s->cut[n], "DS");
	}
}

static void put_apex(struct scene *s)
{
	static const char *const mnames[] = { "ns1", "a", "www", "ns-of-a-longer-name" };
	char server[NAME_MAX_TEXT], mailbox[NAME_MAX_TEXT];
	const char *mname = mnames[roll(4)];
	join(server, mname, s->origin);
	join(mailbox, roll(4) == 0 ? mname : roll(4) == 0 ? "www" : "hostmaster", s->origin);
	put(s, "%s SOA %s %s 7 3600 600 604800 %u\n", s->origin, stored(s, server), stored(s, mailbox), roll(2) * 7200);
	sign(s, s->origin, "SOA");
	join(server, "ns1", s->origin);
	put(s, "%s NS %s\n", s->origin, stored(s, server));
	put(s, "%s A 192.0.2.1\n", server);
	sign(s, s->origin, "NS");
}

static void put_names(struct scene *s)
{
	char owner[NAME_MAX_TEXT], target[NAME_MAX_TEXT], wild[NAME_MAX_TEXT];
	join(owner, "www", s->origin);
	put_addresses(s, owner);
	sign(s, owner, "A");
	join(owner, "w", s->origin);
	join(wild, "*", owner);
	put(s, "%s TXT \"wild\"\n", wild);
	sign(s, wild, "TXT");
	join(owner, "tocut", s->origin);
	join(target, any_label(), s->cut[roll(CUTS)]);
	put(s, "%s CNAME %s\n", owner, stored(s, target));
	sign(s, owner, "CNAME");
	join(owner, "tonothing", s->origin);
	join(wild, any_label(), s->origin); // which may be the SOA's too
	join(target, "x", wild);
	put(s, "%s CNAME %s\n", owner, stored(s, target));
	join(owner, "host.deep", s->origin);
	put(s, "%s TXT \"deep\"\n", owner);
	join(owner, "dname", s->origin);
	put(s, "%s DNAME %s\n", owner, stored(s, s->cut[roll(CUTS)]));
}

static void put_nsec3(struct scene *s)
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuv";
	unsigned iterations = roll(3) * 7;
	const char *salt = roll(2) == 0 ? "-" : "AABBCCDD";
	put(s, "%s NSEC3PARAM 1 0 %u %s\n", s->origin, iterations, salt);
	for (unsigned n = 0; n < 12; n++) {
		char label[33], owner[NAME_MAX_TEXT];
		for (unsigned i = 0; i < 32; i++)
			label[i] = digits[roll(32)];
		label[32] = '\0';
		join(owner, label, s->origin);
		put(s, "%s NSEC3 1 1 %u %s 0123456789abcdefghijklmnopqrstuv A RRSIG\n", owner, iterations, salt);
		sign(s, owner, "NSEC3");
	}
}

static void put_nsec(struct scene *s)
{
	char owner[NAME_MAX_TEXT];
	put(s, "%s NSEC %s SOA NS RRSIG NSEC\n", s->origin, stored(s, s->cut[0]));
	sign(s, s->origin, "NSEC");
	for (unsigned n = 0; n < CUTS; n++) {
		put(s, "%s NSEC %s NS RRSIG NSEC\n", s->cut[n], stored(s, s->origin));
		sign(s, s->cut[n], "NSEC");
	}
	join(owner, "www", s->origin);
	put(s, "%s NSEC %s A RRSIG NSEC\n", owner, stored(s, s->origin));
	sign(s, owner, "NSEC");
}

static struct zone_table *load(struct scene *s, bool upper)
{
	uint8_t origin[NAME_MAX_WIRE];
	struct zone_table *zones;
	struct zone_slot *slot;
	struct zone_line *line;
	struct zone_draft *draft;
	const struct zone_version *version;
	struct zone_file_result result;
	uint64_t dice_now = dice;
	s->upper = upper;
	s->length = 0;
	dice = s->dice;
	put(s, "$TTL 3600\n");
	put_apex(s);
	for (unsigned n = 0; n < CUTS; n++)
		put_cut(s, n);
	put_names(s);
	if (s->denial == NSEC3)
		put_nsec3(s);
	else if (s->denial == NSEC)
		put_nsec(s);
	if (!upper)
		dice_now = dice;
	dice = dice_now;
	assert_true(name_from_text(s->origin, origin) > 0);
	assert_int_equal(zone_table_new(&zones), 0);
	assert_int_equal(zone_table_add(zones, origin, &slot), 0);
	assert_int_equal(zone_line_new(origin, &line), 0);
	assert_int_equal(zone_draft_new(line, &draft), 0);
	if (zone_file_parse(s->text, s->length, s->origin, origin, draft, &result) != 0)
		fail_msg("%s\n%s", result.message, s->text);
	assert_int_equal(zone_draft_seal(draft, &version), 0);
	zone_line_release(line);
	zone_slot_publish(slot, version);
	return zones;
}

static void open_scene(struct scene *s)
{
	snprintf(s->origin, sizeof(s->origin), "%s", origins[roll(sizeof(origins) / sizeof(origins[0]))]);
	s->denial = (enum denial)roll(3);
	s->identity = (struct answer_identity){ .minimal_responses = roll(2) == 0 };
	s->dice = dice;
	s->zones = load(s, false);
	s->upper_zones = load(s, true);
}

static void close_scene(struct scene *s)
{
	epoch_offline();
	epoch_barrier();
	epoch_online();
	zone_table_free(s->zones);
	zone_table_free(s->upper_zones);
}

// --- a question

struct question {
	char name[2 * NAME_MAX_TEXT];
	uint8_t bytes[512];
	size_t length;
};

static void choose_name(const struct scene *s, char *name)
{
	static const char *const known[] = { "www", "w", "x.w", "tocut", "tonothing", "x.dname", "nothere", "x.y.nothere",
	                                     "ent", "b.ent", "*.w", "hostmaster", "0123456789abcdefghijklmnopqrstuv",
	                                     "b.deep", "a.b.host.deep", "a", "ns-of-a-longer-name" };
	char parent[NAME_MAX_TEXT];
	switch (roll(4)) {
	case 0:
		join(name, known[roll(17)], s->origin);
		break;
	case 1:
		snprintf(name, NAME_MAX_TEXT, "%s", roll(6) == 0 ? s->origin : s->cut[roll(CUTS)]);
		break;
	default:
		snprintf(name, NAME_MAX_TEXT, "%s", s->cut[roll(CUTS)]);
		for (unsigned depth = roll(5) == 0 ? 40 : 1 + roll(3); depth > 0; depth--) {
			const char *label = any_label();
			snprintf(parent, sizeof(parent), "%s", name);
			if (strlen(parent) + strlen(label) < 250)
				join(name, label, parent);
		}
	}
	for (; *name != '\0'; name++) // as resolvers do that expect it back
		if (roll(2) == 0)
			*name = (char)toupper((unsigned char)*name);
}

static void make_question(const struct scene *s, struct question *q)
{
	const uint16_t types[] = { TYPE_A, TYPE_AAAA, TYPE_NS, TYPE_DS, TYPE_ANY, TYPE_TXT, TYPE_SOA, TYPE_CNAME };
	uint8_t wire[NAME_MAX_WIRE];
	struct wire_writer w;
	int length;
	do {
		choose_name(s, q->name);
		length = name_from_text(q->name, wire);
	} while (length <= 0);
	bool with_edns = roll(4) != 0;
	wire_writer_init(&w, q->bytes, sizeof(q->bytes));
	wire_write32(&w, 0x12340000);
	wire_write32(&w, 0x00010000);
	wire_write32(&w, with_edns);
	wire_write_bytes(&w, wire, (size_t)length);
	wire_write16(&w, types[roll(8)]);
	wire_write16(&w, CLASS_IN);
	if (with_edns) {
		struct edns_writer e;
		edns_write_begin(&e, &w, 1232, 0, roll(4) != 0);
		edns_write_end(&e);
	}
	q->length = wire_writer_length(&w);
}

// --- its answer

enum way { AHEAD, AFTERWARDS, UPPER };

struct outcome {
	uint8_t reply[MESSAGE_MAX];
	struct answer_request request;
	struct answer answer;
};

static void ask(const struct scene *s, const struct question *q, enum way way, size_t room, struct outcome *o)
{
	static const struct sockaddr_in source = { .sin_family = AF_INET };
	o->request = (struct answer_request){
		.bytes = q->bytes, .length = q->length, .source = (const struct sockaddr *)&source,
		.transport = TRANSPORT_TCP, .reply = o->reply, .reply_room = room,
	};
	memset(o->reply, GUARD, room + 64 < MESSAGE_MAX ? room + 64 : MESSAGE_MAX);
	answer_prepare(way == UPPER ? s->upper_zones : s->zones, &o->request, &o->answer, 1);
	if (way != AHEAD) {
		o->answer.glue_plain = false;
		o->answer.glue_count = 0;
		o->answer.closer = NULL;
	}
	answer_write(&s->identity, &o->request, &o->answer);
	assert_int_equal(o->answer.action, ANSWER_REPLY);
	assert_in_range(o->answer.length, MESSAGE_HEADER, room);
	for (size_t i = room; i < room + 64 && i < MESSAGE_MAX; i++)
		assert_int_equal(o->reply[i], GUARD);
}

static void lower(struct rendering *r)
{
	for (unsigned i = 0; i < r->count; i++)
		for (char *at = r->line[i]; *at != '\0' && r->line[i][0] != ';'; at++)
			*at = (char)tolower((unsigned char)*at);
}

static void say(const struct scene *s, const struct question *q, const struct rendering *r, const char *what)
{
	print_error("%s: %s, denial %d\n", what, q->name, (int)s->denial);
	for (unsigned i = 0; i < r->count; i++)
		print_error("  %s\n", r->line[i]);
}

static void expect_proper(const struct scene *s, const struct question *q, const struct rendering *r)
{
	for (unsigned i = 0; i < r->count; i++)
		if (strstr(r->line[i], "malformed") != NULL || strstr(r->line[i], "differ") != NULL ||
		    strstr(r->line[i], "not the question") != NULL || strstr(r->line[i], "octets follow") != NULL) {
			say(s, q, r, "no proper reply");
			fail();
		}
}

static bool has(const struct rendering *r, const char *line)
{
	for (unsigned i = 0; i < r->count; i++)
		if (strcmp(r->line[i], line) == 0)
			return true;
	return false;
}

// Whether a line is the address of a server below the cut that is referred to: in a
// referral all of those are required.
static bool is_required(const struct rendering *full, unsigned i, bool additional)
{
	const char *line = full->line[i];
	if (!additional)
		return line[0] != ';';
	char cut[NAME_MAX_TEXT + 2] = "";
	for (unsigned n = 0; n < i; n++)
		if (strcmp(full->line[n], ";; AUTHORITY") == 0 && strstr(full->line[n + 1], " IN NS ") != NULL)
			snprintf(cut, sizeof(cut), ".%.*s ", (int)strcspn(full->line[n + 1], " "), full->line[n + 1]);
	return cut[0] != '\0' && strcmp(cut, ".. ") != 0 && strstr(line, cut) != NULL;
}

static void expect_whole(const struct scene *s, const struct question *q, const struct rendering *full,
                         const struct rendering *r)
{
	bool additional = false;
	for (unsigned i = 0; i < full->count; i++) {
		additional = additional || strcmp(full->line[i], ";; ADDITIONAL") == 0;
		if (is_required(full, i, additional) && !has(r, full->line[i])) {
			say(s, q, full, "in full");
			say(s, q, r, "without TC, but not all");
			fail();
		}
	}
}

static void compare_upper(const struct scene *s, const struct question *q, const struct outcome *o,
                          struct rendering *full)
{
	static struct outcome general;
	struct rendering r;
	ask(s, q, UPPER, MESSAGE_MAX, &general);
	render(&general.request, &general.answer, &r);
	expect_proper(s, q, &r);
	lower(&r);
	lower(full);
	bool same = r.count == full->count && general.answer.length == o->answer.length;
	for (unsigned i = 0; same && i < r.count; i++)
		same = has(full, r.line[i]);
	if (!same) {
		print_error("%zu and %zu octets\n", o->answer.length, general.answer.length);
		say(s, q, full, "shortened");
		say(s, q, &r, "general");
		fail();
	}
	render_free(&r);
}

static void compare_at(const struct scene *s, const struct question *q, size_t room, size_t whole,
                       const struct rendering *full)
{
	static struct outcome ahead, afterwards;
	struct rendering r;
	ask(s, q, AHEAD, room, &ahead);
	ask(s, q, AFTERWARDS, room, &afterwards);
	render(&ahead.request, &ahead.answer, &r);
	expect_proper(s, q, &r);
	lower(&r);
	if (ahead.answer.length != afterwards.answer.length ||
	    memcmp(ahead.reply, afterwards.reply, ahead.answer.length) != 0) {
		print_error("%zu octets of room, %zu and %zu taken\n", room, ahead.answer.length, afterwards.answer.length);
		say(s, q, &r, "what was found ahead tells");
		fail();
	}
	if (!ahead.answer.truncated)
		expect_whole(s, q, full, &r);
	if (message_count(ahead.reply, SECTION_QUESTION) == 0) { // then there is nothing to point to
		assert_true(ahead.answer.truncated);
		assert_int_equal(message_count(ahead.reply, SECTION_ANSWER), 0);
		assert_int_equal(message_count(ahead.reply, SECTION_AUTHORITY), 0);
	}
	if (room >= whole)
		assert_int_equal(ahead.answer.length, whole);
	render_free(&r);
}

static void compare(const struct scene *s, const struct question *q)
{
	static struct outcome o;
	struct rendering full;
	ask(s, q, AHEAD, MESSAGE_MAX, &o);
	assert_false(o.answer.truncated);
	render(&o.request, &o.answer, &full);
	expect_proper(s, q, &full);
	compare_upper(s, q, &o, &full);
	for (size_t room = MESSAGE_HEADER; room <= o.answer.length + 8; room += room < 512 ? 1 : 1 + roll(7))
		compare_at(s, q, room, o.answer.length, &full);
	render_free(&full);
}

static unsigned long from_environment(const char *name, unsigned long otherwise)
{
	const char *text = getenv(name);
	return text != NULL ? strtoul(text, NULL, 10) : otherwise;
}

static void test_the_ways_agree(void **state)
{
	static struct scene s;
	static struct question q;
	(void)state;
	unsigned long seed = from_environment("ANSWER_SHORTCUTS_SEED", (unsigned long)time(NULL));
	unsigned long zones = from_environment("ANSWER_SHORTCUTS_ZONES", 30);
	print_message("seed %lu\n", seed);
	dice = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	for (unsigned long n = 0; n < zones; n++) {
		open_scene(&s);
		for (unsigned i = 0; i < QUESTIONS; i++) {
			make_question(&s, &q);
			compare(&s, &q);
		}
		close_scene(&s);
	}
}

int main(void)
{
	char why[256];
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_the_ways_agree) };
	if (arena_open(1ull << 30, why) != 0)
		return 1;
	epoch_register();
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	epoch_unregister();
	return failed;
}
