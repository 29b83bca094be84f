# SPDX-License-Identifier: GPL-2.0-only
"""Sphinx's configuration; "make docs" builds build/docs/html."""
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(HERE, "ext"))

with open(os.path.join(HERE, "..", "kmod", "atmos.h")) as file:
    release = re.search(r'ATMOS_VERSION\s+"(.*)"', file.read()).group(1)

project = "Atmos"
author = "the Atmos authors"
copyright = author
version = release
extensions = ["atmos"]
exclude_patterns = ["ext"]
primary_domain = "c"
highlight_language = "none"
html_theme = "alabaster"
html_theme_options = {"page_width": "70em", "body_max_width": "none"}
html_show_copyright = False
html_copy_source = False
nitpicky = False

# Words that the kernel's headers put before a declaration.
c_id_attributes = ["noinstr", "__init", "__exit", "__user", "__always_inline"]
