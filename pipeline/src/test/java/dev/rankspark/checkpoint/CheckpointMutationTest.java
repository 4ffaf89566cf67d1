package dev.rankspark.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.rankspark.mutation.Mutations;
import dev.rankspark.mutation.StrictJson;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.zip.ZipEntry;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Small right files with random changes, as {@link Mutations} demands it of each. */
class CheckpointMutationTest {
  private static final String MODULE = "base_model.model.model.layers.0.q_proj";

  private static final String CONFIG =
      """
      {"peft_type": "LORA", "r": 2, "lora_alpha": 16, "target_modules": ["q_proj"],
      "bias": "none", "rank_pattern": {"k_proj": 4}, "use_dora": false, "layers_to_transform": null,
      "modules_to_save": ["score"], "base_model_name_or_path": "base"}
      """;

  @TempDir Path folder;

  /** The adapter's; its base is beside it. */
  private Path directory;

  @BeforeEach
  void makeDirectories() throws IOException {
    directory = Files.createDirectory(folder.resolve("adapter"));
    Path base = Files.createDirectory(folder.resolve("base"));
    Files.writeString(base.resolve("config.json"), "{}");
  }

  int count() {
    return 500;
  }

  @Test
  void safetensorsHeaders() throws IOException {
    byte[] file = adapterTensors();
    int header = file.length - SafetensorsBytes.count(16).length;
    writeAdapter(CONFIG.getBytes(StandardCharsets.UTF_8), file);

    Mutations.survive(
        "safetensors headers",
        count(),
        header,
        mutation -> {
          byte[] mutated =
              mutation.number() % 2 == 0
                  ? mutation.of(file)
                  : withLength(
                      mutation.of(Arrays.copyOfRange(file, 8, header)),
                      Arrays.copyOfRange(file, header, file.length));
          write("adapter_model.safetensors", mutated);
          openAdapter();
          Map<String, StoredTensor> tensors =
              Weights.read(
                  ModelDirectory.open(directory.toString(), new Configuration(false))
                      .file("adapter_model.safetensors"));
          assertEqualsTheFile(tensors, mutated);
        });
  }

  @Test
  void pickles() throws IOException {
    byte[] pickle = adapterPickle().op('u', '.').pickle();
    Map<String, byte[]> storages = new LinkedHashMap<>();
    storages.put("archive/data/1", SafetensorsBytes.count(2, 4));
    storages.put("archive/data/2", SafetensorsBytes.count(4, 2));
    write("adapter_config.json", CONFIG.getBytes(StandardCharsets.UTF_8));

    Mutations.survive(
        "pickles",
        count(),
        mutation -> {
          write(
              "adapter_model.bin", TorchBytes.zip(mutation.of(pickle), storages, ZipEntry.STORED));
          assertHoldsCounts(openAdapter());
        });
  }

  @Test
  void archives() throws IOException {
    byte[] file = adapterPickle().bytes();
    write("adapter_config.json", CONFIG.getBytes(StandardCharsets.UTF_8));

    Mutations.survive(
        "torch archives",
        count(),
        mutation -> {
          byte[] mutated = mutation.of(file);
          write("adapter_model.bin", mutated);
          for (LoraFactors pair : openAdapter().factors().values()) {
            assertStandsIn(mutated, pair.a());
            assertStandsIn(mutated, pair.b());
          }
        });
  }

  @Test
  void adapterConfigurations() throws IOException {
    byte[] config = CONFIG.getBytes(StandardCharsets.UTF_8);
    writeAdapter(config, adapterTensors());

    Mutations.survive(
        "adapter configurations",
        count(),
        mutation -> {
          byte[] mutated = mutation.of(config);
          write("adapter_config.json", mutated);
          LoraAdapter adapter = openAdapter();
          RerankerCheckpoint.open(
              directory.toString(), Optional.empty(), Optional.empty(), new Configuration(false));
          JsonObject json = StrictJson.object(mutated);
          double alpha = StrictJson.real(json, "lora_alpha", 8);
          assertThat(adapter.scaling()).isEqualTo(alpha / StrictJson.whole(json, "r", 8));
          assertThat(StrictJson.text(json, "peft_type", "")).isEqualTo("LORA");
          assertHoldsCounts(adapter);
        });
  }

