// SPDX-License-Identifier: GPL-2.0-only
/* Manifest of the null image; its code is start.S. */
#include "../rt/rt.h"

DOM_MANIFEST("null", .image_class = DOM_CLASS_ECHO);
