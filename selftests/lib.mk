# SPDX-License-Identifier: GPL-2.0-only
#
# Builds a suite into build/selftests/SUITE/.  A suite's Makefile sets
#
#	TEST_GEN_PROGS	static programs, each from NAME.c and ../lib/*.c,
#			or from NAME-objs (a list of .c files) and ../lib/*.c
#	TEST_GEN_FILES	the same, for the others: they are not run by themselves
#	TEST_PROGS	scripts that are run as they are
#	TEST_FILES	files that either needs
#	TEST_SETUP	script called with "start" before the suite's first
#			program and with "stop" after its last
#
# and includes this file.

OUT ?= $(abspath $(CURDIR)/../../build)
TOP := $(abspath $(CURDIR)/../..)
SUITE_NAME := $(notdir $(CURDIR))
DEST := $(OUT)/selftests/$(SUITE_NAME)
LIB := $(OUT)/selftests/lib

KSELFTEST ?= $(shell $(TOP)/tools/setup/kselftest)

CC ?= gcc
TEST_CFLAGS := -std=gnu11 -O2 -g -Wall -Wextra -Werror \
	-Wno-unused-parameter -Wno-missing-field-initializers -Wno-sign-compare -fno-strict-aliasing \
	-D_GNU_SOURCE -I$(CURDIR)/../lib -I$(TOP)/uapi -I$(TOP)/domains/abi \
	-I$(TOP)/domains \
	-I$(KSELFTEST)/tools/testing/selftests $(CFLAGS)
TEST_LDFLAGS := -static -pthread $(LDFLAGS)

lib_objs := $(patsubst ../lib/%.c,$(LIB)/%.o,$(wildcard ../lib/*.c))
gen_progs := $(addprefix $(DEST)/,$(TEST_GEN_PROGS) $(TEST_GEN_FILES))
copied := $(addprefix $(DEST)/,$(notdir $(TEST_PROGS) $(TEST_FILES) \
	$(TEST_SETUP) $(wildcard config settings)))

# V=1 shows the commands.
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' '$(1)' 'selftests/$(SUITE_NAME)/$(2)')

.PHONY: all
.SECONDARY:
all: $(gen_progs) $(copied) $(DEST)/tests

# What there is to run, for the runner inside the guest.
$(DEST)/tests: Makefile ../lib.mk
	@mkdir -p $(@D)
	@printf '%s\n' $(if $(TEST_SETUP),setup=$(notdir $(TEST_SETUP))) \
		$(notdir $(TEST_GEN_PROGS) $(TEST_PROGS)) >$@

define prog_rule
$(DEST)/$(1): $(addprefix $(DEST)/obj/,$(patsubst %.c,%.o,$(or $($(1)-objs),$(1).c))) $(lib_objs)
	$$(call say,LD,$(1))
	$$(Q)$$(CC) $$(TEST_LDFLAGS) -o $$@ $$(filter %.o,$$^) $$($(1)-libs)
endef
$(foreach prog,$(TEST_GEN_PROGS) $(TEST_GEN_FILES),$(eval $(call prog_rule,$(prog))))

$(DEST)/obj/%.o: %.c Makefile ../lib.mk
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(TEST_CFLAGS) -MMD -MP -c -o $@ $<

# Suites are built one after the other, so none writes while another reads.
$(LIB)/%.o: ../lib/%.c ../lib.mk
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(TEST_CFLAGS) -MMD -MP -c -o $@ $<

$(DEST)/%: %
	@mkdir -p $(@D)
	@cp -p $< $@

-include $(wildcard $(DEST)/obj/*.d $(LIB)/*.d)
