package dev.rankspark.reranker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rankspark.InputException;
import dev.rankspark.model.Dtype;
import dev.rankspark.model.Hardware;
import dev.rankspark.prompt.PromptOptions;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the files of a reranker say about it; scores are the concern of others. */
class RerankerTest {
  private static final Path REFERENCE = Path.of("..", "reference").toAbsolutePath().normalize();
  private static final Configuration HADOOP = new Configuration();
  private static final PromptOptions PROMPT =
      new PromptOptions("query: ", "document: ", 196, false);
  private static final FileTime LONG_AGO = FileTime.from(Instant.parse("2026-01-01T00:00:00Z"));

  @TempDir private Path folder;
  private FileSums sums;

  @BeforeEach
  void remember() {
    sums = FileSums.in(folder.resolve("sums"));
  }

  @Test
  void twoModelsOfOneNameWithOtherBytesAreToldApart() throws IOException {
    Path model = copy("mistral", folder.resolve("one/model"));
    Path same = copy("mistral", folder.resolve("two/model"));
    assertThat(identity(same, PROMPT)).isEqualTo(identity(model, PROMPT));

    Path weights = firstWeights(same);
    byte[] bytes = Files.readAllBytes(weights);
    bytes[bytes.length - 1] ^= 1;
    Files.write(weights, bytes);
    Files.setLastModifiedTime(weights, Files.getLastModifiedTime(firstWeights(model)));
    assertThat(identity(same, PROMPT).sha256()).isNotEqualTo(identity(model, PROMPT).sha256());
    assertThat(open(same)).isNotEqualTo(open(model));
  }

  @Test
  void theIdentityIsOfAllThatDecidesAScoreAndOfNothingElse() throws IOException {
    Path model = copy("mistral", folder.resolve("model"));
    Identity first = identity(model, PROMPT);
    Files.writeString(model.resolve("README.md"), "A model.");
    Files.setLastModifiedTime(firstWeights(model), LONG_AGO);
    assertThat(identity(model, PROMPT)).isEqualTo(first);

    assertThat(
            Stream.of(
                    first,
                    identity(model, new PromptOptions("query:", "document: ", 196, false)),
                    identity(model, new PromptOptions("query: ", "document:", 196, false)),
                    identity(model, new PromptOptions("query: ", "document: ", 128, false)),
                    identity(model, new PromptOptions("query: ", "document: ", 196, true)),
                    open(model).identity(hardware(Dtype.BFLOAT16), sums, HADOOP))
                .map(Identity::sha256))
        .doesNotHaveDuplicates();
    for (String name : new String[] {"config.json", "tokenizer.json", "tokenizer_config.json"}) {
      Path file = model.resolve(name);
      Files.writeString(file, Files.readString(file) + "\n");
      Identity next = identity(model, PROMPT);
      assertThat(next.sha256()).as(name).isNotEqualTo(first.sha256());
      first = next;
    }
  }

  /** As it will stand beside scores: another text for the same reranker would lose them all. */
  @Test
  void theIdentityIsTextThatStays() {
    Identity identity = identity(REFERENCE.resolve("adapter"), PROMPT);
    assertThat(identity.files().keySet())
        .contains(
            "base/config.json",
            "adapter/adapter_config.json",
            "adapter/adapter_model.safetensors",
            "tokenizer/tokenizer.json")
        .doesNotContain("adapter/adapter_model.bin", "head/reranker_head.pt");
    assertThat(identity.text())
        .startsWith("rankspark reranker 1\nfile \"adapter/adapter_config.json\" ")
        .endsWith(
            """
            query prefix "query: "
            passage prefix "document: "
            max length 196
            append eos false
            dtype float32
            device cpu
            """);
  }

