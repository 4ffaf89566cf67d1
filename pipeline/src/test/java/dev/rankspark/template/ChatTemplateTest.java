package dev.rankspark.template;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.LocalDateTime;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What jinja2 3.1.6 renders, with the settings of transformers; RandomTemplatesIT asks it. */
class ChatTemplateTest {
  private static final List<Map<String, Object>> MESSAGES =
      List.of(
          message("system", "Be brief."), message("query", " q? "), message("document", "a\nb"));

  // The templates of models

  @Test
  void aRerankersTurnsAreFoundByTheirRoles() {
    String template =
        """
        <s>{{ messages | selectattr("role", "eq", "system") | map(attribute="content") | first \
        | default("Judge.") }}
        Q: {{ (messages | selectattr("role", "eq", "query") | first).content }}
        D: {{ messages | selectattr("role", "eq", "document") | map(attribute="content") | first }}
        """;

    assertThat(render(template, Map.of("messages", MESSAGES)))
        .isEqualTo("<s>Be brief.\nQ:  q? \nD: a\nb");
    assertThat(render(template, Map.of("messages", MESSAGES.subList(1, 3))))
        .isEqualTo("<s>Judge.\nQ:  q? \nD: a\nb");
  }

  @Test
  void aTurnPerMessageAndOneToBeAnswered() {
    String template =
        """
        {% for message in messages %}
            {{- '[' + message['role'] + ']\\n' + message['content'] | trim + '[end]\\n' -}}
        {% endfor %}
        {% if add_generation_prompt %}
        {{ '[answer]' }}
        {% endif %}
        """;

    assertThat(render(template, Map.of("messages", MESSAGES, "add_generation_prompt", true)))
        .isEqualTo("[system]\nBe brief.[end]\n[query]\nq?[end]\n[document]\na\nb[end]\n[answer]\n");
  }

  @Test
  void theLastQuestionIsFoundFromTheEndAndThoughtsBeforeItGo() {
    String template =
        """
        {%- set ns = namespace(found=false, last=messages|length - 1) %}
        {%- for message in messages[::-1] %}
            {%- set index = (messages|length - 1) - loop.index0 %}
            {%- if not ns.found and message.role == "user" and not message.content.startswith('<t>') %}
                {%- set ns.found = true %}
                {%- set ns.last = index %}
            {%- endif %}
        {%- endfor %}
        {%- for message in messages %}
            {%- set content = message.content %}
            {%- set thought = '' %}
            {%- if message.thought is defined and message.thought is not none %}
                {%- set thought = message.thought %}
            {%- elif '</t>' in content %}
                {%- set thought = content.split('</t>')[0].rstrip('\\n').split('<t>')[-1].lstrip('\\n') %}
                {%- set content = content.split('</t>')[-1].lstrip('\\n') %}
            {%- endif %}
            {%- if loop.index0 > ns.last and (loop.last or thought) %}
                {{- '(' + thought.strip('\\n') + ')' }}
            {%- endif %}
            {{- content + '|' }}
        {%- endfor %}
        """;
    List<Map<String, Object>> messages =
        List.of(
            message("user", "a"),
            message("assistant", "<t>\nhm\n</t>\n\nb"),
            message("user", "c"),
            message("user", "<t>d"),
            message("assistant", "<t>\nso\n</t>\n\ne"));

    assertThat(render(template, Map.of("messages", messages))).isEqualTo("a|b|c|<t>d|(so)e|");
  }

  @Test
  void toolsAreWrittenAsJson() {
    String template =
        """
        {%- if tools %}
            {{- 'Tools:' }}
            {%- for tool in tools %}
                {{- '\\n' }}{{ tool | tojson }}
            {%- endfor %}
        {%- endif %}""";
    Map<String, Object> tool = new LinkedHashMap<>();
    tool.put("name", "<f> \"é\"");
    tool.put("of", Arrays.asList(1, 2.5, true, null));

    assertThat(render(template, Map.of("tools", List.of(tool, Map.of()))))
        .isEqualTo("Tools:\n{\"name\": \"<f> \\\"é\\\"\", \"of\": [1, 2.5, true, null]}\n{}");
    assertThat(render(template, Map.of())).isEmpty();
  }

