# SPDX-License-Identifier: GPL-2.0-only
#
# Host tests of the engine and of the core's pure parsers.
#
# make -f tests.mk test		scripts, simulator, attacks, fuzzers (quick)
# make -f tests.mk long		the same with 10,000 seeds and 30 minutes a fuzzer
# make -f tests.mk coverage	branch coverage of domains/stack by the tests
# make -f tests.mk cost		instructions per segment and per request, by callgrind
# make -f tests.mk bench	throughput and fairness in the simulator
# make -f tests.mk fuzz-NAME	one fuzzer, FUZZ_SECONDS long
#
# SEEDS, FIRST: simulator; FUZZ_SECONDS: each fuzzer. "test" ends with
# "N passed, N failed, N skipped".

HERE := $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))
TOP ?= $(abspath $(HERE)/../..)
OUT ?= $(TOP)/build
T := $(OUT)/host-tests

SEEDS ?= 500
FIRST ?= 1
FUZZ_SECONDS ?= 10
CLANG ?= clang
LLVM_COV ?= llvm-cov
LLVM_PROFDATA ?= llvm-profdata
VALGRIND ?= valgrind

V ?=
Q := $(if $(V),,@)
tsay = $(if $(V),,@printf '  %-7s %s\n' '$(1)' '$(2)')

ENGINE_SRC := $(filter-out %/main.c %/reasm_main.c,$(wildcard $(HERE)/../stack/*.c))
CORE_SRC := $(addprefix $(TOP)/kmod/,contract.c elf.c)
EP_SRC := $(addprefix $(HERE)/sim/,frame.c ep.c ep_check.c ep_capture.c)
SIM_SRC := $(EP_SRC) $(addprefix $(HERE)/sim/,world.c plan.c bench.c)
SCRIPT_SRC := $(EP_SRC) $(addprefix $(HERE)/unit/,script_pkt.c script_run.c \
	script_verbs.c script_checks.c)
FUZZERS := $(patsubst $(HERE)/fuzz/fuzz_%.c,%,$(wildcard $(HERE)/fuzz/fuzz_*.c))
SCRIPTS := $(sort $(wildcard $(HERE)/scripts/*/*.pkt))

WARN := -std=gnu11 -g -Wall -Wextra -Werror -fno-strict-aliasing
SAN := -fsanitize=address,undefined -fno-sanitize-recover=all

# flavour -> compiler and flags
opt_CC := $(CC) -O2 $(WARN)
san_CC := $(CLANG) -O1 $(WARN) $(SAN) -fno-omit-frame-pointer
cov_CC := $(CLANG) -O1 $(WARN) -fprofile-instr-generate -fcoverage-mapping
fuzz_CC := $(CLANG) -O1 $(WARN) $(SAN) -fsanitize=fuzzer-no-link

# $(call objects,flavour,sources)
objects = $(patsubst $(TOP)/%.c,$(T)/$(1)/%.o,$(abspath $(2)))

define flavour
$(T)/$(1)/%.o: $(TOP)/%.c $(HERE)/tests.mk
	@mkdir -p $$(@D)
	$(Q)$($(1)_CC) -MMD -MP -c -o $$@ $$<

$(T)/$(1)/sim: $(call objects,$(1),$(ENGINE_SRC) $(TOP)/kmod/contract.c $(SIM_SRC) $(HERE)/sim/sim.c)
	$(call tsay,HOSTLD,$(1)/sim)
	$(Q)$($(1)_CC) -o $$@ $$^ -lm

$(T)/$(1)/scripts: $(call objects,$(1),$(ENGINE_SRC) $(TOP)/kmod/contract.c $(SCRIPT_SRC) $(HERE)/unit/script_main.c)
	$(call tsay,HOSTLD,$(1)/scripts)
	$(Q)$($(1)_CC) -o $$@ $$^ -lm

$(T)/$(1)/attacks: $(call objects,$(1),$(ENGINE_SRC) $(TOP)/kmod/contract.c $(SCRIPT_SRC) $(wildcard $(HERE)/unit/attack*.c))
	$(call tsay,HOSTLD,$(1)/attacks)
	$(Q)$($(1)_CC) -o $$@ $$^ -lm

$(T)/$(1)/core: $(call objects,$(1),$(CORE_SRC) $(HERE)/unit/core_test.c)
	$(call tsay,HOSTLD,$(1)/core)
	$(Q)$($(1)_CC) -o $$@ $$^
endef
$(foreach f,opt san cov fuzz,$(eval $(call flavour,$(f))))

.PHONY: test long coverage cost bench unit sim fuzz tests-build $(FUZZERS:%=fuzz-%)
.SECONDARY:


# ---- fuzzers ----

FUZZ_LIB := $(call objects,fuzz,$(ENGINE_SRC) $(CORE_SRC) $(EP_SRC))

$(T)/fuzz/fuzz_%: $(T)/fuzz/domains/host/fuzz/fuzz_%.o $(FUZZ_LIB)
	$(call tsay,HOSTLD,fuzz/fuzz_$*)
	$(Q)$(fuzz_CC) -fsanitize=fuzzer -o $@ $^

# The saved corpus first; what is new goes into a copy of it, for minimising.
$(FUZZERS:%=fuzz-%): fuzz-%: $(T)/fuzz/fuzz_%
	@mkdir -p $(T)/corpus/$*
	@echo "# fuzz_$*: $(FUZZ_SECONDS) s"
	@cd $(T)/corpus && if $< -max_total_time=$(FUZZ_SECONDS) -timeout=10 \
		-rss_limit_mb=2048 -max_len=$(call fuzz_len,$*) -verbosity=0 \
		-print_final_stats=1 $(FUZZ_ARGS) \
		$(T)/corpus/$* $(wildcard $(HERE)/fuzz/corpus/$*) \
		>$(T)/fuzz-$*.log 2>&1; then \
		grep -E 'stat::number_of_executed' $(T)/fuzz-$*.log | sed 's/^/# /'; \
		echo "ok - fuzz_$*: no finding in $(FUZZ_SECONDS) s"; \
	else \
		tail -40 $(T)/fuzz-$*.log | sed 's/^/# /'; \
		echo "not ok - fuzz_$*: a finding, see $(T)/fuzz-$*.log"; \
	fi

fuzz_len = $(or $(fuzz_len_$(1)),4096)
fuzz_len_sequence := 1500
fuzz_len_reasm := 1000
fuzz_len_elf := 40000

# Minimal corpora, to be committed: what the saved and found ones cover.
fuzz-merge-%: $(T)/fuzz/fuzz_%
	@rm -rf $(T)/merge-$* && mkdir -p $(T)/merge-$* $(T)/corpus/$*
	@$< -merge=1 -max_len=$(call fuzz_len,$*) $(T)/merge-$* $(wildcard $(HERE)/fuzz/corpus/$*) $(T)/corpus/$* 2>&1 | tail -1

-include $(shell [ ! -d $(T) ] || find $(T) -name '*.d')
