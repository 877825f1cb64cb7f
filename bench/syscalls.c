// SPDX-License-Identifier: GPL-3.0-or-later
// An experiment: the echo of bench/echo.c by other system calls, to see which are
// the cheapest for a datagram. docs/benchmarks.md has what came of it.
//
//   cc -O2 -std=c17 -D_GNU_SOURCE -o syscalls syscalls.c -luring
//   syscalls PORT mmsg BATCH [BUSY_POLL_US]   recvmmsg and sendmmsg
//   syscalls PORT one                         recvfrom and sendto
//   syscalls PORT uring BATCH                 io_uring: multishot recvmsg into a ring
//                                             of buffers, sends submitted together
//   syscalls PORT gso BATCH                   recvmmsg; what goes to one address and port
//                                             and is as long leaves as one (UDP_SEGMENT)
//   syscalls PORT gro BATCH                   the same, received with UDP_GRO
//   syscalls PORT load SECONDS SOCKETS PID [joined]
//                                             asks from so many ports, 256 datagrams open;
//                                             prints the CPU of process PID for each.
//                                             joined: those of a port leave as one
#include <arpa/inet.h>
#include <liburing.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

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

// A batch of requests; each with its length in message[].msg_len.
static int take(int fd, unsigned batch)
{
	for (unsigned i = 0; i < batch; ++i) {
		part[i] = (struct iovec){ .iov_base = bytes[i], .iov_len = SIZE };
		message[i].msg_hdr = (struct msghdr){ .msg_name = &peer[i], .msg_namelen = sizeof peer[i],
		                                      .msg_iov = &part[i], .msg_iovlen = 1 };
	}
	return recvmmsg(fd, message, batch, MSG_WAITFORONE, NULL);
}

