# SPDX-License-Identifier: GPL-2.0-only
#
# Images stack (TCP, listener, UDP) and reasm; see ../Makefile.

STACK_ENGINE := ip icmp wire_tcp tcp tcp_fast tcp_in tcp_data tcp_syn tcp_ack tcp_app \
	tcp_out tcp_send tcp_window tcp_timer tcp_tx tcp_sack tcp_rack \
	tcp_recover tcp_cc tcp_cubic tcp_hystart tcp_mtu tcp_listen \
	tcp_cookie udp convert engine

IMAGES += stack reasm
stack-objs := stack/main.o $(STACK_ENGINE:%=stack/%.o)
reasm-objs := stack/reasm_main.o stack/reasm.o stack/ip.o
