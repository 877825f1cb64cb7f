// SPDX-License-Identifier: GPL-3.0-or-later
// Metrics of the server: queries, zones together, primaries, the process.
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/address.h"
#include "base/arena.h"
#include "dns/types.h"
#include "observe/metrics.h"
#include "replicate/watch.h"

// --- lines

static void put_line(struct text *to, const char *name, const char *label, const char *value, uint64_t number)
{
	text_put(to, name);
	if (label != NULL) {
		text_put(to, "{");
		text_put(to, label);
		text_put(to, "=\"");
		metrics_put_label(to, value);
		text_put(to, "\"}");
	}
	text_put(to, " ");
	text_put_number(to, (int64_t)number);
	text_put(to, "\n");
}

static void put_one(struct text *to, const char *name, const char *type, const char *help, uint64_t number)
{
	metrics_put_head(to, name, type, help);
	put_line(to, name, NULL, NULL, number);
}

struct labelled {
	const char *value;
	uint64_t number;
};

static void put_few(struct text *to, const char *name, const char *type, const char *help, const char *label,
                    const struct labelled *lines, unsigned count)
{
	metrics_put_head(to, name, type, help);
	for (unsigned i = 0; i < count; i++)
		put_line(to, name, label, lines[i].value, lines[i].number);
}

// --- queries

static void put_types(struct text *to, const struct serve_counters *c)
{
	const char *name = "understudy_queries_by_type_total";
	char text[DNS_TYPE_TEXT];
	metrics_put_head(to, name, "counter", "Queries by type; types never asked for are left out.");
	for (uint16_t type = 1; type < SERVE_TYPES; type++)
		if (c->type[type] != 0)
			put_line(to, name, "type", dns_type_to_text(type, text), c->type[type]);
	put_line(to, name, "type", "other", c->type[0]);
}

static void put_opcodes(struct text *to, const struct serve_counters *c, uint64_t queries)
{
	static const char *const names[16] = {
		[OPCODE_IQUERY] = "IQUERY", [OPCODE_STATUS] = "STATUS", [OPCODE_NOTIFY] = "NOTIFY", [OPCODE_UPDATE] = "UPDATE",
	};
	const char *name = "understudy_queries_by_opcode_total";
	uint64_t odd = 0, other = 0;
	for (unsigned i = 1; i < 16; i++) {
		odd += c->odd_opcode[i];
		other += names[i] == NULL ? c->odd_opcode[i] : 0;
	}
	metrics_put_head(to, name, "counter", "Queries by opcode.");
	put_line(to, name, "opcode", "QUERY", queries > odd ? queries - odd : 0);
	for (unsigned i = 1; i < 16; i++)
		if (names[i] != NULL)
			put_line(to, name, "opcode", names[i], c->odd_opcode[i]);
	put_line(to, name, "opcode", "other", other);
}

static void put_rcodes(struct text *to, const struct serve_counters *c)
{
	const char *name = "understudy_queries_by_rcode_total";
	char text[DNS_TYPE_TEXT];
	metrics_put_head(to, name, "counter", "Answers by response code; codes never sent are left out.");
	for (uint16_t i = 0; i < sizeof(c->rcode) / sizeof(c->rcode[0]); i++)
		if (c->rcode[i] != 0 || i == RCODE_NOERROR || i == RCODE_NXDOMAIN || i == RCODE_SERVFAIL)
			put_line(to, name, "rcode", dns_rcode_to_text(i, text), c->rcode[i]);
}

static void put_traffic(struct text *to, const struct page *page)
{
	struct serve_counters c;
	serve_counters(page->sources.serve, &c);
	uint64_t queries = c.udp_queries + c.tcp_queries, odd = c.class_chaos + c.class_any + c.class_other;
	put_one(to, "understudy_queries_total", "counter", "Queries received.", queries);
	put_few(to, "understudy_queries_by_transport_total", "counter", "Queries by transport.", "transport",
	        (struct labelled[]){ { "udp", c.udp_queries - c.udp6_queries }, { "udp6", c.udp6_queries },
	                             { "tcp", c.tcp_queries - c.tcp6_queries }, { "tcp6", c.tcp6_queries } }, 4);
	put_types(to, &c);
	put_few(to, "understudy_queries_by_class_total", "counter", "Queries by class.", "class",
	        (struct labelled[]){ { "IN", queries > odd ? queries - odd : 0 }, { "CH", c.class_chaos },
	                             { "ANY", c.class_any }, { "other", c.class_other } }, 4);
	put_opcodes(to, &c, queries);
	put_rcodes(to, &c);
	put_one(to, "understudy_connections_total", "counter", "TCP connections accepted.", c.tcp_connections);
	put_one(to, "understudy_queries_dropped_total", "counter", "Queries that got no answer.", c.dropped);
	put_one(to, "understudy_answers_truncated_total", "counter", "Answers cut short, with TC set.", c.truncated);
	put_few(to, "understudy_xfr_requests_served_total", "counter", "Transfers out that were begun.", "xfrtype",
	        (struct labelled[]){ { "AXFR", c.transfers_out - c.transfers_out_ixfr }, { "IXFR", c.transfers_out_ixfr } }, 2);
}

