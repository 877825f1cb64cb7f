// SPDX-License-Identifier: GPL-3.0-or-later
#include "serve/batch.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

// Mapped rather than allocated: it starts on a page, and pages of slots that
// never see a long message are never touched.
struct batch *batch_new(void)
{
	struct batch *b = mmap(NULL, sizeof(*b), PROT_READ | PROT_WRITE,
	                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (b == MAP_FAILED)
		return NULL;
	for (unsigned i = 0; i < BATCH_MOST; i++) {
		b->in_vector[i] = (struct iovec){ b->requests[i], BATCH_REQUEST };
		b->in[i].msg_hdr = (struct msghdr){
			.msg_name = &b->address[i], .msg_iov = &b->in_vector[i], .msg_iovlen = 1,
		};
		b->out[i].msg_hdr = (struct msghdr){ .msg_iov = &b->out_vector[i], .msg_iovlen = 1 };
		b->request[i] = (struct answer_request){
			.bytes = b->requests[i], .source = &b->address[i].any, .transport = TRANSPORT_UDP,
			.reply = b->replies[i], .reply_room = RUNTIME_UDP_MAX,
		};
	}
	b->received = BATCH_MOST;
	return b;
}

void batch_free(struct batch *batch)
{
	if (batch != NULL)
		munmap(batch, sizeof(*batch));
}

void batch_rearm(struct batch *batch, bool with_control)
{
	for (unsigned i = 0; i < batch->received; i++) {
		struct msghdr *in = &batch->in[i].msg_hdr;
		in->msg_namelen = sizeof(batch->address[i]);
		in->msg_control = with_control ? &batch->control[i] : NULL;
		in->msg_controllen = with_control ? sizeof(batch->control[i]) : 0;
	}
	batch->received = 0;
}

void batch_turn_control(struct batch *batch, unsigned slot)
{
	struct msghdr *in = &batch->in[slot].msg_hdr;
	struct cmsghdr *header = CMSG_FIRSTHDR(in);
	if (header == NULL)
		return;
	if (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_PKTINFO) {
		struct in_pktinfo info;
		memcpy(&info, CMSG_DATA(header), sizeof(info));
		info.ipi_ifindex = 0;
		memcpy(CMSG_DATA(header), &info, sizeof(info));
	} else if (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_PKTINFO) {
		struct in6_pktinfo info;
		memcpy(&info, CMSG_DATA(header), sizeof(info));
		if (!IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr))
			info.ipi6_ifindex = 0;
		memcpy(CMSG_DATA(header), &info, sizeof(info));
	}
}
