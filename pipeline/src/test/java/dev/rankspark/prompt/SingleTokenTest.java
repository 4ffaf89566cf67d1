package dev.rankspark.prompt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rankspark.InputException;
import dev.rankspark.checkpoint.ModelDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The token of a word that a model answers with. */
class SingleTokenTest {
  @TempDir private Path folder;

  @BeforeEach
  void write() throws IOException {
    ByteTokenizer.write(folder);
  }

  @Test
  void aWordOfTheVocabularyHasOne() {
    assertThat(id("yes")).isEqualTo(ByteTokenizer.YES);
    assertThat(id("no")).isEqualTo(ByteTokenizer.NO);
    assertThat(id("Yes")).isEqualTo(ByteTokenizer.UPPER_YES);
    assertThat(id("1")).isEqualTo(ByteTokenizer.ONE);
    assertThat(id("</think>")).isEqualTo(ByteTokenizer.SIZE - 1);
  }

  @Test
  void aWordOfSeveralOrOfNoneIsRefused() {
    assertRefused("YES", "[89, 69, 83]");
    assertRefused("yes no", "[257, 32, 258]");
    assertRefused("", "[]");
    assertRefused("a\nb", "[97, 10, 98]");
  }

  @Test
  void theTokenOfWhatIsUnknownIsNoWord() throws IOException {
    Path config = folder.resolve("tokenizer_config.json");
    Files.writeString(
        config, Files.readString(config).replaceFirst("\\{", "{\"unk_token\": \"<think>\", "));
    assertThat(id("yes")).isEqualTo(ByteTokenizer.YES);
    assertRefused("<think>", "the unknown one");
  }

  private void assertRefused(String word, String got) {
    assertThatThrownBy(() -> id(word))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "--true-token: the vocabulary of %s has no single token for \"%s\": expected one, got"
                + " %s",
            folder, word.replace("\n", "\\u000a"), got);
  }

  private int id(String word) {
    ModelDirectory directory = ModelDirectory.open(folder.toString(), new Configuration(false));
    return SingleToken.id(directory, word, "--true-token");
  }
}
