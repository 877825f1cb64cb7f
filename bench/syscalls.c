// SPDX-License-Identifier: GPL-3.0-or-later
// An experiment: the echo of bench/echo.c by other system calls, to see which are
// the cheapest for a datagram. docs/benchmarks.md has what came of it.
//
//   cc -O2 -std=c17 -D_GNU_SOURCE -o syscalls syscalls.c -luring
//   syscalls PORT mmsg BATCH [BUSY_POLL_US]   recvmmsg and sendmmsg
//   syscalls PORT one                         recvfrom and sendto
//   syscalls PORT uring BATCH                 io_uring: multishot recvmsg into a ring
//                                             of buffers, sends submitted together
#include <arpa/inet.h>
#include <liburing.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define MOST 1024
#define SIZE 1232

static uint8_t bytes[MOST][SIZE];
static struct mmsghdr message[MOST];
static struct iovec part[MOST];
static struct sockaddr_in peer[MOST];

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static int listen_on(uint16_t port, int busy_us)
{
	struct sockaddr_in here = { .sin_family = AF_INET, .sin_port = htons(port) };
	int room = 4 << 20;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) != 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
	if (busy_us > 0 && setsockopt(fd, SOL_SOCKET, SO_BUSY_POLL, &busy_us, sizeof busy_us) != 0)
		fail("SO_BUSY_POLL");
	if (fd < 0 || bind(fd, (struct sockaddr *)&here, sizeof here) != 0)
		fail("bind");
	return fd;
}

static void by_one(int fd)
{
	for (;;) {
		socklen_t length = sizeof peer[0];
		ssize_t n = recvfrom(fd, bytes[0], SIZE, 0, (struct sockaddr *)&peer[0], &length);
		if (n < 12)
			continue;
		bytes[0][2] |= 0x80;
		sendto(fd, bytes[0], (size_t)n, 0, (struct sockaddr *)&peer[0], length);
	}
}

static void by_mmsg(int fd, unsigned batch)
{
	for (;;) {
		for (unsigned i = 0; i < batch; ++i) {
			part[i] = (struct iovec){ .iov_base = bytes[i], .iov_len = SIZE };
			message[i].msg_hdr = (struct msghdr){ .msg_name = &peer[i], .msg_namelen = sizeof peer[i],
			                                      .msg_iov = &part[i], .msg_iovlen = 1 };
		}
		int got = recvmmsg(fd, message, batch, MSG_WAITFORONE, NULL);
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

// A buffer holds struct io_uring_recvmsg_out, the sender's address, the payload.
#define ROOM (sizeof(struct io_uring_recvmsg_out) + sizeof(struct sockaddr_in) + SIZE)
#define RECEIVES UINT64_MAX

static uint8_t buffers[MOST][(ROOM + 63) / 64 * 64];

static void arm(struct io_uring *ring, int fd, struct msghdr *shape)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);
	io_uring_prep_recvmsg_multishot(sqe, fd, shape, 0);
	sqe->flags |= IOSQE_BUFFER_SELECT;
	sqe->buf_group = 0;
	io_uring_sqe_set_data64(sqe, RECEIVES);
}

static void give_back(struct io_uring_buf_ring *pool, unsigned number)
{
	io_uring_buf_ring_add(pool, buffers[number], sizeof buffers[number], (unsigned short)number,
	                      io_uring_buf_ring_mask(MOST), 0);
	io_uring_buf_ring_advance(pool, 1);
}

static void answer_one(struct io_uring *ring, int fd, const struct io_uring_cqe *cqe, struct msghdr *shape,
                       struct io_uring_buf_ring *pool)
{
	unsigned number = cqe->flags >> IORING_CQE_BUFFER_SHIFT;
	struct io_uring_recvmsg_out *out = io_uring_recvmsg_validate(buffers[number], cqe->res, shape);
	struct io_uring_sqe *sqe = out != NULL ? io_uring_get_sqe(ring) : NULL;
	if (sqe == NULL) {
		give_back(pool, number);
		return;
	}
	uint8_t *payload = io_uring_recvmsg_payload(out, shape);
	payload[2] |= 0x80;
	part[number] = (struct iovec){ payload, io_uring_recvmsg_payload_length(out, cqe->res, shape) };
	message[number].msg_hdr = (struct msghdr){ .msg_name = io_uring_recvmsg_name(out), .msg_namelen = out->namelen,
	                                           .msg_iov = &part[number], .msg_iovlen = 1 };
	io_uring_prep_sendmsg(sqe, fd, &message[number].msg_hdr, 0);
	io_uring_sqe_set_data64(sqe, number);
}

static void by_uring(int fd, unsigned batch)
{
	struct io_uring ring;
	struct io_uring_params params = { .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
	                                           IORING_SETUP_CQSIZE, .cq_entries = 4 * MOST };
	struct msghdr shape = { .msg_namelen = sizeof(struct sockaddr_in) };
	struct io_uring_buf_ring *pool;
	if (io_uring_queue_init_params(MOST, &ring, &params) != 0 ||
	    posix_memalign((void **)&pool, 4096, MOST * sizeof(struct io_uring_buf)) != 0)
		fail("io_uring");
	struct io_uring_buf_reg reg = { .ring_addr = (uintptr_t)pool, .ring_entries = MOST, .bgid = 0 };
	if (io_uring_register_buf_ring(&ring, &reg, 0) != 0)
		fail("buffers");
	io_uring_buf_ring_init(pool);
	for (unsigned i = 0; i < MOST; ++i)
		give_back(pool, i);
	arm(&ring, fd, &shape);
	for (;;) {
		struct io_uring_cqe *cqes[MOST];
		io_uring_submit_and_wait(&ring, 1);
		unsigned got = io_uring_peek_batch_cqe(&ring, cqes, batch);
		for (unsigned i = 0; i < got; ++i) {
			const struct io_uring_cqe *cqe = cqes[i];
			if (cqe->user_data != RECEIVES) {
				give_back(pool, (unsigned)cqe->user_data);
				continue;
			}
			if (cqe->flags & IORING_CQE_F_BUFFER)
				answer_one(&ring, fd, cqe, &shape, pool);
			if (!(cqe->flags & IORING_CQE_F_MORE))
				arm(&ring, fd, &shape);
		}
		io_uring_cq_advance(&ring, got);
	}
}

int main(int count, char **argument)
{
	if (count < 3)
		return 2;
	unsigned batch = count > 3 ? (unsigned)atoi(argument[3]) : 64;
	int fd = listen_on((uint16_t)atoi(argument[1]), count > 4 ? atoi(argument[4]) : 0);
	if (batch == 0 || batch > MOST)
		return 2;
	if (strcmp(argument[2], "one") == 0)
		by_one(fd);
	else if (strcmp(argument[2], "uring") == 0)
		by_uring(fd, batch);
	else
		by_mmsg(fd, batch);
}
