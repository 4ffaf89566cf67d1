"""Draws random chat templates, and what transformers' apply_chat_template renders by them.

    python random_templates.py --seed 7 --output FILE [--templates 400]

Run it with transformers 4.49, which Tevatron uses, or with version 5. The templates are of the part of jinja2 that RankSpark
renders (the Javadoc of ChatTemplate lists it), in well-formed and some ill-formed uses; every third is damaged. A line of FILE
has a `template`, its `variables` and what was `rendered`, null and an `error` where jinja2 raises. RandomTemplatesIT reads it;
nothing of this is committed.
"""

import argparse
import json
import random
from pathlib import Path

from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from transformers import PreTrainedTokenizerFast
from transformers.utils import logging

DATA = ["a", "Query: ", "<|im_start|>", "\n", "\n", "\n\n", " ", "  ", "\t", " \n  ", "x\n ", "é", "漢字 😀", "{ ", "}", "%}", "# ", "\r\n",
        "\u00a0", "\u2003\n", "it's"]
LITERALS = ["", " ", "a", "A b", "user", "role", "content", "system", "\n", "\\n", "\t", "\\", "'", '"', "é", "ß", "漢", "😀", "{{", "%}",
            "-", ",", "\u00a0",
            "x<y", "12", " 7 ", "1.5", "\x07", "\u200b", "\ue000", "ǆx", "the quick-brown (fox)"]
TEXTS = ["what is 漢字", " hi \n", "", "<think>\nwhy\n</think>\n\nok", "a,b,,c", "it's \"so\"", "Straße 😀 İ ﬁx", "x\u2028y\u00a0",
         "\x00\x1f\x7f", "12"]
ATTRIBUTES = ["role", "content", "extra", "nothing"]
NAMES = ["a", "b", "c"]
PIECES = [" not ", "|", ".", "(", ")", "[", "]", ",", "{", "}", "%}", "{%", "{%-", "-%}", "{{", "}}", " is ", " in ", " if ", " else ",
          " and ", " or ", "-", "+", "~", ":", "=", "==",
          "'", '"', "\\", "0", "1.", ".5", "1e5", "_", "__class__", ".items", ".items()", "loop", ".first", "**", "//", " % ", "none",
          "range", "()", "{#", "#}", "\n", " \n", " recursive",
          "set ", "for ", "endfor", "raw", "endraw", "macro x()", "a", "messages", ".content", "['role']", "|first", "|length", "|list",
          "|join", "<", ">=", "true", " ", "\t", "é"]
LOOP = ["index", "index0", "first", "last", "length", "revindex", "revindex0", "previtem", "nextitem"]


