# SPDX-License-Identifier: GPL-2.0-only
#
# One image for each line of attacks.def: hostile-NAME.elf, from its family's
# file compiled for that attack alone.

HOSTILE_LIST := $(shell sed -n \
	's/^HOSTILE.[0-9]*, \([a-z0-9_]*\), \([a-z]*\),.*/\1:\2/p' hostile/attacks.def)

define hostile_image
IMAGES += hostile-$(1)
hostile-$(1)-objs := hostile/$(1).attack.o
$(OBJ)/hostile/$(1).attack.o: hostile/$(2).c Makefile hostile/image.mk
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(DOM_CFLAGS) -DATTACK=ATTACK_$(1) -DATTACK_NAME=$(1) -MMD -MP -c -o $$@ $$<
endef
$(foreach entry,$(HOSTILE_LIST),$(eval $(call hostile_image,$(firstword \
	$(subst :, ,$(entry))),$(lastword $(subst :, ,$(entry))))))

hostile-regs-start := hostile/regs_start.o
