# SPDX-License-Identifier: GPL-2.0-only
#
# Atmos: "make help" tells the targets.  This file only names what there is to
# do; how it is done is in domains/Makefile, in the tools' and suites' own
# Makefiles, and in the scripts under tools/.

TOP := $(CURDIR)
OUT := $(TOP)/build
export OUT

# Which kernel: 6.1, 6.12, 7.3 (fetched), a path to a kernel's build directory,
# or empty for the running one, if its headers are there.
KERNEL ?=
SUITE ?=
BENCH ?=
COVERAGE ?=
PREFIX ?= /usr/local
DESTDIR ?=
export COVERAGE PREFIX DESTDIR ATMOS_SETUP

# Kbuild variables (W=1, C=2) reach the module's build by themselves.
MODULES := tools/setup/modules

packages := $(addprefix packages-,build kernels vm docs host)

# Directories with a Makefile of their own.
tool_dirs := $(patsubst %/Makefile,%,$(wildcard tools/*/Makefile))
suite_dirs := $(if $(SUITE),$(SUITE:%=selftests/%),\
	$(patsubst %/Makefile,%,$(wildcard selftests/*/Makefile)))

submake = $(MAKE) --no-print-directory $(if $(V),,-s) -C

.DEFAULT_GOAL := modules
.PHONY: help modules images tools selftests host-test kselftest check demo \
	bench faultinject style stats docs install uninstall clean \
	$(packages) $(tool_dirs) $(suite_dirs)

help: ## this list
	@echo 'Targets (make alone builds the module for the running kernel):'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 16
	@echo 'Variables:'
	@echo '  KERNEL=VERSION  6.1, 6.12, 7.3, or the path of a kernel build directory'
	@echo '  SUITE="a b"     suites for kselftest (all of selftests/ without)'
	@echo '  BENCH=group     group for bench (all without)'
	@echo '  TRIALS=N SEED=N PRIVILEGE=user|kernel   for faultinject (10000, 1, user)'
	@echo '  COVERAGE=1      host-test tells line coverage'
	@echo '  PREFIX, DESTDIR for install (/usr/local)'
	@echo '  W=1 C=2 V=1     as in the kernel'

modules: images ## atmos.ko for KERNEL, in build/modules/
	@$(MODULES) $(KERNEL)

images: packages-build ## domain images, in build/images/
	@$(submake) domains images

tools: $(tool_dirs) ## atmosctl and the other tools, in build/tools/

$(tool_dirs): packages-build
	@$(submake) $@ all

selftests: $(suite_dirs) ## guest test programs, in build/selftests/

$(suite_dirs): packages-build
	@$(submake) $@ all

# Their shared objects are built once: not side by side.
ifneq ($(filter selftests kselftest,$(MAKECMDGOALS)),)
.NOTPARALLEL:
endif

host-test: packages-build packages-host ## tests that need no guest
	@tools/check/host-test

kselftest: packages-build packages-kernels packages-vm ## tests in a guest: SUITE=, KERNEL=
	@selftests/run --kernel $(or $(KERNEL),6.1) $(SUITE)

check: packages-build packages-kernels packages-vm packages-host packages-docs ## all tests, ends with their sum
	@tools/check/run

demo: packages-build packages-vm ## shows what Atmos does, in a guest
	@tools/demo/run

bench: packages-build packages-vm ## measures, in guests: BENCH=
	@tools/bench/run $(BENCH)

faultinject: packages-build packages-vm ## injects faults: TRIALS=, SEED=, PRIVILEGE=
	@tools/faultinject/run --trials $(or $(TRIALS),10000) --seed $(or $(SEED),1) \
		--privilege $(or $(PRIVILEGE),user) --kernel $(or $(KERNEL),6.1)

style: packages-build packages-host packages-docs ## style gates
	@tools/check/style

stats: packages-build ## lines of code: trusted core, domains, tools, tests
	@tools/check/stats

docs: packages-docs ## documentation, in build/docs/
	@sphinx-build -q -W --keep-going -b html Documentation \
		$(OUT)/docs/html

install: modules tools ## module, images, tools and man pages
	@tools/setup/install $(KERNEL)
	@for dir in $(tool_dirs); do \
		$(submake) $$dir install || exit; \
	done

uninstall: ## undoes install
	@tools/setup/install --undo $(KERNEL)
	@for dir in $(tool_dirs); do \
		$(submake) $$dir uninstall || exit; \
	done

clean: ## removes build/
	@rm -rf --one-file-system '$(OUT)'

$(packages): packages-%:
	@tools/setup/packages $*
