# SPDX-License-Identifier: GPL-2.0-only
#
# Images that tests of the live update change to; see ../Makefile.
#
#	stack-v1	the engine with records of version 1, which it converts
#	stack-late	the same, but it dies again and again, not at once
#	stack-refuse	refuses each record
#	stack-crash	dies at once

IMAGES += stack-v1 stack-late stack-refuse stack-crash

V1_FLAGS := -DSTACK_RECORD_VERSION=1
V1_OBJS := $(STACK_ENGINE:%=update/v1/%.o)

$(OBJ)/update/v1/%.o: stack/%.c Makefile update/image.mk
	@mkdir -p $(@D)
	$(Q)$(CC) $(DOM_CFLAGS) $(V1_FLAGS) -MMD -MP -c -o $@ $<

stack-v1-objs := update/v1/main.o $(V1_OBJS)
$(OBJ)/update/v1/main.o: V1_FLAGS += '-DSTACK_NAME="stack-v1"'

stack-late-objs := update/late.o $(V1_OBJS)
$(OBJ)/update/late.o: DOM_CFLAGS += $(V1_FLAGS)

stack-refuse-objs := update/refuse.o
stack-crash-objs := update/crash.o
