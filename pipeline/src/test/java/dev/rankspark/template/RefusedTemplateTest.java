package dev.rankspark.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rankspark.InputException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is not rendered, and why. */
class RefusedTemplateTest {
  private static final String UNSUPPORTED = "t.jinja:%d: this chat template is not supported: ";

  @Test
  void whatIsNotAllowedIsNamedWithWhatIs() {
    assertUnsupported(
        "a\n{% macro f() %}{% endmacro %}",
        2, "the tag {% macro %}; supported are break, continue, for, generation, if, set");
    assertUnsupported(
        "{{ dict(a=1) }}",
        1,
        "the function dict(); supported are namespace, raise_exception, range, strftime_now");
    assertUnsupported(
        "{{ x.format(1) }}",
        1,
        "the method format(); supported are capitalize, endswith, get, items, join, keys, lower,"
            + " lstrip, replace, rstrip, split, startswith, strip, title, upper, values");
    assertUnsupported(
        "\n\n{{ x | safe }}",
        3,
        "the filter safe; supported are capitalize, count, d, default, first, float, int, items,"
            + " join, last, length, list, lower, map, reject, rejectattr, replace, reverse, select,"
            + " selectattr, string, title, tojson, trim, upper");
    assertUnsupported(
        "{{ x is sameas 1 }}",
        1,
        "the test sameas; supported are !=, <, <=, ==, >, >=, boolean, defined, divisibleby, eq,"
            + " equalto, even, false, float, ge, greaterthan, gt, in, integer, iterable, le,"
            + " lessthan, lt, mapping, ne, none, number, odd, sequence, string, true, undefined");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{% raw %}{% endraw %}",
        "{% include 'x' %}",
        "{% import 'x' as y %}",
        "{% extends 'x' %}",
        "{% block x %}{% endblock %}",
        "{% call x() %}{% endcall %}",
        "{% filter upper %}{% endfilter %}",
        "{% with %}{% endwith %}",
        "{% do x.append(1) %}",
        "{% autoescape true %}{% endautoescape %}",
        "{% print 1 %}",
        "{% for x in y recursive %}{% endfor %}",
        "{{ 2 ** 3 }}",
        "{{ x.__class__ }}",
        "{{ x._y }}",
        "{{ f()() }}",
        "{{ x['f']() }}",
        "{{ 'a'.split(sep=',') }}",
        "{{ x | trim(y=1) }}",
        "{{ x | trim(1, 2) }}",
        "{{ x | replace('a') }}",
        "{{ x | map(y) }}",
        "{{ x | map('replace') }}",
        "{{ x | selectattr }}",
        "{{ x | selectattr('a', 'eq') }}",
        "{{ x | select(y) }}",
        "{{ x is divisibleby }}",
        "{{ x is none(1) }}",
        "{{ namespace(x) }}",
        "{{ namespace(_x=1) }}",
        "{{ range() }}",
        "{{ {1: 2} }}",
        "{{ {x: 2} }}",
        "{{ 1_000 }}",
        "{{ 0x10 }}",
        "{{ 1234567890123456789 }}",
        "{{ '\\N{BULLET}' }}",
        "{{ '\\ud83d' }}",
        "{{ é }}",
        "{% set loop = 1 %}",
        "{% set (a, b) = x %}",
        "{% for x in y if loop.first %}{% endfor %}",
        "{% break %}",
        "{% for x in y %}{% set z %}{% break %}{% endset %}{% endfor %}",
        "{% for x in y %}{{ z }}{% endfor %}{% set z = 1 %}"
      })
  void whatJinjaKnowsAndWeDoNotIsRefusedBeforeItIsRendered(String template) {
    assertThatThrownBy(() -> ChatTemplate.parse(template, "t.jinja"))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(UNSUPPORTED, 1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{{ }}",
        "{{ 1",
        "{{ 'a }}",
        "{{ (1 }}",
        "{{ 1] }}",
        "{{ 1 2 }}",
        "{{ + }}",
        "{{ x. }}",
        "{{ x | }}",
        "{{ x ? y }}",
        "{% if x %}",
        "{% if %}{% endif %}",
        "{% endif %}",
        "{% if x %}{% endfor %}",
        "{% if x %}{% else %}{% elif y %}{% endif %}",
        "{% for x %}{% endfor %}",
        "{% for 1 in x %}{% endfor %}",
        "{% set x %}",
        "{% set x, = 1 %}",
        "{% set 1 = 1 %}",
        "{%",
        "{# a",
        "{{ '\\x4' }}",
        "{% set none = 1 %}"
      })
  void whatJinjaCannotParseIsRefusedToo(String template) {
    assertThatThrownBy(() -> ChatTemplate.parse(template, "t.jinja"))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(UNSUPPORTED, 1);
  }

  @Test
  void aTemplateCanRefuseItsMessages() {
    assertFails(
        "a\n{{ raise_exception('Roles must\n alternate') }}", 2, "Roles must\\u000a alternate");
  }

  @Test
  void whatFailsInJinjaFails() {
    assertFails("{{ x.y }}", 1, "'x' is undefined");
    assertFails("{{ m.y.z }}", 1, "a dict has no \"y\"");
    assertFails("{{ 'a' + x }}", 1, "'x' is undefined");
    assertFails("{{ 'a' + 1 }}", 1, "no \"+\" of a str and an int");
    assertFails("{{ 1 / 0 }}", 1, "a division by 0");
    assertFails("{{ 'a' < 1 }}", 1, "a str is neither below nor above an int");
    assertFails("{{ 1 in 'a' }}", 1, "a str contains no int");
    assertFails("{{ 1 | length }}", 1, "an int has no length");
    assertFails("{% for x in none %}{% endfor %}", 1, "None has no elements");
    assertFails("{% for x, y in [1] %}{% endfor %}", 1, "an int has no elements");
    assertFails("{% set x, y = [1] %}", 1, "expected 2 values, found 1");
    assertFails("{{ m.a.strip() }}", 1, "an int has no strip()");
    assertFails("{{ 'a'.split('') }}", 1, "the separator is empty");
    assertFails("{{ ','.join([1]) }}", 1, "expected a str, found an int");
    assertFails("{{ x | tojson }}", 1, "what is undefined is no JSON");
    assertFails("{{ 'abc'[::0] }}", 1, "a slice's step is 0");
    assertFails("{{ m[1:] }}", 1, "a dict has no slices");
    assertFails("{{ range(100001) }}", 1, "a range is longer than 100000");
    assertFails("{% set m.a = 1 %}", 1, "a member is set of what is no namespace");
    assertFails("{{ [1] | select | last }}", 1, "the last of a generator");
  }

  @Test
  void whatPythonWouldWriteOrDoOtherwiseIsRefusedWhereItIsMet() {
    assertUnsupportedRendering("{{ m.items }}", "\"items\" of a dict as a value");
    assertUnsupportedRendering("{{ m['__class__'] }}", "\"__class__\" of a dict as a value");
    assertUnsupportedRendering("{{ 'a'.upper }}", "\"upper\" of a str as a value");
    assertUnsupportedRendering("{{ [].append }}", "\"append\" of a list as a value");
    assertUnsupportedRendering("{{ range }}", "the function range as a value");
    assertUnsupportedRendering("{{ 'a' * 3 }}", "\"*\" of a str and an int");
    assertUnsupportedRendering("{{ '%s' % 3 }}", "\"%\" of a str and an int");
    assertUnsupportedRendering("{{ 7.5 // 2 }}", "\"//\" of a float");
    assertUnsupportedRendering(
        "{{ 999999999999999999 * 99 }}", "whole numbers of more than 64 bits");
    assertUnsupportedRendering("{{ [1] < [2] }}", "an order of lists");
    assertUnsupportedRendering("{{ m.keys() }}", "a view as text");
    assertUnsupportedRendering("{{ [1] | select }}", "a generator as text");
    assertUnsupportedRendering(
        "{% set x = [1] | select %}{{ x | list }}{{ x | list }}",
        "the second use of what map, select, reverse or their like gave; add \"| list\"");
    assertUnsupportedRendering("{{ 'a'.replace('', 'b') }}", "replace(\"\", ...)");
    assertUnsupportedRendering(
        "{{ 'ΑΣ' | lower }}", "the small letter of Σ, of which there are two");
    assertUnsupportedRendering("{{ strftime_now('%c') }}", "strftime_now with %c");
    assertUnsupportedRendering("{% for x in [1] %}{{ loop.cycle }}{% endfor %}", "loop.cycle");
  }

  // A template is another's program

  @Test
  void noTemplateRunsWithoutAnEnd() {
    String endless = "it goes on without an end";

    assertUnsupportedRendering(
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}", endless);
    assertUnsupportedRendering(
        "{% set n = namespace(x='aaaaaaaa') %}{% for a in range(99) %}{% set n.x = n.x + n.x %}{% endfor %}",
        endless);
    assertUnsupportedRendering(
        "{% set n = namespace(x=[1]) %}{% for a in range(99) %}{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x }}",
        endless);
    assertUnsupportedRendering(
        "{% set n = namespace(x='a') %}{% for a in range(99) %}{% set n.x = n.x.replace('a', 'aaaaaaaaa') %}{% endfor %}",
        endless);
    assertUnsupportedRendering(
        "{% set n = namespace(x=[1]) %}{% for a in range(99) %}{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x | tojson }}",
        endless);
    assertUnsupportedRendering(
        "{% set n = namespace(x=[1], y=[1]) %}{% for a in range(99) %}{% set n.x = [n.x, n.x] %}{% set n.y = [n.y, n.y] %}{% endfor %}{{ n.x == n.y }}",
        endless);
  }

  @Test
  void noTemplateIsTooDeepForTheStack() {
    String deep =
        "{% set n = namespace(x=[]) %}{% for a in range(9999) %}{% set n.x = [n.x] %}{% endfor %}";

    assertUnsupportedRendering(deep + "{{ n.x }}", "values nested more than 100 deep");
    assertUnsupportedRendering(deep + "{{ n.x | tojson }}", "values nested more than 100 deep");
    assertUnsupported(
        "{{ " + "(".repeat(9999) + ")".repeat(9999) + " }}",
        1,
        "a tag of more than 1000 words and signs");
    assertUnsupported(
        "{{ " + "[".repeat(99) + "]".repeat(99) + " }}", 1, "what is nested more than 50 deep");
    assertUnsupported("{{ " + "not ".repeat(99) + "1 }}", 1, "what is nested more than 50 deep");
    assertUnsupported("{{ " + "-".repeat(99) + "1 }}", 1, "what is nested more than 50 deep");
    assertUnsupported("{% if 1 %}".repeat(9999), 1, "what is nested more than 50 deep");
    assertThat(ChatTemplate.parse("{{ 1" + " + 1".repeat(400) + " }}", "t").render(Map.of()))
        .isEqualTo("401");
    assertThat(ChatTemplate.parse("{{ 1 }}".repeat(9999), "t").render(Map.of())).hasSize(9999);
  }

  @Test
  void aProgrammersValueOfAnotherKindIsTheProgrammersFault() {
    ChatTemplate template = ChatTemplate.parse("{{ x }}", "t.jinja");

    assertThatThrownBy(() -> template.render(Map.of("x", List.of(new Object()))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("not a template's value: class java.lang.Object");
  }

  private static void assertUnsupported(String template, int line, String what) {
    assertThatThrownBy(() -> ChatTemplate.parse(template, "t.jinja"))
        .isInstanceOf(InputException.class)
        .hasMessage(UNSUPPORTED + "%s", line, what);
  }

  private static void assertUnsupportedRendering(String template, String what) {
    ChatTemplate parsed = ChatTemplate.parse(template, "t.jinja");
    assertThatThrownBy(() -> parsed.render(Map.of("m", Map.of("a", 1))))
        .isInstanceOf(InputException.class)
        .hasMessage(UNSUPPORTED + "%s", 1, what);
  }

  private static void assertFails(String template, int line, String why) {
    ChatTemplate parsed = ChatTemplate.parse(template, "t.jinja");
    assertThatThrownBy(() -> parsed.render(Map.of("m", Map.of("a", 1))))
        .isInstanceOf(InputException.class)
        .hasMessage("t.jinja:%d: this chat template fails: %s", line, why);
  }
}
