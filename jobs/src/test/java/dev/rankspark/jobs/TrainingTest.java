package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** Training on a local Spark: its data, its output folder, and what is asked of both. */
abstract class TrainingTest {
  static final JsonMapper JSON = new JsonMapper();

  @TempDir Path folder;

  Path dataset;
  Path output;

  @BeforeEach
  void write() {
    dataset = TrainingFiles.write(folder.resolve("train.jsonl"));
    output = folder.resolve("trained");
  }

  Cli.Result train(String... more) {
    return Cli.run(TrainingFiles.train(dataset, output), more);
  }

  static void assertSucceeds(Cli.Result result) {
    assertThat(result.exitCode()).as(result.err()).isZero();
  }

  static void assertFails(int code, Cli.Result result, String message) {
    assertThat(result.exitCode()).as(result.err()).isEqualTo(code);
    assertThat(result.lastLine()).contains(message);
  }

  static List<JsonNode> log(Path output) throws IOException {
    List<JsonNode> lines = new ArrayList<>();
    for (String line : Files.readAllLines(output.resolve("trainer_log.jsonl"))) {
      lines.add(JSON.readTree(line));
    }
    return lines;
  }

  static List<String> names(Path directory) {
    try (var files = Files.list(directory)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> !name.endsWith(".crc"))
          .toList();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
