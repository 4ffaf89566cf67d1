package dev.rankspark.corpus;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a scan finds by itself, and what it leaves to the reader. */
class LineScanTest {
  private final LineScan json = new JsonScan();

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"docid\": \"d1\", \"title\": \"A\", \"text\": \"b\"}|d1",
        "  {\t\"text\":\"b\",\"docid\":\"d1\"}  |d1",
        "{\"docid\": 12, \"text\": \"b\"}|12",
        "{\"docid\": 0, \"text\": 7, \"title\": null}|0",
        "{\"_id\": \"a/b#c\", \"text\": \"b\", \"metadata\": {\"n\": [1, -2.5, {}, []]}}|a/b#c",
        "{\"doc_id\": \"d1\", \"body\": \"b\"}|d1",
        "{\"id\": \"d1\", \"body\": \"b\"}|d1",
        "{\"id\": 5, \"_id\": \"d1\", \"text\": \"b\"}|d1",
        "{\"_id\": \"x\", \"doc_id\": \"y\", \"docid\": \"d1\", \"text\": \"b\"}|d1",
        "{\"docid\": \"d1\", \"text\": \"\\\"docid\\\": \\\"d2\\\" \\\\\"}|d1",
        "{\"text\": \"{\\\"docid\\\": 1}\", \"more\": {\"docid\": \"d2\"}, \"docid\": \"d1\"}|d1",
        "{\"docid\": \"d1\", \"text\": \"caf\u00e9 \u20ac \ud83d\ude00 \\u00e9 \\n\"}|d1",
        "{\"docid\": \"d1\", \"text\": \"b\", \"a\": true, \"a\": false, \"\u00e9\": null}|d1",
      })
  void docids(String line, String docid) {
    assertThat(found(json, line)).isEqualTo(docid);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "[]",
        "{}",
        "{\"docid\": \"d1\"}",
        "{\"text\": \"b\"}",
        "{\"docid\": \"d1\", \"text\": \"b\"",
        "{\"docid\": \"d1\", \"text\": \"b\"} {}",
        "{\"docid\": \"d1\", \"text\": \"b\",}",
        "{\"docid\": \"d1\" \"text\": \"b\"}",
        "{\"docid\": \"d1\", \"text\": \"b\", \"a\": [1,]}",
        "{\"docid\": \"d1\", \"text\": \"b\", \"a\": [1}}",
        "{\"docid\": \"d1\", \"text\": \"b\", \"a\": tru}",
        "{\"docid\": \"d1\", \"text\": \"b\", \"a\": 01}",
        "{\"docid\": \"d1\", \"text\": \"b\", \"a\": 1.}",
        "{\"docid\": \"d1\", \"text\": \"b\\x\"}",
        "{\"docid\": \"d1\", \"text\": \"b\\u12g4\"}",
        "{\"docid\": \"d1\", \"text\": \"b\tc\"}",
        "{\"docid\": \"d1\", \"text\": null}",
        "{\"docid\": \"d1\", \"text\": true}",
        "{\"docid\": \"d1\", \"text\": \"b\", \"title\": [\"A\"]}",
        "{\"docid\": null, \"text\": \"b\"}",
        "{\"docid\": {\"docid\": 1}, \"text\": \"b\"}",
        "{\"docid\": \"\", \"text\": \"b\"}",
        "{\"docid\": \"d 1\", \"text\": \"b\"}",
        "{\"docid\": \"d1\", \"docid\": \"d2\", \"text\": \"b\"}",
        "{\"docid\": \"d1\", \"text\": \"b\", \"text\": null}",
        "{\"_id\": \"d1\", \"doc_id\": \"d2\", \"text\": \"b\"}",
      })
  void linesThatAreRefusedOrDifferent(String line) {
    assertThat(found(json, line)).isNull();
  }

  /** Right lines, which are left to the reader as there are many ways to write them. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"docid\": \"\\u0064\", \"text\": \"b\"}",
        "{\"doci\\u0064\": \"d1\", \"text\": \"b\"}",
        "{\"docid\": -1, \"text\": \"b\"}",
        "{\"docid\": 1e3, \"text\": \"b\"}",
        "{\"docid\": 12345678901234567890, \"text\": \"b\"}",
        "{\"docid\": \"\u00e9\", \"text\": \"b\"}",
        "{\"docid\": \"d1\", \"text\": \"\\ud83d\\ude00\"}",
        "{\"docid\": \"d1\", \"text\": \"b\", \"title\": NaN}",
      })
  void unusualLines(String line) {
    assertThat(found(json, line)).isNull();
  }

  @Test
  void bytesThatAreNoUtf8() {
    for (String bytes :
        List.of(
            "\u0080",
            "\u00c3",
            "\u00c0\u0080",
            "\u00c1\u00bf",
            "\u00e0\u0080\u0080",
            "\u00ed\u00a0\u0080",
            "\u00e2\u0082",
            "\u00f0\u0080\u0080\u0080",
            "\u00f4\u0090\u0080\u0080",
            "\u00f5\u0080\u0080\u0080",
            "\u00ff")) {
      for (int before = 0; before < 9; before++) { // eight bytes are looked at in one go
        String text = "x".repeat(before) + bytes + "more of the text";
        byte[] line =
            ("{\"docid\": \"d1\", \"text\": \"" + text + "\"}")
                .getBytes(StandardCharsets.ISO_8859_1);
        assertThat(json.isSureOf(line, line.length)).as("%s", Arrays.toString(line)).isFalse();
      }
    }
  }

  /** Hadoop reads each line into the bytes of the one before. */
  @Test
  void whatStandsBehindTheLine() {
    byte[] line = "{\"docid\": \"d1\", \"text\": \"b\"}".getBytes(StandardCharsets.UTF_8);
    for (int length = 0; length < line.length; length++) {
      assertThat(json.isSureOf(line, length)).isFalse();
    }
    assertThat(json.isSureOf(line, line.length)).isTrue();
    assertThat(json.isSureOf(Arrays.copyOf(line, 64), line.length)).isTrue();
  }

  @ParameterizedTest
  @EnumSource(
      value = TabLine.Form.class,
      names = {"PASSAGES", "DOCUMENTS"})
  void tabs(TabLine.Form form) {
    LineScan tabs = new TabScan(form);
    boolean hasTwo = form == TabLine.Form.PASSAGES;
    assertThat(found(tabs, "d1\ta \"b\" \\ c\u0001")).isEqualTo(hasTwo ? "d1" : null);
    assertThat(found(tabs, "d1\thttps://a.example\t\tb")).isEqualTo(hasTwo ? null : "d1");
    assertThat(found(tabs, "d1\tOne\t\tb")).isNull();
    assertThat(found(tabs, "d1\t.one\t\tb")).isNull();
    assertThat(found(tabs, "d1\ta.b c\t\tb")).isNull();
    for (String line : List.of("", "\t", "d1", "\tb", "d 1\tb", "d1\ta\tb", "\u00e9\tb")) {
      assertThat(found(tabs, line)).isNull();
    }
  }

  private static String found(LineScan scan, String line) {
    byte[] bytes = line.getBytes(StandardCharsets.UTF_8);
    return scan.isSureOf(bytes, bytes.length)
        ? new String(bytes, scan.from(), scan.to() - scan.from(), StandardCharsets.UTF_8)
        : null;
  }
}
