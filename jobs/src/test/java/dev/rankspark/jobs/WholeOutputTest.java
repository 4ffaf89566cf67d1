package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every output: whole or not there, and nothing beside it; what was there stays until then. */
class WholeOutputTest extends RefusedCommandTest {
  private static final String OLD = "what was there";

  /** What is written, and by which command. */
  enum Written {
    PREPARED("input.jsonl"),
    CONVERTED("run.trec"),
    RERANKED("run.txt"),
    RERANKED_TREC("run.trec"),
    MERGED("model"),
    TRAINED("model");

    private final String name;

    Written(String name) {
      this.name = name;
    }

    boolean isDirectory() {
      return this == MERGED || this == TRAINED;
    }
  }

  @ParameterizedTest
  @EnumSource
  void isThereWholeAndAlone(Written written) {
    Cli.Result result = Cli.run(command(written, ""));
    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(outputs.toFile().list()).containsExactly(written.name);
  }

  @ParameterizedTest
  @EnumSource
  void isNotTakenForWhatIsThere(Written written) throws IOException {
    Path old = old(written);
    Cli.Result result = Cli.run(command(written, ""));
    assertThat(result.exitCode()).as(result.err()).isEqualTo(Main.INPUT);
    assertThat(result.lastLine()).contains(outputs.resolve(written.name).toString(), "--overwrite");
    assertKept(written, old);
  }

  @ParameterizedTest
  @EnumSource
  void isNotThereIfTheDiskIsFull(Written written) throws IOException {
    FaultyFileSystem.install(
        Cli.startSpark().sparkContext().hadoopConfiguration(), /* capacity= */ 100, "");
    String path = "faulty:" + outputs.resolve(written.name);
    String reason = " cannot be written: No space left on device";
    if (written.isDirectory()) { // the message names the file in it
      assertRefused(command(written, "faulty:"), path, reason);
    } else {
      assertRefused(command(written, "faulty:"), path + reason);
    }

    if (written == Written.TRAINED) {
      return; // it writes as it goes: --overwrite-output-dir deletes the old training first
    }
    Path old = old(written);
    Cli.Result result = Cli.run(command(written, "faulty:"), "--overwrite");
    assertThat(result.exitCode()).as(result.err()).isEqualTo(Main.INPUT);
    assertKept(written, old);
  }

  /** A file of the output's name, or in a folder of that name one that the command writes. */
  private Path old(Written written) throws IOException {
    Path path = outputs.resolve(written.name);
    if (written.isDirectory()) {
      path = Files.createDirectory(path).resolve("config.json");
    }
    return Files.writeString(path, OLD);
  }

  private void assertKept(Written written, Path old) {
    assertThat(old).hasContent(OLD);
    assertThat(outputs.toFile().list()).containsExactly(written.name);
    if (written.isDirectory()) {
      assertThat(old.getParent().toFile().list()).containsExactly(old.getFileName().toString());
    }
  }

  private List<String> command(Written written, String scheme) {
    String output = scheme + outputs.resolve(written.name);
    return switch (written) {
      case PREPARED ->
          Cli.prepare(
              Cli.reference("data/queries.tsv"),
              Cli.reference("data/corpus.jsonl"),
              Cli.reference("data/run.trec"),
              output);
      case CONVERTED ->
          List.of("convert", "--input", Cli.reference("data/run.trec"), "--output", output);
      case RERANKED -> Cli.rerank(input(), output);
      case RERANKED_TREC -> Cli.rerank(input(), "/dev/null", "--trec-output-path", output);
      case MERGED ->
          List.of(
              "merge",
              "--model-name-or-path",
              Cli.reference("base"),
              "--lora-name-or-path",
              Cli.reference("adapter"),
              "--output-dir",
              output);
      case TRAINED ->
          Cli.with(
              TrainingFiles.train(
                  TrainingFiles.write(folder.resolve("train.jsonl")), Path.of(output)),
              "--max-steps",
              "1");
    };
  }
}