static void by_mmsg(int fd, unsigned batch)
{
	for (;;) {
		int got = take(fd, batch);
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

// --- segmentation offload

#define SEGMENTS 64u     // the kernel joins no more (UDP_MAX_SEGMENTS of most)
#define JOINED   60000u  // bytes of one call
#define GRO_SIZE 65536u

union control {
	alignas(struct cmsghdr) uint8_t bytes[CMSG_SPACE(sizeof(int))];
};
static union control control[MOST];
static struct iovec joined[MOST][SEGMENTS];

static void set_segment(struct msghdr *m, union control *room, uint16_t size)
{
	m->msg_control = room->bytes;
	m->msg_controllen = CMSG_SPACE(sizeof size);
	struct cmsghdr *header = CMSG_FIRSTHDR(m);
	header->cmsg_level = IPPROTO_UDP;
	header->cmsg_type = UDP_SEGMENT;
	header->cmsg_len = CMSG_LEN(sizeof size);
	memcpy(CMSG_DATA(header), &size, sizeof size);
}

static void send_all(int fd, struct mmsghdr *out, unsigned count)
{
	for (unsigned sent = 0; sent < count;) {
		int n = sendmmsg(fd, out + sent, count - sent, 0);
		sent += n > 0 ? (unsigned)n : 1;
	}
}

// Which group a reply of this length to this peer joins, by a small table of the
// groups opened last.
struct groups {
	struct mmsghdr out[MOST];
	unsigned count;
	uint16_t last[256]; // group and one more, by port
};

static void group_add(struct groups *g, unsigned i)
{
	uint16_t *last = &g->last[(peer[i].sin_port ^ peer[i].sin_port >> 8) & 255];
	size_t length = part[i].iov_len;
	if (*last != 0) {
		struct msghdr *m = &g->out[*last - 1].msg_hdr;
		const struct sockaddr_in *to = m->msg_name;
		if (to->sin_port == peer[i].sin_port && to->sin_addr.s_addr == peer[i].sin_addr.s_addr &&
		    m->msg_iov[0].iov_len == length && m->msg_iovlen < SEGMENTS && (m->msg_iovlen + 1) * length <= JOINED) {
			m->msg_iov[m->msg_iovlen++] = part[i];
			return;
		}
	}
	g->out[g->count].msg_hdr = (struct msghdr){ .msg_name = &peer[i], .msg_namelen = sizeof peer[i],
	                                            .msg_iov = joined[g->count], .msg_iovlen = 1 };
	joined[g->count][0] = part[i];
	*last = (uint16_t)++g->count;
}

static void by_gso(int fd, unsigned batch)
{
	static struct groups g;
	for (;;) {
		int got = take(fd, batch);
		g.count = 0;
		memset(g.last, 0, sizeof g.last);
		for (int i = 0; i < got; ++i) {
			part[i].iov_len = message[i].msg_len;
			bytes[i][2] |= 0x80;
			group_add(&g, (unsigned)i);
		}
		for (unsigned i = 0; i < g.count; ++i)
			if (g.out[i].msg_hdr.msg_iovlen > 1)
				set_segment(&g.out[i].msg_hdr, &control[i], (uint16_t)g.out[i].msg_hdr.msg_iov[0].iov_len);
		send_all(fd, g.out, g.count);
	}
}

// The size of the segments that were received as one; all of it where it was alone.
static unsigned segment_of(struct mmsghdr *m)
{
	int size = 0;
	for (struct cmsghdr *header = CMSG_FIRSTHDR(&m->msg_hdr); header != NULL; header = CMSG_NXTHDR(&m->msg_hdr, header))
		if (header->cmsg_level == IPPROTO_UDP && header->cmsg_type == UDP_GRO)
			memcpy(&size, CMSG_DATA(header), sizeof size);
	return size > 0 ? (unsigned)size : m->msg_len;
}

static void by_gro(int fd, unsigned batch)
{
	const int on = 1;
	uint8_t (*room)[GRO_SIZE] = calloc(batch, sizeof *room);
	if (room == NULL || setsockopt(fd, IPPROTO_UDP, UDP_GRO, &on, sizeof on) != 0)
		fail("UDP_GRO");
	for (;;) {
		for (unsigned i = 0; i < batch; ++i) {
			part[i] = (struct iovec){ .iov_base = room[i], .iov_len = GRO_SIZE };
			message[i].msg_hdr = (struct msghdr){ .msg_name = &peer[i], .msg_namelen = sizeof peer[i],
			                                      .msg_iov = &part[i], .msg_iovlen = 1,
			                                      .msg_control = &control[i], .msg_controllen = sizeof control[i] };
		}
		int got = recvmmsg(fd, message, batch, MSG_WAITFORONE, NULL);
		for (int i = 0; i < got; ++i) {
			unsigned size = segment_of(&message[i]);
			for (unsigned at = 0; at + 2 < message[i].msg_len; at += size)
				room[i][at + 2] |= 0x80;
			part[i].iov_len = message[i].msg_len;
			message[i].msg_hdr.msg_control = NULL;
			message[i].msg_hdr.msg_controllen = 0;
			if (size < message[i].msg_len)
				set_segment(&message[i].msg_hdr, &control[i], (uint16_t)size);
		}
		send_all(fd, message, got > 0 ? (unsigned)got : 0);
	}
}

// --- the load

#define OPEN     256u
#define QUESTION 40u

static uint64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

// What the process has run, in ns.
static uint64_t cpu_of(const char *pid)
{
	char path[64];
	unsigned long ran = 0;
	snprintf(path, sizeof path, "/proc/%s/schedstat", pid);
	FILE *f = fopen(path, "r");
	if (f == NULL || fscanf(f, "%lu", &ran) != 1)
		fail(path);
	fclose(f);
	return ran;
}

static void ask(int fd, unsigned count, bool as_one)
{
	static uint8_t question[SEGMENTS * QUESTION];
	struct mmsghdr out[SEGMENTS];
	struct iovec all = { question, (size_t)count * QUESTION }, each = { question, QUESTION };
	if (as_one && count > 1) {
		out[0].msg_hdr = (struct msghdr){ .msg_iov = &all, .msg_iovlen = 1 };
		set_segment(&out[0].msg_hdr, &control[0], QUESTION);
		count = 1;
	} else {
		for (unsigned i = 0; i < count; ++i)
			out[i].msg_hdr = (struct msghdr){ .msg_iov = &each, .msg_iovlen = 1 };
	}
	send_all(fd, out, count);
}

static void load(uint16_t port, double seconds, unsigned sockets, const char *pid, bool as_one)
{
	struct sockaddr_in there = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd[OPEN];
	there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (sockets == 0 || sockets > OPEN)
		sockets = OPEN;
	unsigned each = OPEN / sockets < SEGMENTS ? OPEN / sockets : SEGMENTS;
	for (unsigned i = 0; i < SEGMENTS; ++i) {
		part[i] = (struct iovec){ .iov_base = bytes[i], .iov_len = SIZE };
		message[i].msg_hdr = (struct msghdr){ .msg_iov = &part[i], .msg_iovlen = 1 };
	}
	for (unsigned i = 0; i < sockets; ++i) {
		fd[i] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		if (fd[i] < 0 || connect(fd[i], (struct sockaddr *)&there, sizeof there) != 0)
			fail("connect");
		for (unsigned open = 0; open < OPEN / sockets; open += each)
			ask(fd[i], each, as_one);
	}
	uint64_t answered = 0, began = now_ns(), ran = cpu_of(pid);
	while ((double)(now_ns() - began) < seconds * 1e9)
		for (unsigned i = 0; i < sockets; ++i) {
			int got = recvmmsg(fd[i], message, SEGMENTS, MSG_DONTWAIT, NULL);
			if (got <= 0)
				continue;
			answered += (unsigned)got;
			ask(fd[i], (unsigned)got, as_one);
		}
	double took = (double)(now_ns() - began) / 1e9;
	printf("%.3f us of CPU each, %.0f a second\n", (double)(cpu_of(pid) - ran) / 1e3 / (double)answered,
	       (double)answered / took);
}

// --- io_uring

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
	if (strcmp(argument[2], "load") == 0 && count > 5) {
		load((uint16_t)atoi(argument[1]), atof(argument[3]), (unsigned)atoi(argument[4]), argument[5], count > 6);
		return 0;
	}
	unsigned batch = count > 3 ? (unsigned)atoi(argument[3]) : 64;
	int fd = listen_on((uint16_t)atoi(argument[1]), count > 4 ? atoi(argument[4]) : 0);
	if (batch == 0 || batch > MOST)
		return 2;
	if (strcmp(argument[2], "one") == 0)
		by_one(fd);
	else if (strcmp(argument[2], "uring") == 0)
		by_uring(fd, batch);
	else if (strcmp(argument[2], "gso") == 0)
		by_gso(fd, batch);
	else if (strcmp(argument[2], "gro") == 0)
		by_gro(fd, batch);
	else
		by_mmsg(fd, batch);
}
