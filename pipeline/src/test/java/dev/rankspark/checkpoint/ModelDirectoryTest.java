package dev.rankspark.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rankspark.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelDirectoryTest {
  private static final Configuration HADOOP = new Configuration(false);

  @TempDir Path directory;

  @Test
  void readsFilesAndJsonAsPythonDoes() throws IOException {
    Files.writeString(directory.resolve("config.json"), "{\"eps\": 1e-5, \"top\": Infinity}\n");
    var model = ModelDirectory.open(directory.toString(), HADOOP);

    assertThat(model.has("config.json")).isTrue();
    assertThat(model.has("tokenizer.json")).isFalse();
    assertThat(model.json("config.json").get("eps").doubleValue()).isEqualTo(1e-5);
    assertThat(model.json("config.json").get("top").doubleValue()).isInfinite();
    assertThat(model.read("config.json")).hasSize(31);
    assertThat(model.path()).isEqualTo(directory.toString());
  }

  @Test
  void aPathThatDoesNotExistIsNamedWithItsOption() {
    assertRefused(
        directory + "/absent",
        directory
            + "/absent does not exist: --model-name-or-path takes a directory with a model's files");
  }

  @Test
  void aFileIsNoDirectory() throws IOException {
    Files.writeString(directory.resolve("model"), "x");
    assertRefused(
        directory + "/model",
        directory
            + "/model is a file: --model-name-or-path takes a directory with a model's files");
  }

  @Test
  void textThatIsNoPathIsRefused() {
    for (String path : new String[] {"", "a:b", "nosuch://host/x", "a\u0000b"}) {
      assertThatThrownBy(() -> ModelDirectory.open(path, HADOOP))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("--model-name-or-path takes a directory")
          .hasMessageNotContaining("\u0000");
    }
  }

  @Test
  void brokenJsonIsNamedWithItsLine() throws IOException {
    assertJsonRefused("{\n\"a\": }", "/config.json:2: not JSON: ");
    assertJsonRefused("{} {}", "/config.json:1: not JSON: ");
    assertJsonRefused("[".repeat(5_000), "/config.json:1: not JSON: ");
    assertJsonRefused("", "/config.json is empty, expected JSON");
    Files.write(directory.resolve("config.json"), new byte[] {'"', (byte) 0xE9, '"'});
    assertThatThrownBy(this::json)
        .hasMessage(directory + "/config.json is not UTF-8, expected JSON in UTF-8");
  }

  @Test
  void aDirectoryIsNoFile() throws IOException {
    Files.createDirectory(directory.resolve("config.json"));
    assertThatThrownBy(this::json)
        .isInstanceOf(InputException.class)
        .hasMessage(directory + "/config.json is a directory, expected a file");
  }

  private void assertJsonRefused(String text, String message) throws IOException {
    Files.writeString(directory.resolve("config.json"), text);
    assertThatThrownBy(this::json)
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(directory + message)
        .hasMessageNotContaining("\n");
  }

  private void json() {
    ModelDirectory.open(directory.toString(), HADOOP).json("config.json");
  }

  private static void assertRefused(String path, String message) {
    assertThatThrownBy(() -> ModelDirectory.open(path, HADOOP))
        .isInstanceOf(InputException.class)
        .hasMessage(message);
  }
}
