package dev.rankspark.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rankspark.InputException;
import dev.rankspark.checkpoint.AdapterSettings;
import dev.rankspark.checkpoint.AdapterWriter;
import dev.rankspark.checkpoint.LoraAdapter;
import dev.rankspark.checkpoint.NewTensor;
import dev.rankspark.files.OutputDirectory;
import dev.rankspark.train.TrainingCheckpoint.Newest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainingCheckpointTest {
  private static final Configuration HADOOP = new Configuration(false);
  private static final String Q = "model.layers.0.self_attn.q_proj";
  private static final Map<String, String> SETTINGS =
      Map.of("learning_rate", "1e-4", "seed", "42", "base", "rankllama/base");

  @TempDir Path folder;

  @Test
  void whatWasWrittenIsReadBack() {
    TrainerState state =
        new TrainerState(50, 0.1 + 0.2, SETTINGS, List.of(line(1, 0.25), line(2, 1e-30)));
    write(state, HADOOP);

    TrainingCheckpoint read =
        TrainingCheckpoint.newest(output(), HADOOP).checkpoint().orElseThrow();

    assertThat(read.path()).isEqualTo(folder + "/out/checkpoint-50");
    assertThat(read.state()).isEqualTo(state);
    assertThat(read.optimizer().get("exp_avg").floats()).containsExactly(50, 51, 52, 53);
    assertThat(read.optimizer().get("exp_avg_sq").floats()).containsExactly(54, 55, 56, 57);
    assertThat(LoraAdapter.open(read.directory()).head().orElseThrow().floats())
        .containsExactly(50, 51);
    assertThat(folder.resolve("out/checkpoint-50").toFile().list())
        .containsExactlyInAnyOrder(
            "adapter_config.json",
            "adapter_model.safetensors",
            "optimizer.safetensors",
            "trainer_state.json");
    assertThat(folder.resolve("out").toFile().list()).containsExactly("checkpoint-50");
  }

  @Test
  void theNewestIsThatOfTheHighestStep() throws IOException {
    assertThat(newest()).isEqualTo(new Newest(Optional.empty(), List.of()));
    for (long step : new long[] {100, 9, 20}) {
      write(step);
    }
    for (String other : new String[] {"checkpoint-final", "checkpoint-0200", "runs"}) {
      Files.createDirectories(folder.resolve("out").resolve(other));
    }
    Files.createFile(folder.resolve("out/checkpoint-300"));

    assertThat(newestStep()).isEqualTo(100);
    assertThat(newest().broken()).isEmpty();
  }

  @Test
  void cutAnywhereAFileMakesTheOneBeforeTheNewest() throws IOException {
    write(10);
    write(20);
    Path newest = folder.resolve("out/checkpoint-20");
    for (String name : newest.toFile().list()) {
      Path file = newest.resolve(name);
      byte[] whole = Files.readAllBytes(file);
      for (int length : new int[] {0, 1, 8, whole.length / 3, whole.length / 2, whole.length - 1}) {
        Files.write(file, Arrays.copyOf(whole, length));

        assertThat(newestStep()).as("%s cut to %d bytes", name, length).isEqualTo(10);
        assertThat(newest().broken()).hasSize(1);
        assertThat(newest().broken().get(0)).startsWith(file.toString()).doesNotContain("\n");
      }
      Files.write(file, whole);
      assertThat(newestStep()).isEqualTo(20);
    }
  }

  @Test
  void aChangedByteAndAMissingFileAreNamed() throws IOException {
    write(10);
    write(20);
    Path optimizer = folder.resolve("out/checkpoint-20/optimizer.safetensors");
    byte[] bytes = Files.readAllBytes(optimizer);
    bytes[bytes.length - 1] ^= 1;
    Files.write(optimizer, bytes);

    assertThat(newestStep()).isEqualTo(10);
    assertThat(newest().broken().get(0))
        .matches(
            "\\Q%s\\E: expected %d bytes of CRC32C [0-9a-f]{8}, got %d of [0-9a-f]{8}: it was cut or changed"
                .formatted(optimizer, bytes.length, bytes.length));

    Files.delete(optimizer);
    assertThat(newestStep()).isEqualTo(10);
    assertThat(newest().broken()).containsExactly(optimizer + " does not exist");

    Files.delete(folder.resolve("out/checkpoint-20/trainer_state.json"));
    assertThat(newest().broken())
        .containsExactly(folder + "/out/checkpoint-20/trainer_state.json does not exist");
    String directory = folder + "/out/checkpoint-20";
    assertThatThrownBy(() -> TrainingCheckpoint.read(directory, HADOOP))
        .isInstanceOf(InputException.class)
        .hasMessage(directory + "/trainer_state.json does not exist");
  }

  @Test
  void aDirectoryUnderAnotherStepsNameIsNotThatStep() throws IOException {
    write(10);
    Files.move(folder.resolve("out/checkpoint-10"), folder.resolve("out/checkpoint-70"));

    assertThat(newest().checkpoint()).isEmpty();
    assertThat(newest().broken())
        .containsExactly(
            folder + "/out/checkpoint-70: trainer_state.json: expected step 70, got 10");
  }

  @Test
  void allBrokenOnesAreReportedNewestFirst() throws IOException {
    for (long step : new long[] {10, 20, 30}) {
      write(step);
      Files.delete(folder.resolve("out/checkpoint-" + step + "/optimizer.safetensors"));
    }

    assertThat(newest().checkpoint()).isEmpty();
    assertThat(newest().broken())
        .extracting(line -> line.replaceAll(".*checkpoint-(\\d+).*", "$1"))
        .containsExactly("30", "20", "10");
  }

  /** After every change to the file system in turn, until one run gets through. */
  @Test
  void killedAtAnyMomentTheOneBeforeOrTheWholeNewOneIsThere() throws IOException {
    write(10);
    int changes = 0;
    for (boolean done = false; !done; changes++) {
      Configuration mortal = MortalFileSystem.dyingAfter(changes);
      try {
        write("mortal:" + output(), state(20), mortal);
        done = true;
      } catch (InputException e) {
        assertThat(e).hasMessageEndingWith("cannot be written: killed");
      }
      FileSystem.closeAll();
      assertThat(newest().broken()).as("killed after %d changes", changes).isEmpty();
      assertThat(newestStep())
          .as("killed after %d changes", changes)
          .isIn(done ? List.of(20L) : List.of(10L, 20L));
    }
    assertThat(changes).isGreaterThan(10);
    write(30);
    assertThat(hidden()).isEmpty();
  }

  @Test
  void aRetryOverwritesWhatAKilledTaskLeft() throws IOException {
    Path leftover = folder.resolve("out/.checkpoint-20.0b1d");
    Files.createDirectories(leftover);
    Files.writeString(leftover.resolve("adapter_model.safetensors"), "half");

    write(20);

    assertThat(newestStep()).isEqualTo(20);
    assertThat(hidden()).isEmpty();
  }

  @Test
  void aRetryKeepsTheWholeOneThatIsThere() throws IOException {
    write(20);
    Path file = folder.resolve("out/checkpoint-20/trainer_state.json");
    var time = Files.getLastModifiedTime(file);

    TrainingCheckpoint kept =
        TrainingCheckpoint.write(
            output(),
            state(20),
            List.of(),
            directory -> {
              throw new AssertionError("not needed");
            },
            HADOOP);

    assertThat(kept.state()).isEqualTo(state(20));
    assertThat(Files.getLastModifiedTime(file)).isEqualTo(time);
  }

  @Test
  void aBrokenOneAndOneOfOtherSettingsAreReplaced() throws IOException {
    write(20);
    Files.write(folder.resolve("out/checkpoint-20/optimizer.safetensors"), new byte[3]);
    write(20);
    assertThat(newestStep()).isEqualTo(20);

    TrainerState other = new TrainerState(20, 1, Map.of("seed", "7"), List.of());
    write(other, HADOOP);
    assertThat(newest().checkpoint().orElseThrow().state()).isEqualTo(other);
    assertThat(hidden()).isEmpty();
  }

  @Test
  void aFailureWhileWritingLeavesNothing() throws IOException {
    write(10);
    assertThatThrownBy(
            () ->
                TrainingCheckpoint.write(
                    output(),
                    state(20),
                    List.of(),
                    directory -> {
                      directory.write("adapter_config.json", "{}");
                      throw new IllegalStateException("lost");
                    },
                    HADOOP))
        .hasMessage("lost");

    assertThat(newestStep()).isEqualTo(10);
    assertThat(hidden()).isEmpty();
  }

  @Test
  void theLimitKeepsTheNewest() {
    assertThat(kept(2, OptionalLong.empty())).containsExactly(40, 50);
    assertThat(kept(5, OptionalLong.empty())).containsExactly(10, 20, 30, 40, 50);
    assertThat(kept(9, OptionalLong.empty())).containsExactly(10, 20, 30, 40, 50);
    assertThatThrownBy(() -> kept(0, OptionalLong.empty())).hasMessageContaining("got 0");
  }

  @Test
  void theBestCountsAndTheNewestStaysBesideIt() {
    assertThat(kept(3, OptionalLong.of(20))).containsExactly(20, 40, 50);
    assertThat(kept(2, OptionalLong.of(20))).containsExactly(20, 50);
    assertThat(kept(1, OptionalLong.of(20))).containsExactly(20, 50);
    assertThat(kept(1, OptionalLong.of(50))).containsExactly(50);
    assertThat(kept(2, OptionalLong.of(50))).containsExactly(40, 50);
    assertThat(kept(2, OptionalLong.of(77))).containsExactly(40, 50);
  }

  @Test
  void otherSettingsAreNamed() {
    write(50);
    TrainingCheckpoint checkpoint = newest().checkpoint().orElseThrow();

    assertThatCode(() -> checkpoint.compareSettings(SETTINGS)).doesNotThrowAnyException();
    assertDiffers(checkpoint, "learning_rate", "2e-4", "with learning_rate 1e-4, asked for 2e-4");
    assertDiffers(checkpoint, "seed", null, "with seed 42, asked for none");
    assertDiffers(checkpoint, "lora_r", "8", "without lora_r, asked for 8");
  }

  private void assertDiffers(
      TrainingCheckpoint checkpoint, String name, String value, String message) {
    Map<String, String> asked = new LinkedHashMap<>(SETTINGS);
    asked.put(name, value);
    if (value == null) {
      asked.remove(name);
    }
    assertThatThrownBy(() -> checkpoint.compareSettings(asked))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "%s/out/checkpoint-50 was made %s; give the same, or another --output-dir to begin anew",
            folder, message);
  }

  /** The steps that stay of 10, 20, 30, 40, 50. */
  private List<Integer> kept(int limit, OptionalLong best) {
    for (long step = 10; step <= 50; step += 10) {
      write(step);
    }
    TrainingCheckpoint.keepNewest(output(), limit, best, HADOOP);
    return Arrays.stream(folder.resolve("out").toFile().list())
        .map(name -> Integer.valueOf(name.replace("checkpoint-", "")))
        .sorted()
        .toList();
  }

  private List<String> hidden() throws IOException {
    try (Stream<Path> files = Files.list(folder.resolve("out"))) {
      return files
          .map(path -> path.getFileName().toString())
          .filter(name -> name.startsWith("."))
          .toList();
    }
  }

  private Newest newest() {
    return TrainingCheckpoint.newest(output(), HADOOP);
  }

  private long newestStep() {
    return newest().checkpoint().orElseThrow().state().step();
  }

  private String output() {
    return folder + "/out";
  }

  private void write(long step) {
    write(state(step), HADOOP);
  }

  private void write(TrainerState state, Configuration hadoop) {
    write(output(), state, hadoop);
  }

  /** A checkpoint whose numbers begin with the step. */
  private static void write(String output, TrainerState state, Configuration hadoop) {
    float[] vector = new float[40];
    for (int i = 0; i < vector.length; i++) {
      vector[i] = state.step() + i;
    }
    TrainingCheckpoint.write(
        output,
        state,
        List.of(NewTensor.of("exp_avg", vector, 4), NewTensor.part("exp_avg_sq", vector, 4, 4)),
        directory -> writeAdapter(directory, vector),
        hadoop);
  }

  private static void writeAdapter(OutputDirectory directory, float[] vector) {
    AdapterWriter.write(
        directory,
        new AdapterSettings(2, 16, 0.1, List.of("q_proj"), "base"),
        List.of(
            NewTensor.of(AdapterWriter.loraA(Q), vector, 2, 2),
            NewTensor.part(AdapterWriter.loraB(Q), vector, 4, 2, 2),
            NewTensor.of(AdapterWriter.HEAD, vector, 1, 2)));
  }

  private static TrainerState state(long step) {
    return new TrainerState(step, step / 100.0, SETTINGS, List.of(line(step, 0.5)));
  }

  private static ObjectNode line(long step, double loss) {
    return new JsonMapper().createObjectNode().put("step", step).put("loss", loss);
  }
}