class Templates:
    def __init__(self, dice):
        self.dice = dice
        self.loops = 0  # around this place
        self.messages = 0  # those of them over messages, by the name m
        self.breaks = False  # whether the innermost can be left here

    def one(self, *choices):
        return self.dice.choice(choices)

    def chance(self, p):
        return self.dice.random() < p

    # Expressions of a kind, now and then of another

    def of(self, kind, depth):
        if self.chance(0.02):
            kind = self.any
        return kind(depth - 1) if depth > 0 else self.leaf(kind)

    def leaf(self, kind):
        if kind == self.number:
            return self.one("0", "1", "2", "7", "10", "number", "1.5")
        if kind == self.truth:
            return self.one("true", "False", "add_generation_prompt", "a", "query")
        if kind == self.sequence:
            return self.one("messages", "words", "[]", "range(3)", "[1, 'a']")
        if kind == self.mapping:
            return self.one("messages[0]", "settings", "{}")
        return self.one(self.literal(), "query", "document", "bos_token", self.dice.choice(NAMES))

    def literal(self):
        text = self.dice.choice(LITERALS)
        quote = self.one("'", '"')
        out = ""
        for c in text:
            if c in (quote, "\\"):
                out += "\\" + c
            elif c == "\n" and self.chance(0.7):
                out += "\\n"
            elif ord(c) > 126 and self.chance(0.3):
                out += f"\\u{ord(c):04x}" if ord(c) < 0x10000 else f"\\U{ord(c):08x}"
            else:
                out += c
        return quote + out + quote

    def any(self, depth):
        return self.of(self.one(self.text, self.text, self.number, self.truth, self.sequence, self.mapping, self.nothing), depth)

    def nothing(self, depth):
        return self.one("none", "undefined_name", "None", "settings.nothing", self.dice.choice(NAMES), "tools")

    def message(self, depth):
        return self.one("messages[0]", "messages[-1]", "messages[1]", "messages | first", "messages|last", *["m"] * 9 * self.messages)

    def text(self, depth):
        t = lambda: self.of(self.text, depth)
        n = lambda: self.of(self.number, depth)
        s = lambda: self.of(self.sequence, depth)
        return self.one(
            self.literal, self.literal, lambda: f"({self.message(depth)}).{self.dice.choice(ATTRIBUTES)}",
            lambda: f"({self.message(depth)})[{self.literal()}]",
            lambda: f"{t()} + {t()}", lambda: f"{t()} ~ {self.of(self.any, depth)}", lambda: f"({t()} ~ {n()}) ~ {t()}",
            lambda: f"({t()}).{self.one('strip', 'lstrip', 'rstrip')}({self.one('', self.literal())})",
            lambda: f"({t()}).{self.one('upper', 'lower', 'title', 'capitalize')}()",
            lambda: f"({t()}).split({self.one(self.literal(), '')})[{self.one('0', '-1', '1')}]",
            lambda: f"({t()}).replace({self.literal()}, {self.literal()}{self.one('', '', ', 1')})",
            lambda: f"({t()}) | {self.one('trim', 'upper', 'lower', 'title', 'capitalize', 'string', 'reverse', 'first', 'last')}",
            lambda: f"({t()}) | replace({self.literal()}, {self.literal()})", lambda: f"({t()})|trim({self.literal()})",
            lambda: f"({t()})[{self.slice(depth)}]", lambda: f"({t()})[{n()}]",
            lambda: f"({self.of(self.any, depth)}) | "
                    + self.one("string", "tojson", "tojson(indent=2)", "tojson(ensure_ascii=true, sort_keys=True)"),
            lambda: f"({s()}) | join({self.one('', self.literal())})", lambda: f"{self.literal()}.join({s()})",
            lambda: f"messages | map(attribute={self.literal()}) | join(', ')",
            lambda: f"messages|selectattr('role', {self.one('eq', '==', 'ne', 'equalto')!r}, {self.literal()})|map(attribute='content')"
                    f" | first{self.one('', ' | default(' + t() + ')', '|default(' + t() + ', true)')}",
            lambda: f"({self.of(self.any, depth)}) | default({t()}{self.one('', ', true', ', boolean=true')})",
            lambda: f"({t()} if {self.of(self.truth, depth)} else {t()})", lambda: f"({t()} if {self.of(self.truth, depth)})",
            lambda: f"{t()} or {t()}", lambda: f"({self.of(self.mapping, depth)}).get({self.literal()}{self.one('', ', ' + t())})",
            lambda: f"loop.{self.dice.choice(LOOP[-2:])}.content" if self.messages else "''", lambda: self.dice.choice(NAMES))()

    def slice(self, depth):
        part = lambda: self.one("", "", "0", "1", "-1", "2", "-3", "5", self.of(self.number, depth))
        return f"{part()}:{part()}" + self.one("", "", ":", ":-1", ":2", ":-2")

    def number(self, depth):
        n = lambda: self.of(self.number, depth)
        return self.one(
            lambda: str(self.dice.randrange(12)), lambda: f"({self.of(self.sequence, depth)})|length",
            lambda: f"({self.of(self.text, depth)}) | length",
            lambda: f"{n()} {self.one('+', '-', '*', '//', '%', '/')} {n()}", lambda: f"-{n()}", lambda: f"({n()} + {n()}) * {n()}",
            lambda: f"loop.{self.dice.choice(LOOP[:7])}" if self.loops else "1",
            lambda: f"({self.of(self.text, depth)})|{self.one('int', 'float', 'int(-1)', 'int(default=3)')}",
            lambda: f"({n()}) | {self.one('int', 'float')}", lambda: "number", lambda: "ns.count")()

    def truth(self, depth):
        a = lambda: self.of(self.any, depth)
        t = lambda: self.of(self.text, depth)
        n = lambda: self.of(self.number, depth)
        b = lambda: self.of(self.truth, depth)
        return self.one(
            lambda: f"{t()} {self.one('==', '!=', '<', '>=')} {t()}", lambda: f"{n()} {self.one('==', '!=', '<', '>', '<=', '>=')} {n()}",
            lambda: f"{a()} == {a()}", lambda: f"{n()} < {n()} <= {n()}", lambda: f"{t()} {self.one('in', 'not in')} {t()}",
            lambda: f"{a()} {self.one('in', 'not in')} {self.of(self.sequence, depth)}",
            lambda: f"{self.literal()} in {self.of(self.mapping, depth)}",
            lambda: f"({b()} {self.one('and', 'or')} {b()})", lambda: f"(not {b()})", lambda: f"(not ({b()}))",
            lambda: f"({a()}) is {self.one('', 'not ')}" + self.one("defined", "undefined", "none", "string", "mapping", "sequence",
            "iterable", "number",
                                                                     "integer", "float", "boolean", "true", "false"),
            lambda: f"{self.dice.choice(NAMES + ['ns', 'm', 'strftime_now', 'range', 'loop'])} is defined",
            lambda: f"{n()} is {self.one('odd', 'even', 'divisibleby 3', 'divisibleby(2)', 'eq 1', 'gt(2)', 'in [1, 2]')}",
            lambda: f"({t()}).{self.one('startswith', 'endswith')}({self.literal()})",
            lambda: f"({t()}).startswith(({self.literal()}, {self.literal()}))",
            lambda: f"loop.{self.one('first', 'last')}" if self.loops else "true")()

    def sequence(self, depth):
        a = lambda: self.of(self.any, depth)
        s = lambda: self.of(self.sequence, depth)
        return self.one(
            lambda: "messages", lambda: "words", lambda: f"[{a()}, {a()}]", lambda: f"({a()}, {a()})", lambda: f"({a()},)",
            lambda: f"({s()})[{self.slice(depth)}]",
            lambda: f"({self.of(self.text, depth)}).split({self.one('', self.literal(), self.literal() + ', 1')})",
            lambda: f"range({self.one('3', '1, 4', '5, 0, -2', self.of(self.number, depth))})", lambda: f"{s()} + {s()}",
            lambda: f"({s()}) | list", lambda: f"({s()})|reverse|list", lambda: f"({self.of(self.text, depth)})|list",
            lambda: f"({self.of(self.mapping, depth)}).{self.one('keys', 'values', 'items')}() | list",
            lambda: f"({self.of(self.mapping, depth)})|items|list",
            lambda: f"messages|{self.one('selectattr', 'rejectattr')}({self.literal()}"
                    + self.one("", ", 'defined'", ", 'none'") + ") | list",
            lambda: f"({s()})|{self.one('select', 'reject')}(" + self.one("", "'string'", f"'eq', {a()}", f"'in', {s()}") + ")|list",
            lambda: f"({s()})|map(" + self.one("'upper'", "'length'", "'string'", f"attribute={self.literal()}, default=1") + ")|list")()

    def mapping(self, depth):
        return self.one(lambda: self.message(depth), lambda: "settings",
                        lambda: f"{{'role': {self.of(self.any, depth)}, \"b\": {self.of(self.any, depth)}}}",
                        lambda: f"({self.of(self.sequence, depth)})[{self.one('0', '-1')}]")()

    # Statements

    def block(self, code):
        return "{%" + self.one("", "", "-", "-", "+") + f" {code} " + self.one("", "", "-", "-", "+") + "%}"

    def data(self):
        return "".join(self.dice.choice(DATA) for _ in range(self.dice.randrange(4))) + ("{" if self.chance(0.003) else "")

    def body(self, depth):
        return "".join(self.data() + self.statement(depth) for _ in range(self.dice.randrange(1, 4))) + self.data()

    def output(self, depth):
        kind = self.one(self.text, self.text, self.text, self.number, self.truth, self.sequence, self.any)
        return "{{" + self.one("", "", "-") + f" {self.of(kind, 3)} " + self.one("", "", "-") + "}}"

    def statement(self, depth):
        if depth == 0:
            return self.output(depth)
        return self.one(self.output, self.output, self.output, self.output, self.condition, self.condition, self.loop, self.loop,
                        self.set, self.set,
                        self.member, self.comment, self.captured, self.generation, self.leave)(depth - 1)

    def comment(self, depth):
        return "{#" + self.one("", "-", "+") + self.one(" ", " note ", " {{ a }}\n", " -",
                               "" if self.chance(0.05) else "x") + self.one("", "-", "+") + "#}"

    def condition(self, depth):
        out = self.block(f"if {self.of(self.truth, 3)}") + self.body(depth)
        for _ in range(self.dice.randrange(2)):
            out += self.block(f"elif {self.of(self.truth, 2)}") + self.body(depth)
        if self.chance(0.5):
            out += self.block("else") + self.body(depth)
        return out + self.block("endif")

    def loop(self, depth):
        over_messages = self.chance(0.6)
        if over_messages:
            messages = self.one("", "", f"[{self.slice(1)}]", "[::-1]", "|reverse", f" | selectattr('role', 'ne', {self.literal()})")
            head = f"for m in messages{messages}" + self.one("", "", " if m.role", f" if m.role != {self.literal()}", " if m is mapping")
        else:
            head = self.one(lambda: f"for a in {self.of(self.sequence, 2)}", lambda: f"for a, b in ({self.of(self.mapping, 1)}).items()",
                            lambda: f"for c in {self.of(self.text, 1)}")() + self.one("", "", " if b", " if a is string", " if not c")
        outer = self.loops, self.messages, self.breaks
        self.loops, self.messages, self.breaks = self.loops + 1, self.messages + over_messages, True
        out = self.block(head) + self.body(depth)
        self.loops, self.messages, self.breaks = outer
        if self.chance(0.3):
            out += self.block("else") + self.body(depth)
        return out + self.block("endfor")

    def leave(self, depth):
        if not self.breaks:
            return self.output(depth)
        test = self.one("loop.last", "loop.index == 2", self.of(self.truth, 2))
        return self.block(f"if {test}") + self.block(self.one("break", "continue")) + self.block("endif")

    def set(self, depth):
        if self.chance(0.1):
            return self.block(f"set a, b = {self.of(self.any, 1)}, {self.of(self.any, 1)}")
        if self.chance(0.1):
            return self.block("set messages = messages[1:]")
        return self.block(f"set {self.one('query', *NAMES)} = {self.of(self.any, 3)}")

    def captured(self, depth):
        breaks, self.breaks = self.breaks, False
        out = self.block(f"set {self.dice.choice(NAMES)}") + self.body(depth) + self.block("endset")
        self.breaks = breaks
        return out

    def generation(self, depth):
        breaks, self.breaks = self.breaks, False
        out = self.block("generation") + self.body(depth) + self.block("endgeneration")
        self.breaks = breaks
        return out

    def member(self, depth):
        return self.block(f"set ns.{self.one('count', 'text')} = {self.one('ns.count + 1', self.of(self.any, 2))}")

    def template(self):
        out = self.body(3)
        if "ns." in out and self.chance(0.97):
            out = self.block("set ns = namespace(count=0, text='')") + out
        for name in NAMES:
            if self.chance(0.8):
                out = self.block(f"set {name} = {self.one(self.literal(), '1', '[1, 2]', 'none')}") + out
        return out + self.one("", "", "\n", "\n\n", "\r\n")

    def damaged(self, template):
        """With a few pieces taken out, doubled or put in."""
        for _ in range(self.dice.randrange(1, 4)):
            at = self.dice.randrange(len(template) + 1)
            to = min(len(template), at + self.one(0, 0, 1, 2, 5, 12))
            template = template[:at] + self.one("", self.dice.choice(PIECES), self.dice.choice(PIECES),
                                template[at:to] * 2) + template[to:]
        return template

    def variables(self):
        roles = self.one(["query", "document"], ["system", "query", "document"], ["system", "user", "assistant", "user"], ["user"])
        messages = [{"role": role, "content": self.dice.choice(TEXTS)} for role in roles]
        for message in messages:
            if self.chance(0.2):
                message["extra"] = self.one(True, 3, 0.1, 1e16, [1, None, "é"], {"k": "v", "items": [{}, []]}, "")
        some = {"messages": messages, "query": self.dice.choice(TEXTS), "add_generation_prompt": self.chance(0.5),
        "number": self.one(0, 1, 3, -2, 2.5),
                "words": self.one([], ["b", "a"], ["x", "", "😀"]), "settings": self.one({}, {"a": 1, "role": "x"},
                {"z": [1.0, False], "é": "\n"})}
        return {name: value for name, value in some.items() if name == "messages" or self.chance(0.9)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--templates", type=int, default=400)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    logging.set_verbosity_error()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(WordLevel({"<unk>": 0, "<s>": 1, "</s>": 2}, "<unk>")), bos_token="<s>", eos_token="</s>")
    with open(arguments.output, "w", encoding="utf-8") as out:
        for i in range(arguments.templates):
            drawn = Templates(random.Random(arguments.seed * 1_000_003 + i))
            template, variables = drawn.template(), drawn.variables()
            if i % 3 == 0:
                template = drawn.damaged(template)
            try:
                rendered = tokenizer.apply_chat_template(
                    chat_template=template, tokenize=False, conversation=variables["messages"],
                    **{name: value for name, value in variables.items() if name != "messages"})
                rendered.encode()
                error = None
            except Exception as e:  # of jinja2, or of Python in it
                rendered, error = None, f"{type(e).__name__}: {e}"
            line = {"template": template, "variables": {**variables, "bos_token": "<s>", "eos_token": "</s>"}, "rendered": rendered,
            "error": error}
            out.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