  @Test
  void turnsThatDoNotAlternateAreSetAside() {
    String template =
        """
        {% if messages[0]['role'] == 'system' %}
            {% set system = messages[0]['content'] %}
            {% set messages = messages[1:] %}
        {% endif %}
        {{ bos_token + system }}
        {% for message in messages %}
            {% if loop.index0 % 2 == 0 %}
        [{{ message.content }}]
            {% else %}
                {{- ' ' ~ message.content ~ eos_token -}}
            {% endif %}
        {% endfor %}""";
    Map<String, Object> variables =
        Map.of("messages", MESSAGES, "bos_token", "<s>", "eos_token", "</s>");

    assertThat(render(template, variables)).isEqualTo("<s>Be brief.\n[ q? ]\n a\nb</s>");
  }

  @Test
  void theDayIsThatOfTheRendering() {
    ChatTemplate template =
        ChatTemplate.parse(
            "{% if strftime_now is defined %}{{ strftime_now('%d %b %Y, %H:%M') }}{% endif %}",
            "f");
    LocalDateTime now = LocalDateTime.of(2026, 3, 5, 7, 8);

    assertThat(template.render(Map.of(), now)).isEqualTo("05 Mar 2026, 07:08");
  }

  @Test
  void whatApplyChatTemplateAlwaysGivesIsThere() {
    check(
        "{{ tools is none }} {{ documents is defined }} {{ add_generation_prompt }} {{ x is"
            + " defined }}",
        "True True False False");
  }

  // White space

  @Test
  void aNewlineBehindABlockOrCommentGoesAndOneBehindAValueStays() {
    check("{% if true %}\nx\n{% endif %}\ny", "x\ny");
    check("{# c #}\nx", "x");
    check("{{ 1 }}\nx", "1\nx");
    check("{% if true %}\n\nx{% endif %}", "\nx");
    check("{% if true +%}\nx{% endif %}", "\nx");
  }

  @Test
  void whiteSpaceBeforeABlockThatIsFirstOnItsLineGoes() {
    check("a\n  {% if true %}b{% endif %}", "a\nb");
    check("a  {% if true %}b{% endif %}", "a  b");
    check("a\n  {%+ if true %}b{% endif %}", "a\n  b");
    check("a\n \t{# c #}b", "a\nb");
    check("a\n  {{ 1 }}", "a\n  1");
    check("  {% if true %}b{% endif %}", "b");
    check("{% if true %}\n  {% endif %}b", "b");
    check("{{ 1 }}  {% if true %}b{% endif %}", "1  b");
  }

  @Test
  void aHyphenTakesAllWhiteSpaceOfItsSide() {
    check("a \n\n{%- if true -%}\n\n b \n{%- endif -%}\n c", "abc");
    check("a \n{{- 1 -}}\n b", "a1b");
    check("a \n{#- c -#}\n b", "ab");
    check("a\u00a0\u2003{{- 1 -}}\u0085b", "a1b");
    check("a{{-1}}", "a1"); // the hyphen is the bracket's
  }

  @Test
  void oneNewlineAtTheEndGoesAndOthersAreUnixOnes() {
    check("a\n", "a");
    check("a\n\n", "a\n");
    check("a\r\nb\rc\r\n", "a\nb\nc");
    check("{{ 1 }}\n", "1");
  }

  @Test
  void whatOnlyLooksLikeATagIsText() {
    check("{ % } %} }} {", "{ % } %} }} {");
    check("{{ '{{ %}' }}", "{{ %}");
    check("{# {{ 1 }} {% x %} #}a", "a");
    check("{{ {'a': {'b': 1}}['a']['b'] }}", "1");
    check("", "");
  }

  // Values

  @Test
  void valuesAreWrittenAsPythonWritesThem() {
    check("{{ true }} {{ False }} {{ none }} {{ None }}", "True False None None");
    check("{{ 1 }} {{ -7 }} {{ 1.0 }} {{ 0.1 }} {{ 1e22 }} {{ -0.0 }}", "1 -7 1.0 0.1 1e+22 -0.0");
    check("{{ [1, 'a', none, [true]] }}", "[1, 'a', None, [True]]");
    check("{{ (1, 2) }} {{ ('a',) }} {{ () }}", "(1, 2) ('a',) ()");
    check("{{ {'a': 1, 'b': [], 'c': {}} }}", "{'a': 1, 'b': [], 'c': {}}");
    check("{{ range(3) }} {{ range(1, 9, 2) }}", "range(0, 3) range(1, 9, 2)");
    check("{{ nothing }}{{ [nothing] }}", "[Undefined]");
  }

