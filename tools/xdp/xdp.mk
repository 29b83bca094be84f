# SPDX-License-Identifier: GPL-2.0-only
#
# The steering programs, as a skeleton for who loads them: a C header with the
# object file inside. Included by tools/atmosctl/Makefile, which sets OUT and OBJ.
#
# It needs clang and bpftool, and nothing of the kernel that it will run on.

XDP_DIR := $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))
XDP_SKEL := $(OUT)/tools/obj/xdp/atmos_steer.skel.h

CLANG ?= clang
BPFTOOL ?= $(or $(shell command -v bpftool),/usr/sbin/bpftool)

# asm/types.h and the like are where the C compiler has them.
XDP_ARCH := $(shell $(CC) -print-multiarch 2>/dev/null)
xdp_cflags := -target bpf -mcpu=v3 -O2 -g -Wall -Wextra -Werror \
	-I$(XDP_DIR)/../../uapi $(if $(XDP_ARCH),-I/usr/include/$(XDP_ARCH))

$(XDP_SKEL): $(XDP_DIR)/atmos_steer.bpf.c $(XDP_DIR)/../../uapi/linux/atmos_steer.h \
		$(XDP_DIR)/xdp.mk
	$(call say,CLANG,tools/xdp/atmos_steer.bpf.c)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(xdp_cflags) -c -o $(@:.skel.h=.bpf.o) $<
	$(Q)$(BPFTOOL) gen skeleton $(@:.skel.h=.bpf.o) name atmos_steer_bpf >$@.new
	$(Q)mv $@.new $@
