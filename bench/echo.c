// SPDX-License-Identifier: GPL-3.0-or-later
// The least that a DNS server over sockets can do: take a batch of datagrams,
// set the bit that makes each a response, and send it back.
// Usage: echo PORT
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

// The same as Understudy's UDP workers take at once.
#define BATCH 64
#define SIZE  1232

static struct mmsghdr message[BATCH];
static struct iovec part[BATCH];
static struct sockaddr_in peer[BATCH];
static uint8_t bytes[BATCH][SIZE];

static int listen_on(uint16_t port)
{
	struct sockaddr_in here = { .sin_family = AF_INET, .sin_port = htons(port) };
	int room = 4 << 20;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) != 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
	if (fd < 0 || bind(fd, (struct sockaddr *)&here, sizeof here) != 0) {
		perror("echo: bind");
		exit(1);
	}
	return fd;
}

int main(int count, char **argument)
{
	int fd = listen_on((uint16_t)(count > 1 ? atoi(argument[1]) : 5300));
	for (;;) {
		for (int i = 0; i < BATCH; ++i) {
			part[i] = (struct iovec){ .iov_base = bytes[i], .iov_len = SIZE };
			message[i].msg_hdr = (struct msghdr){ .msg_name = &peer[i], .msg_namelen = sizeof peer[i],
			                                      .msg_iov = &part[i], .msg_iovlen = 1 };
		}
		int got = recvmmsg(fd, message, BATCH, MSG_WAITFORONE, NULL);
		for (int i = 0; i < got; ++i) {
			part[i].iov_len = message[i].msg_len;
			bytes[i][2] |= 0x80;
		}
		for (int sent = 0; sent < got;) {
			int n = sendmmsg(fd, message + sent, (unsigned)(got - sent), 0);
			sent += n > 0 ? n : 1;
		}
	}
}
