# SPDX-License-Identifier: GPL-2.0-only
# Ends each entry at once: what a crossing costs, without what runs inside.
IMAGES += null
null-objs := null/main.o
null-start := null/start.o