  @Test
  void anAdapterIsTheSameHoweverItsBaseIsNamed() {
    Path adapter = REFERENCE.resolve("adapter");
    ModelPaths itself = ModelPaths.of(adapter.toString());
    ModelPaths beside =
        new ModelPaths(
            REFERENCE.resolve("base").toString(),
            Optional.of(adapter.toString()),
            Optional.empty(),
            Optional.empty());
    assertThat(
            Reranker.open(beside, PROMPT, HADOOP).identity(hardware(Dtype.FLOAT32), sums, HADOOP))
        .isEqualTo(
            Reranker.open(itself, PROMPT, HADOOP).identity(hardware(Dtype.FLOAT32), sums, HADOOP));
  }

  @Test
  void aFileIsReadOnceForItsSum() throws IOException {
    Path model = copy("mistral", folder.resolve("model"));
    try (Stream<Path> files = Files.list(model)) {
      for (Path file : files.toList()) {
        Files.setLastModifiedTime(file, LONG_AGO);
      }
    }
    waitUntilOld();
    Identity first = identity(model, PROMPT);
    try (Stream<Path> remembered = Files.list(folder.resolve("sums"))) {
      for (Path sum : remembered.toList()) {
        Files.writeString(
            sum, Files.readString(sum).replaceAll("[0-9a-f]{64}\"", "0".repeat(64) + "\""));
      }
    }
    assertThat(identity(model, PROMPT).files().values()).containsOnly("0".repeat(64));

    Path config = model.resolve("config.json");
    Files.writeString(config, Files.readString(config)); // the same bytes, another time
    assertThat(identity(model, PROMPT).files().get("base/config.json"))
        .isEqualTo(first.files().get("base/config.json"));
  }

  /** The time of an inode cannot be set; until it is old a file may change without another time. */
  private static void waitUntilOld() {
    try {
      Thread.sleep(2_100);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void aCheckpointThatChangesWhileAJobRunsIsAnErrorOfThatJob() throws Exception {
    Path model = copy("mistral", folder.resolve("model"));
    Reranker sent = sent(open(model));
    assertThat(sent).isEqualTo(open(model));
    sent.reopen(HADOOP);

    Path weights = firstWeights(model);
    Files.setLastModifiedTime(weights, LONG_AGO);
    assertThatThrownBy(() -> sent.reopen(HADOOP))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(weights + " changed while the job ran (")
        .hasMessageContaining("bytes of 2026-01-01T00:00:00Z): nothing was published");
  }

  /** transformers prefers safetensors, so that one that appears would be another model. */
  @Test
  void aFileThatWouldTakeTheWeightsPlaceIsAChangeToo() throws Exception {
    Path model = copy("mistral", folder.resolve("model"));
    Reranker sent = sent(open(model));
    Files.writeString(model.resolve("added_tokens.json"), "{}");
    assertThatThrownBy(() -> sent.checkUnchanged(HADOOP))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("added_tokens.json changed while the job ran (missing, now 2 bytes");
  }

  private Identity identity(Path model, PromptOptions prompt) {
    return Reranker.open(ModelPaths.of(model.toString()), prompt, HADOOP)
        .identity(hardware(Dtype.FLOAT32), sums, HADOOP);
  }

  private static Reranker open(Path model) {
    return Reranker.open(ModelPaths.of(model.toString()), PROMPT, HADOOP);
  }

  private static Hardware hardware(Dtype dtype) {
    return new Hardware(false, Hardware.ANY, dtype, dtype, "a CPU");
  }

  private static Reranker sent(Reranker reranker) throws IOException, ClassNotFoundException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(reranker);
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      return (Reranker) in.readObject();
    }
  }

  private static Path firstWeights(Path model) {
    try (Stream<Path> files = Files.list(model)) {
      return files
          .filter(file -> file.toString().endsWith(".safetensors"))
          .sorted()
          .findFirst()
          .orElseThrow();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Path copy(String model, Path to) throws IOException {
    Files.createDirectories(to);
    try (Stream<Path> files = Files.list(REFERENCE.resolve(model))) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(file.getFileName()));
      }
    }
    return to;
  }
}