  @Test
  void textsInListsAreQuotedAsPythonQuotesThem() {
    check("{{ [\"it's\", 'a\"b', 'a\"\\'b'] }}", "[\"it's\", 'a\"b', 'a\"\\'b']");
    check("{{ ['\\n\\t\\r\\\\\\x00\\x7f'] }}", "['\\n\\t\\r\\\\\\x00\\x7f']");
    check("{{ ['\u00a0é\u200b\u2028😀'] }}", "['\\xa0é\\u200b\\u2028😀']");
  }

  @Test
  void escapesAreThoseOfPython() {
    check("{{ 'a\\nb\\tc\\\\d\\'e\"' }}", "a\nb\tc\\d'e\"");
    check("{{ '\\x41\\u00e9\\U0001F600\\101\\0' }}", "Aé😀A\0");
    check("{{ '\\d\\p' }}", "\\d\\p");
    check("{{ 'a' \"b\" 'c' }}", "abc");
    check("{{ 'a\\\nb' }}{{ 'a\nb' }}", "aba\nb");
  }

  @Test
  void namesMembersAndElements() {
    check(
        "{{ m.a }}{{ m['a'] }}{{ m.b.c }}{{ l[0] }}{{ l[-1] }}{{ l.1 }}{{ 'abc'[1] }}", "11x132b");
    check("{{ m.z }}{{ m['z'] }}{{ l[9] }}{{ 'abc'[9] }}{{ none.z }}{{ l.z }}|", "|");
    check("{{ m.z is undefined }}", "True");
    check("{{ '😀a'[0] }}{{ '😀a'|length }}", "😀2");
  }

  @Test
  void slices() {
    check("{{ 'abcdef'[1:3] }} {{ 'abcdef'[-2:] }} {{ 'abcdef'[:-4] }}", "bc ef ab");
    check("{{ 'abcdef'[::-1] }} {{ 'abcdef'[4:1:-2] }} {{ 'abcdef'[::2] }}", "fedcba ec ace");
    check(
        "{{ l[::-1] }} {{ l[1:] }} {{ l[9:] }} {{ (1, 2, 3)[:2] }}", "[3, 2, 1] [2, 3] [] (1, 2)");
    check("{{ 'a😀b'[::-1] }}", "b😀a");
  }

  @Test
  void arithmetic() {
    check("{{ 1 + 2 * 3 }} {{ (1 + 2) * 3 }} {{ 7 - 2 - 1 }}", "7 9 4");
    check("{{ 7 / 2 }} {{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 4 / 2 }}", "3.5 3 -4 2 2.0");
    check("{{ 1.5 + 1 }} {{ true + 1 }} {{ -l[0] }} {{ 2 * 1.5 }}", "2.5 2 -1 3.0");
    check("{{ 'a' + 'b' }} {{ [1] + [2] }} {{ (1,) + (2,) }}", "ab [1, 2] (1, 2)");
    check("{{ 'a' ~ 1 ~ none ~ true }} {{ 1 ~ 2 ~ 3 }}", "a1NoneTrue 123");
  }

  @Test
  void comparisons() {
    check("{{ 1 < 2 < 3 }} {{ 1 < 3 < 2 }} {{ 1 == 1.0 }} {{ '1' == 1 }}", "True False True False");
    check("{{ 'a' < 'b' }} {{ 'B' < 'a' }} {{ '\uffff' < '😀' }}", "True True True");
    check("{{ [1, 2] == [1, 2.0] }} {{ (1,) == [1] }} {{ m == m }}", "True False True");
    check("{{ none == none }} {{ x == y }} {{ true == 1 }} {{ 1 != 2 }}", "True True True True");
    check("{{ 1 in l }} {{ 9 not in l }} {{ 'b' in 'abc' }} {{ 'a' in m }}", "True True True True");
    check("{{ '' in 'abc' }} {{ 'x' in nothing }} {{ none in [none] }}", "True False True");
  }

  @Test
  void logicGivesOneOfItsValues() {
    check("{{ '' or 'x' }} {{ 'a' and 'b' }} {{ 0 and 1 }} {{ none or false }}", "x b 0 False");
    check("{{ not '' }} {{ not not l }} {{ not 1 == 2 }}", "True True True");
    check("{{ 'y' if l else 'n' }}{{ 'y' if not l }}{{ 'y' if '' else 'n' }}", "yn");
    check("{{ true and x.y if false else 'z' }}", "z");
  }