// --- zones together

static void put_zones(struct text *to, const struct page *page, int64_t now)
{
	struct board_sums s;
	struct replicate_counters c;
	struct arena_usage usage;
	board_count(board_list(page->board), now, &s);
	replicate_counters(page->sources.replicate, &c);
	arena_usage(&usage);
	put_one(to, "understudy_zones_primary", "gauge", "Zones that this server is the primary of.", s.primary);
	put_one(to, "understudy_zones_secondary", "gauge", "Zones that this server copies.", s.secondary);
	put_few(to, "understudy_zones", "gauge", "Zones by state.", "state",
	        (struct labelled[]){ { "empty", s.empty }, { "current", s.current }, { "stale", s.stale },
	                             { "expired", s.expired } }, 4);
	put_few(to, "understudy_zones_in_need", "gauge", "Zones by how much they need their operator.", "level",
	        (struct labelled[]){ { "fine", s.level[BOARD_FINE] }, { "note", s.level[BOARD_NOTE] },
	                             { "troubled", s.level[BOARD_TROUBLED] }, { "critical", s.level[BOARD_CRITICAL] } }, 4);
	put_one(to, "understudy_zones_behind", "gauge", "Zones of which a primary has a newer serial.", s.behind);
	put_one(to, "understudy_zones_held", "gauge", "Zones with a version held back.", s.held);
	put_one(to, "understudy_zones_rolled_back", "gauge", "Zones of which an older version is served.", s.rolled_back);
	put_one(to, "understudy_zones_unsaved", "gauge", "Zones whose newest version is not in the store.", s.unsaved);
	put_one(to, "understudy_zones_failing", "gauge", "Zones where something went wrong since the last success.", s.with_error);
	put_one(to, "understudy_zones_servers_behind", "gauge", "Zones of which another server lacks the newest serial.",
	        s.servers_behind);
	put_one(to, "understudy_zones_transferring", "gauge", "Zones being transferred in now.", c.transferring);
	put_one(to, "understudy_zones_waiting", "gauge", "Zones that wait to be asked for or transferred.", c.waiting);
	put_one(to, "understudy_records", "gauge", "Records of all zones.", (uint64_t)s.records);
	put_one(to, "understudy_size_db_in_mem_bytes", "gauge", "Memory that zones take.", usage.live);
	put_one(to, "understudy_versions_published_total", "counter", "Versions of zones put in service.", c.published);
	put_one(to, "understudy_versions_held_total", "counter", "Versions of zones held back by a check.", c.held);
	put_few(to, "understudy_notifies_received_total", "counter", "NOTIFYs received.", "outcome",
	        (struct labelled[]){ { "accepted", c.notifies_accepted }, { "refused", c.notifies_refused } }, 2);
	put_few(to, "understudy_notifies_sent_total", "counter", "NOTIFYs sent, by how they ended.", "outcome",
	        (struct labelled[]){ { "acknowledged", c.notifies_acknowledged }, { "failed", c.notifies_failed } }, 2);
}

// --- primaries

struct primary_lines {
	struct text *to;
	const char *name;
	unsigned family;
};

enum { PRIMARY_UP, PRIMARY_DOWN_SINCE, PRIMARY_POLLS, PRIMARY_POLLS_FAILED, PRIMARY_TRANSFERS, PRIMARY_FAILED,
       PRIMARY_BYTES, PRIMARY_ROUND_TRIP, PRIMARY_FAMILIES };

static const struct { const char *name, *type, *help; } primary_families[] = {
	[PRIMARY_UP] = { "understudy_primary_up", "gauge", "1 where the primary answered the last time." },
	[PRIMARY_DOWN_SINCE] = { "understudy_primary_unhealthy_since_timestamp_seconds", "gauge",
	                         "Since when the primary has not answered; 0: it does." },
	[PRIMARY_POLLS] = { "understudy_primary_refreshes_total", "counter", "Questions for a serial put to the primary." },
	[PRIMARY_POLLS_FAILED] = { "understudy_primary_refreshes_failed_total", "counter", "Questions for a serial that failed." },
	[PRIMARY_TRANSFERS] = { "understudy_primary_transfers_total", "counter", "Transfers in that ended well." },
	[PRIMARY_FAILED] = { "understudy_primary_transfers_failed_total", "counter", "Transfers in and questions that failed, by reason." },
	[PRIMARY_BYTES] = { "understudy_primary_received_bytes_total", "counter", "Bytes received in transfers." },
	[PRIMARY_ROUND_TRIP] = { "understudy_primary_round_trip_seconds", "gauge", "Round-trip time of the last question over UDP." },
};

