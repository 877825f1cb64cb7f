// SPDX-License-Identifier: GPL-3.0-or-later
// Asks for zones by AXFR and reads each stream to its end, doing no more with
// it than it takes to see that end. Prints "RECORDS MESSAGES BYTES SECONDS".
// Usage: drain [-o FILE] PORT ZONE...     -o keeps the stream (of one zone)
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define TYPE_SOA 6
#define ROOM     (1 << 20)

struct drain {
	uint64_t records, messages, bytes;
	unsigned soas;
};

static uint8_t room[ROOM];

static void fail(const char *what)
{
	fprintf(stderr, "drain: %s\n", what);
	exit(1);
}

static uint16_t u16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static size_t ask(uint8_t *out, const char *zone)
{
	static const uint8_t head[] = { 0, 0, 0x12, 0x34, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0 };
	static const uint8_t tail[] = { 0, 0, 252, 0, 1 };
	size_t at = sizeof head;
	memcpy(out, head, sizeof head);
	while (*zone != '\0' && strcmp(zone, ".") != 0) {
		size_t n = strcspn(zone, ".");
		if (n > 63 || at + n + 1 + sizeof tail > 300)
			fail("the zone's name is too long");
		out[at++] = (uint8_t)n;
		memcpy(out + at, zone, n);
		at += n;
		zone += n + (zone[n] == '.');
	}
	memcpy(out + at, tail, sizeof tail);
	at += sizeof tail;
	out[1] = (uint8_t)(at - 2);
	out[0] = (uint8_t)((at - 2) >> 8);
	return at;
}

static const uint8_t *name_skip(const uint8_t *p)
{
	while (*p != 0 && *p < 0xc0)
		p += *p + 1;
	return p + (*p == 0 ? 1 : 2);
}

static void message_read(struct drain *drain, const uint8_t *message, size_t size)
{
	const uint8_t *p = message + 12, *end = message + size;
	if (size < 12 || (message[3] & 15) != 0)
		fail("the transfer was refused");
	if (u16(message + 4) == 1)
		p = name_skip(p) + 4;
	unsigned answers = u16(message + 6);
	for (unsigned i = 0; i < answers; ++i) {
		p = name_skip(p);
		drain->soas += u16(p) == TYPE_SOA;
		p += 10 + u16(p + 8);
		if (p > end)
			fail("a message ends within a record");
	}
	drain->records += answers;
	++drain->messages;
}

static void zone_drain(struct drain *drain, uint16_t port, const char *zone, FILE *out)
{
	struct sockaddr_in there = { .sin_family = AF_INET, .sin_port = htons(port) };
	uint8_t question[320];
	size_t have = 0, size = ask(question, zone);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || connect(fd, (struct sockaddr *)&there, sizeof there) != 0
	    || write(fd, question, size) != (ssize_t)size)
		fail("cannot connect");
	drain->soas = 0;
	while (drain->soas < 2) {
		ssize_t n = read(fd, room + have, ROOM - have);
		if (n <= 0)
			fail("the stream ended early");
		have += (size_t)n;
		size_t at = 0;
		while (drain->soas < 2 && have - at >= 2 && have - at >= 2u + u16(room + at)) {
			size_t length = u16(room + at);
			message_read(drain, room + at + 2, length);
			if (out != NULL)
				fwrite(room + at, 1, length + 2, out);
			drain->bytes += length + 2;
			at += length + 2;
		}
		memmove(room, room + at, have - at);
		have -= at;
	}
	close(fd);
}

int main(int count, char **argument)
{
	struct drain drain = { 0 };
	struct timespec start, end;
	FILE *out = NULL;
	int next = 1;
	if (count > 2 && strcmp(argument[1], "-o") == 0) {
		out = fopen(argument[2], "wb");
		next = 3;
	}
	if (count < next + 2)
		fail("usage: drain [-o FILE] PORT ZONE...");
	uint16_t port = (uint16_t)atoi(argument[next++]);
	clock_gettime(CLOCK_MONOTONIC, &start);
	for (; next < count; ++next)
		zone_drain(&drain, port, argument[next], out);
	clock_gettime(CLOCK_MONOTONIC, &end);
	if (out != NULL && fclose(out) != 0)
		fail("cannot write the stream");
	printf("%lu %lu %lu %.6f\n", (unsigned long)drain.records, (unsigned long)drain.messages,
	       (unsigned long)drain.bytes,
	       (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9);
	return 0;
}