  @Test
  void tests() {
    check(
        "{{ m is mapping }} {{ l is mapping }} {{ m.a is defined }} {{ m.z is defined }}",
        "True False True False");
    check("{{ x is undefined }} {{ none is none }} {{ '' is not none }}", "True True True");
    check(
        "{{ '' is string }} {{ 1 is string }} {{ l is sequence }} {{ 1 is iterable }}",
        "True False True False");
    check("{{ 'a' is iterable }} {{ m is sequence }} {{ x is sequence }}", "True True True");
    check(
        "{{ 1 is number }} {{ true is number }} {{ true is integer }} {{ 1.0 is float }}",
        "True True False True");
    check(
        "{{ true is boolean }} {{ true is true }} {{ 1 is true }} {{ 0 is false }}",
        "True True False False");
    check(
        "{{ 3 is odd }} {{ 3 is even }} {{ 6 is divisibleby 3 }} {{ 6 is divisibleby(4) }}",
        "True False True False");
    check(
        "{{ 1 is eq 1 }} {{ 1 is ne(1) }} {{ 2 is gt 1 }} {{ 2 is le 1 }} {{ 1 is in l }}",
        "True False True False True");
    check("{{ not m.a is defined }} {{ m.a is not defined and x }}", "False False");
    check("{{ -1 is number }}", "True");
  }

  // Statements

  @Test
  void loopsKnowWhereTheyAre() {
    check(
        "{% for x in l %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }} {% endfor %}",
        "1032 2121 3210 ");
    check(
        "{% for x in l %}{{ loop.first }}{{ loop.last }}{{ loop.length }} {% endfor %}",
        "TrueFalse3 FalseFalse3 FalseTrue3 ");
    check(
        "{% for x in l %}{{ loop.previtem }}{{ x }}{{ loop.nextitem }} {% endfor %}", "12 123 23 ");
    check(
        "{% for x in l %}{% for y in 'ab' %}{{ loop.index }}{% endfor %}{{ loop.index }} {% endfor %}",
        "121 122 123 ");
  }

  @Test
  void loopsGoThroughListsTextsMapsAndWhatFiltersGive() {
    check("{% for c in 'a😀' %}{{ c }},{% endfor %}", "a,😀,");
    check("{% for k in m %}{{ k }},{% endfor %}", "a,b,");
    check("{% for k, v in m.items() %}{{ k }}={{ v }},{% endfor %}", "a=1,b={'c': 'x'},");
    check("{% for x in l|reverse %}{{ x }}{% endfor %}", "321");
    check("{% for x in nothing %}{{ x }}{% endfor %}|", "|");
    check("{% for x in 1, 2 %}{{ x }}{% endfor %}", "12");
    check("{% for x, y in [(1, 2), 'ab'] %}{{ y }}{{ x }}{% endfor %}", "21ba");
    check("{% for x in range(5, 0, -2) %}{{ x }}{% endfor %}", "531");
  }

  @Test
  void loopsCanChooseAndHaveAnElse() {
    check(
        "{% for x in l if x is odd %}{{ loop.index }}{{ x }}{{ loop.last }} {% endfor %}",
        "11False 23True ");
    check("{% for x in [] %}a{% else %}b{% endfor %}", "b");
    check("{% for x in l if x > 9 %}a{% else %}b{% endfor %}", "b");
    check("{% for x in l %}a{% else %}b{% endfor %}", "aaa");
  }

  @Test
  void loopsCanBeLeft() {
    check("{% for x in l %}{% if x == 2 %}{% break %}{% endif %}{{ x }}{% endfor %}", "1");
    check("{% for x in l %}{% if x == 2 %}{% continue %}{% endif %}{{ x }}{% endfor %}", "13");
    // as jinja2 has it: no body came to its end
    check("{% for x in l %}{% continue %}{% else %}b{% endfor %}", "b");
  }

  @Test
  void aNameIsSetInItsOwnBlockAndAnIfIsNone() {
    check("{% set x = 1 %}{% for y in l %}{% set x = 2 %}{{ x }}{% endfor %}{{ x }}", "2221");
    check("{% for y in l %}{{ x }}{% set x = 2 %}{% endfor %}{{ x }}|", "|");
    check("{% if true %}{% set x = 1 %}{% endif %}{{ x }}", "1");
    check("{% set x, y = 1, 'b' %}{{ x }}{{ y }}", "1b");
    check("{% set x = 1, 2 %}{{ x }}", "(1, 2)");
    check("{% set x %}a{{ 1 }}{% set l = 2 %}{% endset %}{{ x }}{{ l }}", "a1[1, 2, 3]");
    check("{% set l = l[1:] %}{{ l }}", "[2, 3]");
  }

