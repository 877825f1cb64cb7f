// SPDX-License-Identifier: GPL-3.0-or-later
// Asks questions over UDP as fast as one core can, or at a steady rate, and
// measures how long each reply takes. Batches of system calls make it several
// times cheaper a question than dnsperf, so that the server is what is slow.
// At a steady rate a question goes out when it is due, alone unless a call takes
// longer than the time between two; its time runs from before the call to when the kernel took the reply in. Where this process
// itself was not run, the questions that fell due meanwhile are left out instead
// of sent in a burst, and "held" is the part of the time that was.
// Usage: load PORT FILE SECONDS WINDOW RATE(0: no limit) DO(0|1)
// FILE has lines of "NAME TYPE". Prints one line of JSON.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define BATCH       64
#define WINDOW_MOST 8192
#define QUESTIONS   200000
#define ROOM        128
#define LOST_NS     1000000000ull
// Behind its times by more than this, the load was held up itself.
#define HELD_NS     100000.0
// Questions that go out in one call at a steady rate, where more than one are due.
#define TOGETHER    8
// Latency is counted in steps of 0.5 µs up to 50 ms; what is slower is in the last.
#define STEP_NS     500
#define STEPS       100000

struct question {
	uint8_t bytes[ROOM];
	uint8_t size;
};

struct slot {
	uint64_t sent; // ns; 0: free
	uint16_t turn; // tells a late reply from one to the slot's next question
};

static struct question *questions;
static size_t question_count;
static struct slot slots[WINDOW_MOST];
static uint32_t free_slots[WINDOW_MOST];
static uint32_t free_count, window;
static uint64_t sent, answered, lost, rcodes[16];
static uint64_t held_ns;
static uint32_t *histogram;

static struct mmsghdr in[BATCH], out[BATCH];
static struct iovec in_part[BATCH], out_part[BATCH];
static uint8_t in_bytes[BATCH][4096], out_bytes[BATCH][ROOM];
static _Alignas(struct cmsghdr) uint8_t in_control[BATCH][CMSG_SPACE(sizeof(struct timespec))];

static void fail(const char *what)
{
	fprintf(stderr, "load: %s\n", what);
	exit(1);
}

static uint64_t ns_of(struct timespec time)
{
	return (uint64_t)time.tv_sec * 1000000000ull + (uint64_t)time.tv_nsec;
}

// The clock of the kernel's stamps.
static uint64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return ns_of(now);
}

// When the kernel took a datagram in, or `otherwise` where it has no stamp.
static uint64_t stamp_of(struct msghdr *message, uint64_t otherwise)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
			struct timespec time;
			memcpy(&time, CMSG_DATA(c), sizeof time);
			return ns_of(time);
		}
	return otherwise;
}

static uint16_t type_of(const char *word)
{
	static const struct { const char *word; uint16_t type; } types[] = {
		{ "A", 1 }, { "NS", 2 }, { "SOA", 6 }, { "MX", 15 }, { "TXT", 16 }, { "AAAA", 28 }, { "DS", 43 },
	};
	for (size_t i = 0; i < sizeof types / sizeof *types; ++i)
		if (strcmp(types[i].word, word) == 0)
			return types[i].type;
	fail("a type that it does not know");
	return 0;
}

static void question_make(struct question *question, const char *name, uint16_t type, bool dnssec)
{
	static const uint8_t opt[] = { 0, 0, 41, 0x04, 0xd0, 0, 0, 0x80, 0, 0, 0 };
	uint8_t *p = question->bytes;
	memset(p, 0, 12);
	p[5] = 1;
	p[11] = dnssec;
	size_t at = 12;
	while (*name != '\0') {
		size_t n = strcspn(name, ".");
		if (n == 0)
			break;
		if (n > 63 || at + n + 6 + sizeof opt > ROOM)
			fail("a name that is too long");
		p[at++] = (uint8_t)n;
		memcpy(p + at, name, n);
		at += n;
		name += n + (name[n] == '.');
	}
	p[at++] = 0;
	p[at++] = (uint8_t)(type >> 8);
	p[at++] = (uint8_t)type;
	p[at++] = 0;
	p[at++] = 1;
	if (dnssec) {
		memcpy(p + at, opt, sizeof opt);
		at += sizeof opt;
	}
	question->size = (uint8_t)at;
}

static void questions_read(const char *path, bool dnssec)
{
	char name[256], type[16];
	FILE *f = fopen(path, "r");
	questions = calloc(QUESTIONS, sizeof *questions);
	if (f == NULL || questions == NULL)
		fail("cannot read the questions");
	while (question_count < QUESTIONS && fscanf(f, "%255s %15s", name, type) == 2)
		question_make(&questions[question_count++], name, type_of(type), dnssec);
	fclose(f);
	if (question_count == 0)
		fail("no questions");
}

static void receive(int fd)
{
	for (int i = 0; i < BATCH; ++i)
		in[i].msg_hdr.msg_controllen = sizeof in_control[i];
	int got = recvmmsg(fd, in, BATCH, MSG_DONTWAIT, NULL);
	if (got <= 0)
		return;
	uint64_t now = now_ns();
	for (int i = 0; i < got; ++i) {
		const uint8_t *reply = in_bytes[i];
		if (in[i].msg_len < 12)
			continue;
		uint32_t id = (uint32_t)reply[0] << 8 | reply[1], number = id % window;
		struct slot *slot = &slots[number];
		if (slot->sent == 0 || slot->turn != id / window)
			continue;
		uint64_t came = stamp_of(&in[i].msg_hdr, now);
		uint64_t step = came > slot->sent ? (came - slot->sent) / STEP_NS : 0;
		++histogram[step < STEPS ? step : STEPS - 1];
		++rcodes[reply[3] & 15];
		++answered;
		slot->sent = 0;
		free_slots[free_count++] = number;
	}
}

