package dev.rankspark.corpus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rankspark.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JsonLineTest {
  @TempDir private Path folder;

  /** UTF-8 has no such letter; Spark would make it a question mark. */
  @Test
  void halfOfASurrogatePairIsRefused() throws IOException {
    assertThat(parse("{\"text\": \"\\ud83d\\ude00\"}").required("text")).isEqualTo("\ud83d\ude00");
    for (String half : new String[] {"\\ud83d", "a\\ude00b"}) {
      JsonLine line = parse("{\"text\": \"" + half + "\"}");
      assertThatThrownBy(() -> line.required("text"))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("lines.jsonl:1: ")
          .hasMessageContaining("half a surrogate pair");
    }
  }

  private JsonLine parse(String text) throws IOException {
    String file = Files.writeString(folder.resolve("lines.jsonl"), text).toString();
    return JsonLine.parse(new TextLines.TextLine(0, file, file, 0, text));
  }
}
