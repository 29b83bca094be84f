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
# SEEDS, FIRST: simulator; FUZZ_SECONDS, FUZZ_SEED: each fuzzer. "test" ends with
# "N passed, N failed, N skipped".

HERE := $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))
TOP ?= $(abspath $(HERE)/../..)
OUT ?= $(TOP)/build
T := $(OUT)/host-tests

SEEDS ?= 500
FIRST ?= 1
FUZZ_SECONDS ?= 10
# 0: another one each time. "make check" is to find the same every time.
FUZZ_SEED ?= 0
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

# the engine with a counter at each branch, for the attacks' bound of work
work_CC := $(CC) -O2 $(WARN) -fsanitize-coverage=trace-pc

# $(call objects,flavour,sources)
objects = $(patsubst $(TOP)/%.c,$(T)/$(1)/%.o,$(abspath $(2)))

define flavour
$(T)/$(1)/%.o: $(TOP)/%.c $(HERE)/tests.mk
	@mkdir -p $$(@D)
	$(Q)$($(1)_CC) $$(SHIM) -MMD -MP -c -o $$@ $$<

$(T)/$(1)/sim: $(call objects,$(1),$(ENGINE_SRC) $(TOP)/kmod/contract.c $(SIM_SRC) $(HERE)/sim/sim.c)
	$(call tsay,HOSTLD,$(1)/sim)
	$(Q)$($(1)_CC) -o $$@ $$^ -lm

$(T)/$(1)/scripts: $(call objects,$(1),$(ENGINE_SRC) $(TOP)/kmod/contract.c $(SCRIPT_SRC) $(HERE)/unit/script_main.c)
	$(call tsay,HOSTLD,$(1)/scripts)
	$(Q)$($(1)_CC) -o $$@ $$^ -lm

$(T)/$(1)/attacks: $(call objects,$(if $(filter opt,$(1)),work,$(1)),$(ENGINE_SRC)) $(call objects,$(1),$(TOP)/kmod/contract.c $(SCRIPT_SRC) $(wildcard $(HERE)/unit/attack*.c))
	$(call tsay,HOSTLD,$(1)/attacks)
	$(Q)$($(1)_CC) -o $$@ $$^ -lm

$(T)/$(1)/cost: $(call objects,$(1),$(ENGINE_SRC) $(HERE)/unit/cost.c)
	$(call tsay,HOSTLD,$(1)/cost)
	$(Q)$($(1)_CC) -o $$@ $$^

$(T)/$(1)/raw: $(call objects,$(1),$(ENGINE_SRC) $(HERE)/unit/engine_raw.c)
	$(call tsay,HOSTLD,$(1)/raw)
	$(Q)$($(1)_CC) -o $$@ $$^

$(T)/$(1)/core: $(call objects,$(1),$(CORE_SRC) $(HERE)/unit/core_test.c)
	$(call tsay,HOSTLD,$(1)/core)
	$(Q)$($(1)_CC) -o $$@ $$^

$(T)/$(1)/flow: $(call objects,$(1),$(TOP)/kmod/stash.c $(HERE)/unit/flow_test.c)
	$(call tsay,HOSTLD,$(1)/flow)
	$(Q)$($(1)_CC) -o $$@ $$^

# A few of the kernel's own headers in small.
$(call objects,$(1),$(TOP)/kmod/stash.c $(HERE)/unit/flow_test.c): SHIM := -I$(HERE)/unit/shim
endef
$(foreach f,opt san cov fuzz work,$(eval $(call flavour,$(f))))

.PHONY: test check long coverage cost bench tests-build $(FUZZERS:%=fuzz-%)
.SECONDARY:

# ---- suites ----

TRACE := $(OUT)/tools/atmos-trace
TESTS := $(addprefix $(T)/opt/,scripts sim attacks core) $(T)/san/scripts $(T)/san/attacks \
	$(T)/san/sim $(T)/san/core $(T)/san/flow $(T)/san/raw $(FUZZERS:%=$(T)/fuzz/fuzz_%)

tests-build: $(TESTS)
	@$(MAKE) --no-print-directory -C $(TOP)/tools/trace all

# Everything once under the sanitizers, the many seeds without.
suite = '$(T)/san/scripts $(SCRIPTS)' '$(T)/opt/attacks' '$(T)/san/attacks' '$(T)/san/core' '$(T)/san/flow' '$(T)/san/raw' \
	'$(T)/san/sim --seeds $(SAN_SEEDS) --first $(FIRST)' \
	'$(T)/opt/sim --seeds $(SEEDS) --first $(FIRST)' \
	'$(HERE)/unit/trace_test $(T)/opt/sim $(TRACE)' \
	$(FUZZERS:%='$(MAKE) -s --no-print-directory -f $(HERE)/tests.mk fuzz-% FUZZ_SECONDS=$(FUZZ_SECONDS) FUZZ_SEED=$(FUZZ_SEED)')