static void send_some(int fd, uint32_t count)
{
	uint32_t turns = 65536 / window;
	uint64_t now = now_ns();
	for (uint32_t i = 0; i < count; ++i) {
		const struct question *question = &questions[sent++ % question_count];
		uint32_t number = free_slots[--free_count];
		struct slot *slot = &slots[number];
		slot->turn = (uint16_t)((slot->turn + 1u) % turns);
		slot->sent = now;
		uint32_t id = slot->turn * window + number;
		memcpy(out_bytes[i], question->bytes, ROOM);
		out_bytes[i][0] = (uint8_t)(id >> 8);
		out_bytes[i][1] = (uint8_t)id;
		out_part[i].iov_len = question->size;
	}
	for (uint32_t done = 0; done < count;) {
		int n = sendmmsg(fd, out + done, count - done, 0);
		done += n > 0 ? (uint32_t)n : 1;
	}
}

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static void forget_lost(uint64_t now)
{
	for (uint32_t i = 0; i < window; ++i)
		if (slots[i].sent != 0 && now - slots[i].sent > LOST_NS) {
			slots[i].sent = 0;
			free_slots[free_count++] = i;
			++lost;
		}
}

static void run_full(int fd, uint64_t begin, uint64_t end)
{
	uint64_t sweep = begin;
	for (uint64_t now = begin; now < end; now = now_ns()) {
		uint32_t count = free_count < BATCH ? free_count : BATCH;
		if (count < BATCH / 2 && free_count < window)
			count = 0; // wait for more replies: full batches are what is cheap
		if (count > 0)
			send_some(fd, count);
		receive(fd);
		if (free_count == 0)
			poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 100);
		if (now - sweep > LOST_NS / 4) {
			forget_lost(now_ns());
			sweep = now;
		}
	}
}

static void run_paced(int fd, uint64_t begin, uint64_t end, double rate)
{
	double step = 1e9 / rate, due = 0; // ns after `begin`
	uint64_t sweep = begin;
	for (uint64_t now = begin; now < end; now = now_ns()) {
		double behind = (double)(now - begin) - due;
		if (behind > HELD_NS || (behind >= 0 && free_count == 0)) {
			held_ns += free_count > 0 ? (uint64_t)behind : 0;
			due += behind;
			behind = 0;
		}
		if (behind >= 0 && free_count > 0) {
			uint32_t count = least((uint32_t)(behind / step) + 1, least(TOGETHER, free_count));
			send_some(fd, count);
			due += step * count;
		}
		receive(fd);
		if (now - sweep > LOST_NS / 4) {
			forget_lost(now);
			sweep = now;
		}
	}
}

static double quantile(double part)
{
	uint64_t want = (uint64_t)((double)answered * part), seen = 0;
	for (size_t i = 0; i < STEPS; ++i)
		if ((seen += histogram[i]) > want)
			return (double)i * STEP_NS / 1e3;
	return (double)STEPS * STEP_NS / 1e3;
}

static int connect_to(uint16_t port, bool stamped)
{
	struct sockaddr_in there = { .sin_family = AF_INET, .sin_port = htons(port) };
	int room = 16 << 20; // as far as the system lets it
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) != 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
	// The kernel's stamps cost a little each, which the full load leaves out.
	if (stamped && setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &(int){ 1 }, sizeof(int)) != 0)
		fail("the kernel gives no time stamps");
	if (fd < 0 || connect(fd, (struct sockaddr *)&there, sizeof there) != 0)
		fail("cannot open a socket");
	return fd;
}

int main(int count, char **argument)
{
	if (count != 7)
		fail("usage: load PORT FILE SECONDS WINDOW RATE DO");
	window = (uint32_t)atoi(argument[4]);
	if (window == 0 || window > WINDOW_MOST)
		fail("the window must be 1 to 8192");
	questions_read(argument[2], atoi(argument[6]) != 0);
	histogram = calloc(STEPS, sizeof *histogram);
	for (uint32_t i = 0; i < window; ++i)
		free_slots[free_count++] = i;
	for (int i = 0; i < BATCH; ++i) {
		in_part[i] = (struct iovec){ .iov_base = in_bytes[i], .iov_len = sizeof in_bytes[i] };
		out_part[i] = (struct iovec){ .iov_base = out_bytes[i] };
		in[i].msg_hdr = (struct msghdr){ .msg_iov = &in_part[i], .msg_iovlen = 1, .msg_control = in_control[i] };
		out[i].msg_hdr = (struct msghdr){ .msg_iov = &out_part[i], .msg_iovlen = 1 };
	}
	double rate = atof(argument[5]);
	int fd = connect_to((uint16_t)atoi(argument[1]), rate > 0);
	uint64_t begin = now_ns(), end = begin + (uint64_t)(atof(argument[3]) * 1e9);
	if (rate > 0)
		run_paced(fd, begin, end, rate);
	else
		run_full(fd, begin, end);
	double seconds = (double)(now_ns() - begin) / 1e9;
	printf("{\"sent\": %lu, \"answered\": %lu, \"lost\": %lu, \"seconds\": %.4f, \"p50\": %.1f, \"p99\": %.1f, "
	       "\"held\": %.4f, \"noerror\": %lu, \"nxdomain\": %lu}\n", (unsigned long)sent, (unsigned long)answered,
	       (unsigned long)lost, seconds, quantile(0.5), quantile(0.99), (double)held_ns / 1e9 / seconds, (unsigned long)rcodes[0],
	       (unsigned long)rcodes[3]);
	return 0;
}
