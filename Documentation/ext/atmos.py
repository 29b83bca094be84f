# SPDX-License-Identifier: GPL-2.0-only
"""What ties this documentation to the code, so that neither can leave the other.

Roles (a reference to what is not there is a warning, and so an error):

  :at:`FILE#TEXT` or `FILE#ANCHOR#TEXT`
        the line of the file that has the text (first after the anchor)
  :attack:`NAME, NAME`
        attacks of domains/hostile/attacks.def, with their ids
  :test:`SUITE.NAME, SUITE.NAME`
        test cases of selftests/

Directives:

  .. kernel-doc:: FILE      the kernel-doc comments of a file (the kernel's own
                            script, as tools/setup/kselftest brings it)
  .. contract-table:: CLASS messages of domains/abi/contract.def
  .. attack-table:: FAMILY  attacks of a family
  .. netlink-spec::         operations and attributes of uapi/atmos.yaml
"""
import glob
import os
import re
import subprocess

import sphinx
import yaml
from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList
from sphinx.util import logging
from sphinx.util.nodes import nested_parse_with_titles

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
logger = logging.getLogger(__name__)


def text_of(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as file:
        return file.read()


def no_comments(text):
    return re.sub(r"/\*.*?\*/", " ", text, flags=re.S)


# ---- roles ----

def find_line(target):
    """Number of the line that "FILE#TEXT" or "FILE#ANCHOR#TEXT" names."""
    path, *words = target.split("#")
    at = 0
    # The parser of these pages makes tabs into blanks.
    lines = [" ".join(line.split()) for line in text_of(path).splitlines()]
    for word in words:
        word = " ".join(word.split())
        while at < len(lines) and word not in lines[at]:
            at += 1
        if at == len(lines):
            raise KeyError(f"{path} has no \"{word}\" there")
    return path, at + 1


def attack_list():
    """Entries of attacks.def, in order."""
    pattern = re.compile(r'HOSTILE\((\d+), (\w+), (\w+), (.*?), (\w+), "(.*?)"\)')
    return [match.groups() for match in
            pattern.finditer(no_comments(text_of("domains/hostile/attacks.def")))]


def test_names():
    names = set()
    for path in glob.glob(os.path.join(TOP, "selftests", "*", "*.c")):
        with open(path, encoding="utf-8") as file:
            for suite, name in re.findall(
                    r"^TEST_F(?:_TIMEOUT)?\((\w+), (\w+)", file.read(), re.M):
                names.add(f"{suite}.{name}")
    return names


def at_role(name, raw, text, line, inliner, options=None, content=None):
    try:
        path, number = find_line(text)
    except (KeyError, OSError) as error:
        return [], [inliner.reporter.warning(f"at: {error}", line=line)]
    shown = f"{os.path.basename(path)}:{number}"
    return [nodes.literal(raw, shown)], []


def attack_role(name, raw, text, line, inliner, options=None, content=None):
    ids = {attack[1]: attack[0] for attack in attack_list()}
    out = []
    for word in re.split(r",\s*", text):
        if word not in ids:
            return [], [inliner.reporter.warning(f"no attack {word}", line=line)]
        out += [nodes.Text(", ")] if out else []
        out += [nodes.literal(raw, word), nodes.Text(f" ({ids[word]})")]
    return out, []


def test_role(name, raw, text, line, inliner, options=None, content=None):
    known, out = test_names(), []
    for word in re.split(r",\s*", text):
        if word not in known:
            return [], [inliner.reporter.warning(f"no test {word}", line=line)]
        out += [nodes.Text(", ")] if out else []
        out.append(nodes.literal(raw, word))
    return out, []


# ---- directives ----

class Generated(Directive):
    """A directive that is replaced by the lines its lines() gives."""

    def run(self):
        node = nodes.section()
        node.document = self.state.document
        source = f"<{self.name}>"
        content = StringList()
        for line in self.lines():
            content.append(line, source, 0)
        nested_parse_with_titles(self.state, content, node)
        return node.children


def list_table(head, rows, widths):
    lines = [".. list-table::", "   :header-rows: 1",
             f"   :widths: {' '.join(map(str, widths))}", ""]
    for row in [head] + rows:
        for i, cell in enumerate(row):
            cell = cell or " "
            lines.append(("   * - " if i == 0 else "     - ") + cell)
    return lines + [""]


class KernelDoc(Generated):
    required_arguments = 1

    def lines(self):
        path = os.path.join(TOP, self.arguments[0])
        done = subprocess.run(
            ["perl", kernel_doc_script(), "-rst", "-sphinx-version",
             sphinx.__version__, path], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        if done.returncode or done.stderr.strip():
            logger.warning("kernel-doc %s: %s", self.arguments[0],
                           done.stderr.strip())
        return done.stdout.splitlines()


SCRIPT = []


def kernel_doc_script():
    if not SCRIPT:
        folder = subprocess.run(
            [os.path.join(TOP, "tools", "setup", "kselftest")], check=True,
            stdout=subprocess.PIPE, text=True).stdout.strip()
        SCRIPT.append(os.path.join(folder, "scripts", "kernel-doc"))
    return SCRIPT[0]


class ContractTable(Generated):
    required_arguments = 1

    RULES = {"NONE": "", "GIVE": "given", "USE": "used", "TAKE": "taken",
             "MAYGIVE": "given, or none", "MAYTAKE": "taken, or none",
             "MAYUSE": "used, or none"}

    def lines(self):
        text = no_comments(text_of("domains/abi/contract.def"))
        head = ["Message", "Id", "Object", "Inline bytes", "Fields"]
        for macro, title in (("DOM_EVENT", "Events, core to domain"),
                             ("DOM_COMMAND", "Commands, domain to core")):
            rows = []
            for name, number, rule, inline, fields in self.messages(text, macro):
                rows.append([f"``{name}``", number, self.RULES[rule], inline,
                             ", ".join(self.fields(fields))])
            if not rows:
                logger.warning("contract.def: no %s of class %s", macro,
                               self.arguments[0])
            yield from ["", f"**{title}**", ""]
            yield from list_table(head, rows, [14, 6, 12, 18, 50])

    def messages(self, text, macro):
        pattern = re.compile(
            macro + r"\((\w+),\s*(\d+),\s*(\w+),\s*(\w+),\s*(\w+),\s*")
        for match in pattern.finditer(text):
            name, number, kind, rule, inline = match.groups()
            if kind != self.arguments[0]:
                continue
            depth, end = 1, match.end()
            while depth:
                depth += {"(": 1, ")": -1}.get(text[end], 0)
                end += 1
            yield name, number, rule, inline, text[match.end():end - 1]

    @staticmethod
    def fields(text):
        for kind, name, check, bound in re.findall(
                r"DOM_FIELD\((\w+), (\w+), (\w+), (.*?)\)", text):
            rule = {"ANY": "", "MAX": f" ≤ {bound}", "FLAGS": f" in {bound}",
                    "RANGE": f" 1..{bound}"}[check]
            yield f"``{kind} {name}``{rule}"


class AttackTable(Generated):
    required_arguments = 1

    def lines(self):
        rows = [[number, f"``{name}``", self.outcome(outcome), proves]
                for number, name, family, outcome, _, proves in attack_list()
                if family == self.arguments[0]]
        if not rows:
            logger.warning("no attacks of family %s", self.arguments[0])
        return list_table(["Id", "Attack", "Must end by", "Proves"], rows,
                          [8, 22, 26, 60])

    @staticmethod
    def outcome(text):
        text = re.sub(r"V\((\d+)\)", r"vector \1", text).replace(" | ", ", ")
        for word, meaning in (("BUDGET", "budget"), ("CONTRACT", "contract"),
                              ("SEGMENT", "segment"),
                              ("OK", "commit, unharmed")):
            text = text.replace(word, meaning)
        return text


class NetlinkSpec(Generated):
    def lines(self):
        spec = yaml.safe_load(text_of("uapi/atmos.yaml"))
        yield from ["Operations", "^^^^^^^^^^", ""]
        rows = []
        for op in spec["operations"]["list"]:
            how = [word for word in ("do", "dump") if word in op]
            if "mcgrp" in op:
                how.append(f"event in group {op['mcgrp']}")
            if "admin-perm" in op.get("flags", []):
                how.append("CAP_NET_ADMIN")
            rows.append([f"``{op['name']}``", ", ".join(how),
                         ", ".join(self.request(op)), op["doc"]])
        yield from list_table(["Operation", "How", "Takes", "Meaning"], rows,
                              [22, 20, 18, 45])
        yield from ["Attributes", "^^^^^^^^^^", ""]
        for group in spec["attribute-sets"]:
            rows = [[f"``{a['name']}``",
                     a["type"] + (", repeated" if a.get("multi-attr") else ""),
                     f"``{a['enum']}``" if "enum" in a else "",
                     a.get("doc", "")]
                    for a in group["attributes"] if a["type"] != "pad"]
            yield from [f"**{group['name']}**", ""]
            yield from list_table(["Attribute", "Type", "Values", "Meaning"],
                                  rows, [18, 16, 16, 50])
        yield from ["Values", "^^^^^^", ""]
        for group in spec["definitions"]:
            if group["type"] != "enum":
                continue
            yield from [f"``{group['name']}``: {group['doc']}", ""]
            for number, entry in enumerate(group["entries"],
                                           group.get("value-start", 0)):
                yield f"- {number} ``{entry['name']}``: {entry['doc']}"
            yield ""

    @staticmethod
    def request(op):
        for way in ("do", "dump"):
            for word in op.get(way, {}).get("request", {}).get("attributes", []):
                yield word if way == "do" else f"{word} (dump)"


def setup(app):
    app.add_role("at", at_role)
    app.add_role("attack", attack_role)
    app.add_role("test", test_role)
    app.add_directive("kernel-doc", KernelDoc)
    app.add_directive("contract-table", ContractTable)
    app.add_directive("attack-table", AttackTable)
    app.add_directive("netlink-spec", NetlinkSpec)
    # The code is read anew each time: what it says may have changed.
    app.connect("env-get-outdated",
                lambda app, env, added, changed, removed: list(env.found_docs))
    return {"parallel_read_safe": True}