  @Test
  void aNamespaceIsSetFromWithin() {
    check(
        "{% set ns = namespace(n=0) %}{% for x in l %}{% set ns.n = ns.n + x %}{% endfor %}{{ ns.n }}{{ ns.z }}",
        "6");
    check("{% set ns = namespace() %}{% set ns.t %}a{% endset %}{{ ns.t }}{{ ns['t'] }}", "aa");
  }

  @Test
  void choices() {
    String template = "{% if x == 1 %}a{% elif x == 2 %}b{% elif x %}c{% else %}d{% endif %}";

    assertThat(render(template, Map.of("x", 1))).isEqualTo("a");
    assertThat(render(template, Map.of("x", 2))).isEqualTo("b");
    assertThat(render(template, Map.of("x", 3))).isEqualTo("c");
    assertThat(render(template, Map.of("x", 0))).isEqualTo("d");
    assertThat(render(template, Map.of())).isEqualTo("d");
  }

  @Test
  void aGenerationIsWhatStandsInIt() {
    check(
        "{% for x in l %}{% generation %}\n{{ x }}{{ loop.index }}{% endgeneration %}\n{% endfor %}",
        "112233");
  }

  // Methods and filters

  @Test
  void methodsOfTexts() {
    check("{{ ' a '.strip() }}|{{ ' a '.lstrip() }}|{{ ' a '.rstrip() }}|", "a|a | a|");
    check("{{ 'xaxyx'.strip('yx') }} {{ '\u00a0a\u2028'.strip() }} {{ 'a'.strip(none) }}", "a a a");
    check(
        "{{ 'a,b,,c'.split(',') }} {{ ' a  b '.split() }} {{ 'a,b,c'.split(',', 1) }}",
        "['a', 'b', '', 'c'] ['a', 'b'] ['a', 'b,c']");
    check("{{ 'abc'.startswith('ab') }} {{ 'abc'.endswith(('x', 'c')) }}", "True True");
    check(
        "{{ 'aBc dE'.upper() }} {{ 'ABC'.lower() }} {{ 'straße'.upper() }}", "ABC DE abc STRASSE");
    check(
        "{{ \"they're o'clock x2y\".title() }} {{ 'éA b'.capitalize() }}",
        "They'Re O'Clock X2Y Éa b");
    check("{{ 'aaa'.replace('a', 'b') }} {{ 'aaa'.replace('a', 'bc', 2) }}", "bbb bcbca");
    check("{{ ', '.join(['a', 'b']) }} {{ '-'.join('abc') }}", "a, b a-b-c");
  }

  @Test
  void methodsOfMaps() {
    check("{{ m.get('a') }} {{ m.get('z') }} {{ m.get('z', 7) }}", "1 None 7");
    check("{{ m.keys() | list }} {{ m.values() | list }}", "['a', 'b'] [1, {'c': 'x'}]");
    check("{{ m.items() | list }} {{ m.items() | length }}", "[('a', 1), ('b', {'c': 'x'})] 2");
  }

  @Test
  void filtersOfTexts() {
    check(
        "{{ ' a ' | trim }}|{{ 'xax' | trim('x') }}|{{ 12 | trim }}|{{ none | trim }}",
        "a|a|12|None");
    check("{{ 'aB' | upper }} {{ 'aB' | lower }} {{ 'aB c' | capitalize }}", "AB ab Ab c");
    check("{{ \"they're a-b (c) x2y\" | title }}", "They're A-B (C) X2y");
    check(
        "{{ 'aaa' | replace('a', 'b') }} {{ 'aaa' | replace('a', 'b', 1) }} {{ 121 | replace(1, 3) }}",
        "bbb baa 323");
    check("{{ 12 | string + 'a' }} {{ 'abc' | reverse }} {{ 'abc' | length }}", "12a cba 3");
    check(
        "{{ ' 12 ' | int + 1 }} {{ '1.9' | int }} {{ 'x' | int }} {{ 'x' | int(7) }} {{ 2.9 | int }}",
        "13 1 0 7 2");
    check("{{ '1.5' | float }} {{ 'x' | float }} {{ 2 | float }}", "1.5 0.0 2.0");
  }