  private LoraAdapter openAdapter() {
    LoraAdapter adapter =
        LoraAdapter.open(ModelDirectory.open(directory.toString(), new Configuration(false)));
    adapter
        .factors()
        .values()
        .forEach(
            pair -> {
              pair.a().bytes();
              pair.b().bytes();
            });
    return adapter;
  }

  /**
   * Each tensor is the one that another reading of the header finds, byte by byte; no byte is left.
   */
  private static void assertEqualsTheFile(Map<String, StoredTensor> tensors, byte[] file)
      throws IOException {
    int header = (int) ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong(0);
    JsonObject json = StrictJson.object(Arrays.copyOfRange(file, 8, 8 + header));
    json.remove("__metadata__");
    assertThat(tensors.keySet()).isEqualTo(json.keySet());
    long data = 0;
    for (StoredTensor tensor : tensors.values()) {
      JsonObject entry = json.getAsJsonObject(tensor.name());
      JsonArray offsets = entry.getAsJsonArray("data_offsets");
      assertThat(tensor.type())
          .isEqualTo(StorageType.ofSafetensors(StrictJson.text(entry, "dtype", "")).orElseThrow());
      assertThat(tensor.shape())
          .containsExactly(
              entry.getAsJsonArray("shape").asList().stream()
                  .mapToLong(size -> size.getAsBigDecimal().longValueExact())
                  .toArray());
      assertThat(tensor.bytes())
          .isEqualTo(
              ByteBuffer.wrap(
                  Arrays.copyOfRange(
                      file,
                      8 + header + offsets.get(0).getAsBigDecimal().intValueExact(),
                      8 + header + offsets.get(1).getAsBigDecimal().intValueExact())));
      data += tensor.bytes().remaining();
    }
    assertThat(8L + header + data).as("without gap, overlap or rest").isEqualTo(file.length);
  }

  /**
   * The storages hold 0, 1, 2, ... as float32: whatever offset and strides a changed pickle says,
   * no other numbers can be read out of them.
   */
  private static void assertHoldsCounts(LoraAdapter adapter) {
    for (LoraFactors pair : adapter.factors().values()) {
      assertCounts(pair.a());
      assertCounts(pair.b());
    }
  }

  private static void assertCounts(StoredTensor tensor) {
    if (tensor.type() == StorageType.FLOAT32) {
      for (float value : SafetensorsBytes.toFloats(tensor.bytes())) {
        assertThat(value).isBetween(0f, 7f).isEqualTo((int) value);
      }
    }
  }

  /** A contiguous tensor of an archive that is not compressed lies in the file as it is. */
  private static void assertStandsIn(byte[] file, StoredTensor tensor) {
    byte[] bytes = new byte[tensor.bytes().remaining()];
    tensor.bytes().get(bytes);
    assertThat(new String(file, StandardCharsets.ISO_8859_1))
        .contains(new String(bytes, StandardCharsets.ISO_8859_1));
  }

  private static byte[] adapterTensors() {
    return new SafetensorsBytes()
        .addFloats(MODULE + ".lora_A.weight", 2, 4)
        .addFloats(MODULE + ".lora_B.weight", 4, 2)
        .bytes();
  }

  private static TorchBytes adapterPickle() {
    return TorchBytes.dictionary()
        .floats(MODULE + ".lora_A.weight", 2, 4)
        .floats(MODULE + ".lora_B.weight", 4, 2);
  }

  /** A header whose length is right: a change of its length alone hides all others. */
  private static byte[] withLength(byte[] header, byte[] data) {
    return ByteBuffer.allocate(8 + header.length + data.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(header.length)
        .put(header)
        .put(data)
        .array();
  }

  private void writeAdapter(byte[] config, byte[] tensors) throws IOException {
    write("adapter_config.json", config);
    write("adapter_model.safetensors", tensors);
  }

  private void write(String name, byte[] bytes) throws IOException {
    Files.write(directory.resolve(name), bytes);
  }
}
