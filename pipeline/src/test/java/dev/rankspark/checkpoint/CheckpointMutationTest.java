package dev.rankspark.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.rankspark.InputException;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.zip.ZipEntry;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Changes bytes of small right files at random: each either works or ends in an {@link
 * InputException} of one line, and takes no memory by a number that the file says.
 */
class CheckpointMutationTest {
  private static final long SEED = 20260101;
  private static final int MUTATIONS = 500;
  // A right file takes less than 1 MB here, most of it Hadoop's.
  private static final long MOST_BYTES = 64 << 20;
  private static final String MODULE = "base_model.model.model.layers.0.q_proj";

  private static final String CONFIG =
      """
      {"peft_type": "LORA", "r": 2, "lora_alpha": 16, "target_modules": ["q_proj"],
      "bias": "none", "rank_pattern": {"k_proj": 4}, "use_dora": false, "layers_to_transform": null,
      "modules_to_save": ["score"], "base_model_name_or_path": "base"}
      """;

  private final Random random = new Random(SEED);
  private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
  private int worked;

  @TempDir Path directory;

  @Test
  void safetensorsHeaders() throws IOException {
    byte[] file = adapterTensors();
    int header = file.length - SafetensorsBytes.count(20).length;
    writeAdapter(CONFIG.getBytes(StandardCharsets.UTF_8), file);

    for (int i = 0; i < MUTATIONS; i++) {
      write("adapter_model.safetensors", mutated(file, header));
      survives(i, this::openAdapter);
    }
    assertThat(worked).isBetween(1, MUTATIONS - 1);
  }

  @Test
  void pickles() throws IOException {
    byte[] pickle = adapterPickle().op('u', '.').pickle();
    Map<String, byte[]> storages = new LinkedHashMap<>();
    storages.put("archive/data/1", SafetensorsBytes.count(2, 4));
    storages.put("archive/data/2", SafetensorsBytes.count(6, 2));
    write("adapter_config.json", CONFIG.getBytes(StandardCharsets.UTF_8));

    for (int i = 0; i < MUTATIONS; i++) {
      byte[] mutated = mutated(pickle, pickle.length);
      write("adapter_model.bin", TorchBytes.zip(mutated, storages, ZipEntry.STORED));
      survives(i, this::openAdapter);
    }
    assertThat(worked).isBetween(1, MUTATIONS - 1);
  }

  @Test
  void archives() throws IOException {
    byte[] file = adapterPickle().bytes();
    write("adapter_config.json", CONFIG.getBytes(StandardCharsets.UTF_8));

    for (int i = 0; i < MUTATIONS; i++) {
      write("adapter_model.bin", mutated(file, file.length));
      survives(i, this::openAdapter);
    }
    assertThat(worked).isBetween(1, MUTATIONS - 1);
  }

  @Test
  void adapterConfigurations() throws IOException {
    byte[] config = CONFIG.getBytes(StandardCharsets.UTF_8);
    writeAdapter(config, adapterTensors());

    for (int i = 0; i < MUTATIONS; i++) {
      write("adapter_config.json", mutated(config, config.length));
      survives(i, this::openAdapter);
      survives(i, this::openCheckpoint);
    }
    assertThat(worked).isBetween(1, MUTATIONS - 1);
  }

  private void survives(int mutation, Runnable reading) {
    long before = threads.getCurrentThreadAllocatedBytes();
    String told = "seed " + SEED + ", mutation " + mutation;
    try {
      reading.run();
      worked++;
    } catch (InputException e) {
      assertThat(e.getMessage()).as(told).doesNotContain("\n");
    } catch (RuntimeException | StackOverflowError | OutOfMemoryError e) {
      throw new AssertionError(told, e);
    }
    assertThat(threads.getCurrentThreadAllocatedBytes() - before).as(told).isLessThan(MOST_BYTES);
  }

  private void openAdapter() {
    LoraAdapter adapter =
        LoraAdapter.open(ModelDirectory.open(directory.toString(), new Configuration(false)));
    adapter
        .pairs()
        .values()
        .forEach(
            pair -> {
              pair.a().bytes();
              pair.b().bytes();
            });
  }

  private void openCheckpoint() {
    RerankerCheckpoint.open(
        directory.toString(), Optional.empty(), Optional.empty(), new Configuration(false));
  }

  /** Changes, inserts, removes or repeats a few bytes of the first ones of a file. */
  private byte[] mutated(byte[] file, int first) {
    byte[] mutated = file;
    for (int changes = 1 + random.nextInt(3); changes > 0; changes--) {
      int at = random.nextInt(Math.min(first, mutated.length));
      mutated =
          switch (random.nextInt(5)) {
            case 0 -> replaced(mutated, at, 1, new byte[] {(byte) random.nextInt(256)});
            case 1 -> replaced(mutated, at, 1, new byte[] {(byte) (mutated[at] ^ 1)});
            case 2 -> replaced(mutated, at, 0, new byte[] {(byte) ('0' + random.nextInt(10))});
            case 3 -> replaced(mutated, at, random.nextInt(9), new byte[0]);
            default -> replaced(mutated, at, 4, new byte[] {-1, -1, -1, 127});
          };
    }
    return mutated;
  }

  private static byte[] replaced(byte[] file, int at, int count, byte[] by) {
    int end = Math.min(file.length, at + count);
    byte[] replaced = new byte[file.length - (end - at) + by.length];
    System.arraycopy(file, 0, replaced, 0, at);
    System.arraycopy(by, 0, replaced, at, by.length);
    System.arraycopy(file, end, replaced, at + by.length, file.length - end);
    return replaced;
  }

  private static byte[] adapterTensors() {
    return new SafetensorsBytes()
        .addFloats(MODULE + ".lora_A.weight", 2, 4)
        .addFloats(MODULE + ".lora_B.weight", 6, 2)
        .bytes();
  }

  private static TorchBytes adapterPickle() {
    return TorchBytes.dictionary()
        .floats(MODULE + ".lora_A.weight", 2, 4)
        .floats(MODULE + ".lora_B.weight", 6, 2);
  }

  private void writeAdapter(byte[] config, byte[] tensors) throws IOException {
    write("adapter_config.json", config);
    write("adapter_model.safetensors", tensors);
    Files.createDirectories(directory.resolve("base"));
    write("base/config.json", new byte[] {'{', '}'});
  }

  private void write(String name, byte[] bytes) throws IOException {
    Files.write(directory.resolve(name), bytes);
  }
}