SAN_SEEDS ?= 100

test: tests-build
	@$(HERE)/unit/summary $(suite)

# What "make check" runs; with COVERAGE=1 the coverage of it instead.
ifeq ($(COVERAGE),)
check: FUZZ_SECONDS = 60
check: FUZZ_SEED = 1
check: tests-build
	@$(HERE)/unit/summary $(suite) '$(MAKE) -s --no-print-directory -f $(HERE)/tests.mk cost'
else
check: coverage
endif

long: SEEDS = 10000
long: SAN_SEEDS = 1000
long: FUZZ_SECONDS = 1800
long: tests-build
	@$(HERE)/unit/summary $(suite) '$(T)/opt/sim --bench' \
		'$(MAKE) -s --no-print-directory -f $(HERE)/tests.mk cost'

bench: $(T)/opt/sim
	@$< --bench

# Branches of the engine that the tests took. Fuzzers count with their saved
# corpora only, so that the figure is the same every time.
COV_BIN := $(addprefix $(T)/cov/,scripts sim attacks raw)
COV_FUZZ := $(addprefix $(T)/cov/fuzz_,engine sequence reasm)
ENGINE_COV := $(abspath $(ENGINE_SRC))

$(T)/cov/fuzz_%: $(T)/cov/domains/host/fuzz/fuzz_%.o $(T)/cov/domains/host/fuzz/replay.o \
		$(call objects,cov,$(ENGINE_SRC) $(CORE_SRC) $(EP_SRC))
	$(call tsay,HOSTLD,cov/fuzz_$*)
	$(Q)$(cov_CC) -o $@ $^

coverage: $(COV_BIN) $(COV_FUZZ)
	@rm -f $(T)/cov/*.profraw
	@$(HERE)/unit/summary \
		'LLVM_PROFILE_FILE=$(T)/cov/scripts.profraw $(T)/cov/scripts $(SCRIPTS)' \
		'LLVM_PROFILE_FILE=$(T)/cov/attacks.profraw $(T)/cov/attacks' \
		'LLVM_PROFILE_FILE=$(T)/cov/raw.profraw $(T)/cov/raw' \
		'LLVM_PROFILE_FILE=$(T)/cov/sim.profraw $(T)/cov/sim --seeds $(SEEDS)' \
		$(foreach f,engine sequence reasm,'LLVM_PROFILE_FILE=$(T)/cov/$(f).profraw \
		$(T)/cov/fuzz_$(f) $(HERE)/fuzz/corpus/$(f)') >$(T)/cov/summary || \
		grep -A2 '^not ok' $(T)/cov/summary
	@$(LLVM_PROFDATA) merge -o $(T)/cov/all.profdata $(T)/cov/*.profraw
	@$(LLVM_COV) export -summary-only -instr-profile $(T)/cov/all.profdata \
		$(firstword $(COV_BIN)) $(patsubst %,-object %,$(wordlist 2,9,$(COV_BIN) $(COV_FUZZ))) \
		$(ENGINE_COV) | $(HERE)/unit/coverage.py
	@tail -1 $(T)/cov/summary
	@! grep -q '^not ok' $(T)/cov/summary

# Which branches were not taken.
coverage-show: coverage
	@$(LLVM_COV) show -show-branches=count -instr-profile $(T)/cov/all.profdata \
		$(firstword $(COV_BIN)) $(patsubst %,-object %,$(wordlist 2,9,$(COV_BIN) $(COV_FUZZ))) \
		$(ENGINE_COV)

cost: $(T)/opt/cost
	@$(HERE)/unit/cost_run $(VALGRIND) $<


# ---- fuzzers ----

FUZZ_LIB := $(call objects,fuzz,$(ENGINE_SRC) $(CORE_SRC) $(EP_SRC))

$(T)/fuzz/fuzz_%: $(T)/fuzz/domains/host/fuzz/fuzz_%.o $(FUZZ_LIB)
	$(call tsay,HOSTLD,fuzz/fuzz_$*)
	$(Q)$(fuzz_CC) -fsanitize=fuzzer -o $@ $^

# The saved corpus first; what is new goes into a copy of it, for minimising.
$(FUZZERS:%=fuzz-%): fuzz-%: $(T)/fuzz/fuzz_%
	@mkdir -p $(T)/corpus/$*
	@echo "# fuzz_$*: $(FUZZ_SECONDS) s"
	@cd $(T)/corpus && if $< -max_total_time=$(FUZZ_SECONDS) -seed=$(FUZZ_SEED) -timeout=10 \
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