  @Test
  void filtersOfLists() {
    check(
        "{{ l | first }} {{ l | last }} {{ [] | first }}| {{ l | length }} {{ l | count }}",
        "1 3 | 3 3");
    check(
        "{{ l | join(', ') }} {{ 'ab' | join('-') }} {{ l | join }} {{ [] | join(',') }}|",
        "1, 2, 3 a-b 123 |");
    check("{{ messages | join(';', attribute='role') }}", "system;query;document");
    check(
        "{{ 'ab' | list }} {{ m | list }} {{ l | reverse | list }}",
        "['a', 'b'] ['a', 'b'] [3, 2, 1]");
    check("{{ m | items | list }}", "[('a', 1), ('b', {'c': 'x'})]");
    check(
        "{{ messages | map(attribute='role') | list }} {{ [m] | map(attribute='b.c') | first }}",
        "['system', 'query', 'document'] x");
    check(
        "{{ [m] | map(attribute='z', default=5) | first }} {{ ['a'] | map('upper') | join }}",
        "5 A");
    check(
        "{{ l | select('odd') | list }} {{ l | reject('gt', 1) | list }} {{ [0, 1] | select | list }}",
        "[1, 3] [1] [1]");
    check(
        "{{ messages | rejectattr('role', 'in', ['query', 'system']) | map(attribute='content') | first }}",
        "a\nb");
    check("{{ [m, {}] | selectattr('a') | list | length }}", "1");
  }

  @Test
  void defaults() {
    check("{{ x | default('a') }} {{ '' | default('a') }}| {{ '' | default('a', true) }}", "a | a");
    check("{{ x | d }}| {{ none | default('a') }} {{ m.z | default(1) + 1 }}", "| None 2");
    check("{{ x | default(y | default('z', boolean=true), true) }}", "z");
  }

  @Test
  void json() {
    check("{{ 'a\"\\\\\\n\\x01é😀</' | tojson }}", "\"a\\\"\\\\\\n\\u0001é😀</\"");
    check(
        "{{ [1, 1.0, true, none, 'a'] | tojson }} {{ (1,) | tojson }}",
        "[1, 1.0, true, null, \"a\"] [1]");
    check(
        "{{ m | tojson }} {{ {} | tojson }} {{ [] | tojson }}",
        "{\"a\": 1, \"b\": {\"c\": \"x\"}} {} []");
    check("{{ m | tojson(indent=2) }}", "{\n  \"a\": 1,\n  \"b\": {\n    \"c\": \"x\"\n  }\n}");
    check("{{ [[], {}] | tojson(indent=1) }}", "[\n [],\n {}\n]");
    check(
        "{{ {'b': 'é', 'a': '😀'} | tojson(sort_keys=true, ensure_ascii=true) }}",
        "{\"a\": \"\\ud83d\\ude00\", \"b\": \"\\u00e9\"}");
    check("{{ l | tojson(separators=(',', ':')) }}", "[1,2,3]");
  }

  @Test
  void whatBindsTighter() {
    check("{{ 'a' ~ 'b' | upper }} {{ ('a' ~ 'b') | upper }}", "aB AB");
    check("{{ 1 + 'ab' | length }} {{ -1 | string }} {{ 'a' + ' b ' | trim + 'c' }}", "3 -1 abc");
    check("{{ 2 * 3 ~ 4 }}", "64");
    check("{{ 'a' in 'ab' and not 'c' in 'ab' or false }} {{ 1 == 1 in [2] }}", "True False");
  }

  @Test
  void oneTemplateRendersManyTimes() {
    ChatTemplate template =
        ChatTemplate.parse("{% set x = x + 1 %}{{ x }}{{ l | map('string') | join }}", "f");

    assertThat(template.render(Map.of("x", 1, "l", List.of(1)))).isEqualTo("21");
    assertThat(template.render(Map.of("x", 5, "l", List.of(2)))).isEqualTo("62");
  }

  private static void check(String template, String expected) {
    Map<String, Object> m = new LinkedHashMap<>();
    m.put("a", 1);
    m.put("b", Map.of("c", "x"));
    Map<String, Object> variables = Map.of("m", m, "l", List.of(1, 2, 3), "messages", MESSAGES);
    assertThat(render(template, variables)).as(template).isEqualTo(expected);
  }

  private static String render(String template, Map<String, Object> variables) {
    return ChatTemplate.parse(template, "chat_template.jinja").render(variables);
  }

  private static Map<String, Object> message(String role, String content) {
    return Map.of("role", role, "content", content);
  }
}