static void put_primary(struct text *to, const char *name, const char *address, const char *label, const char *value,
                        uint64_t number)
{
	text_format(to, "%s{primary=\"%s\"", name, address);
	if (label != NULL)
		text_format(to, ",%s=\"%s\"", label, value);
	text_format(to, "} %llu\n", (unsigned long long)number);
}

static int put_primary_lines(void *context, const struct primary_counters *p)
{
	struct primary_lines *l = context;
	char address[ADDRESS_TEXT];
	address_to_text((const struct sockaddr *)&p->address, address);
	switch (l->family) {
	case PRIMARY_UP: put_primary(l->to, l->name, address, NULL, NULL, p->is_healthy); break;
	case PRIMARY_DOWN_SINCE:
		put_primary(l->to, l->name, address, NULL, NULL, p->is_healthy ? 0 : (uint64_t)p->unhealthy_since);
		break;
	case PRIMARY_POLLS: put_primary(l->to, l->name, address, NULL, NULL, p->polls); break;
	case PRIMARY_POLLS_FAILED: put_primary(l->to, l->name, address, NULL, NULL, p->polls_failed); break;
	case PRIMARY_TRANSFERS:
		put_primary(l->to, l->name, address, "xfrtype", "AXFR", p->axfr);
		put_primary(l->to, l->name, address, "xfrtype", "IXFR", p->ixfr);
		break;
	case PRIMARY_FAILED:
		for (unsigned i = 0; i < TRANSFER_FAILURES; i++)
			put_primary(l->to, l->name, address, "reason", transfer_failure_text((enum transfer_failure)i), p->failed[i]);
		break;
	case PRIMARY_BYTES: put_primary(l->to, l->name, address, NULL, NULL, p->bytes); break;
	default:
		if (p->round_trip_us != 0)
			text_format(l->to, "%s{primary=\"%s\"} %u.%06u\n", l->name, address, p->round_trip_us / 1000000,
			            p->round_trip_us % 1000000);
	}
	return 0;
}

static void put_primaries(struct text *to, const struct page *page)
{
	for (unsigned i = 0; i < PRIMARY_FAMILIES; i++) {
		struct primary_lines lines = { to, primary_families[i].name, i };
		metrics_put_head(to, lines.name, primary_families[i].type, primary_families[i].help);
		(void)replicate_primaries_each(page->sources.replicate, put_primary_lines, &lines);
	}
}

// --- the process

static uint64_t resident_bytes(void)
{
	unsigned long long total, resident = 0;
	FILE *file = fopen("/proc/self/statm", "re");
	if (file == NULL)
		return 0;
	if (fscanf(file, "%llu %llu", &total, &resident) != 2)
		resident = 0;
	fclose(file);
	return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t open_files(void)
{
	uint64_t count = 0;
	DIR *directory = opendir("/proc/self/fd");
	if (directory == NULL)
		return 0;
	for (const struct dirent *entry; (entry = readdir(directory)) != NULL;)
		count += entry->d_name[0] != '.';
	closedir(directory);
	return count > 0 ? count - 1 : 0; // the folder itself is open
}

static void put_process(struct text *to, const struct page *page)
{
	struct rusage usage = { 0 };
	struct rlimit files = { 0 };
	getrusage(RUSAGE_SELF, &usage);
	getrlimit(RLIMIT_NOFILE, &files);
	metrics_put_head(to, "understudy_build_info", "gauge", "1, with the version of the program.");
	put_line(to, "understudy_build_info", "version", page->sources.version, 1);
	put_one(to, "process_start_time_seconds", "gauge", "When the server started.", (uint64_t)page->sources.started);
	put_one(to, "process_resident_memory_bytes", "gauge", "Resident memory.", resident_bytes());
	metrics_put_head(to, "process_cpu_seconds_total", "counter", "Processor time used.");
	long long us = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000LL + usage.ru_utime.tv_usec +
	               usage.ru_stime.tv_usec;
	text_format(to, "process_cpu_seconds_total %lld.%06lld\n", us / 1000000, us % 1000000);
	put_one(to, "process_open_fds", "gauge", "Open file descriptors.", open_files());
	put_one(to, "process_max_fds", "gauge", "Most file descriptors that may be open.", files.rlim_cur);
}

void metrics_put_server(struct text *to, const struct page *page, int64_t now)
{
	put_process(to, page);
	put_traffic(to, page);
	put_zones(to, page, now);
	put_primaries(to, page);
}
