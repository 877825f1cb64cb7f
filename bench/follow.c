// SPDX-License-Identifier: GPL-3.0-or-later
// The least that a secondary can do with a NOTIFY: ask its primary for the zone,
// read one message, write 16 KiB that reach the disk, and answer with the serial
// that came. Measured as the servers are, it is what the measuring itself costs.
// Usage: follow PORT PRIMARY_PORT FILE ZONE SERIAL
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define NOTIFY 4
#define SOA    6
#define IXFR   251
#define COMMIT 16384

static uint8_t question[300]; // the zone's name, then type and class
static size_t name_size;
static uint32_t serial;

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void u16_put(uint8_t *p, unsigned value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static void u32_put(uint8_t *p, uint32_t value)
{
	u16_put(p, value >> 16);
	u16_put(p + 2, value & 0xffff);
}

static void name_read(const char *zone)
{
	while (*zone != '\0') {
		size_t n = strcspn(zone, ".");
		if (n == 0 || n > 63 || name_size + n + 6 > sizeof question)
			fail("follow: the zone's name");
		question[name_size++] = (uint8_t)n;
		memcpy(question + name_size, zone, n);
		name_size += n;
		zone += n + (zone[n] == '.');
	}
	question[name_size++] = 0;
}

// Header, question and one SOA with names of the root; its length.
static size_t message_make(uint8_t *out, unsigned id, unsigned flags, unsigned type, unsigned answers)
{
	static const uint8_t soa[] = { 0xc0, 12, 0, SOA, 0, 1, 0, 0, 0, 60, 0, 22, 0, 0 };
	size_t at = 12 + name_size;
	memset(out, 0, at + 4 + sizeof soa + 20);
	u16_put(out, id);
	u16_put(out + 2, flags);
	u16_put(out + 4, 1);
	u16_put(out + (answers ? 6 : 8), 1);
	memcpy(out + 12, question, name_size);
	u16_put(out + at, type);
	u16_put(out + at + 2, 1);
	memcpy(out + at + 4, soa, sizeof soa);
	u32_put(out + at + 4 + sizeof soa, serial);
	return at + 4 + sizeof soa + 20;
}

static void read_all(int fd, uint8_t *out, size_t size)
{
	for (size_t have = 0; have < size;) {
		ssize_t n = read(fd, out + have, size - have);
		if (n <= 0)
			fail("follow: the primary");
		have += (size_t)n;
	}
}

static void fetch(uint16_t primary, int file)
{
	static uint8_t bytes[65536 + 2], commit[COMMIT];
	struct sockaddr_in there = { .sin_family = AF_INET, .sin_port = htons(primary) };
	there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t size = message_make(bytes + 2, 7, 0, IXFR, 0);
	u16_put(bytes, (unsigned)size);
	if (fd < 0 || connect(fd, (struct sockaddr *)&there, sizeof there) != 0
	    || write(fd, bytes, size + 2) != (ssize_t)size + 2)
		fail("follow: the primary");
	read_all(fd, bytes, 2);
	size = (size_t)bytes[0] << 8 | bytes[1];
	read_all(fd, bytes, size);
	close(fd);
	if (size < 12 + 20)
		fail("follow: a message that is too short");
	// Both ways of sending a zone end with its SOA (RFC 1995, 4), and that with the serial and four times.
	const uint8_t *p = bytes + size - 20;
	serial = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
	if (pwrite(file, commit, sizeof commit, 0) != sizeof commit || fdatasync(file) != 0)
		fail("follow: the file");
}

int main(int count, char **argument)
{
	if (count != 6)
		fail("usage: follow PORT PRIMARY_PORT FILE ZONE SERIAL");
	struct sockaddr_in here = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argument[1])) }, peer;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int file = open(argument[3], O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || file < 0 || bind(fd, (struct sockaddr *)&here, sizeof here) != 0)
		fail("follow");
	name_read(argument[4]);
	serial = (uint32_t)strtoul(argument[5], NULL, 10);
	for (;;) {
		uint8_t in[4096], out[512];
		socklen_t room = sizeof peer;
		ssize_t got = recvfrom(fd, in, sizeof in, 0, (struct sockaddr *)&peer, &room);
		if (got < 12)
			continue;
		bool notify = (in[2] >> 3 & 15) == NOTIFY;
		size_t size = message_make(out, (unsigned)in[0] << 8 | in[1], notify ? 0xa400 : 0x8400, SOA, 1);
		sendto(fd, out, size, 0, (struct sockaddr *)&peer, room);
		if (notify)
			fetch((uint16_t)atoi(argument[2]), file);
	}
}
