package dev.rankspark.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rankspark.InputException;
import dev.rankspark.files.OutputDirectory;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SafetensorsWriterTest {
  private static final long SEED = 20261125;

  @TempDir Path directory;

  /** What the libraries wrote: PEFT an adapter, transformers models in three formats. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "adapter/adapter_model.safetensors",
        "base/model.safetensors",
        "backbone/model.safetensors",
        "mistral/model-00001-of-00002.safetensors",
        "mistral/model-00002-of-00002.safetensors"
      })
  void tensorsThatAreReadAndWrittenGiveTheLibrarysFileByteForByte(String name) throws IOException {
    Path file = Path.of(System.getProperty("rankspark.home"), "reference", name);
    List<NewTensor> tensors = new ArrayList<>();
    open(file).values().forEach(stored -> tensors.add(copy(stored)));
    Collections.shuffle(tensors, new Random(SEED));

    assertThat(bytes(tensors)).as("seed %d", SEED).isEqualTo(Files.readAllBytes(file));
  }

  @Test
  void wideFormatsComeFirstThenNames() throws IOException {
    byte[] bytes =
        bytes(
            List.of(
                tensor("a", StorageType.FLOAT16, 1),
                tensor("c", StorageType.FLOAT32, 2),
                tensor("z", StorageType.BFLOAT16, 3),
                tensor("b", StorageType.FLOAT32, 4)));

    assertThat(new String(bytes, 8, bytes.length - 24, StandardCharsets.UTF_8))
        .startsWith("{\"__metadata__\":{\"format\":\"pt\"},\"b\":{\"dtype\":\"F32\",\"shape\":[1],")
        .containsSubsequence(
            "\"b\"", "\"c\"", "\"z\":{\"dtype\":\"BF16\"", "\"a\":{\"dtype\":\"F16\"");
    assertThat(read(bytes).keySet()).containsExactly("b", "c", "z", "a");
  }

  @Test
  void theHeaderEndsAtAMultipleOfEightBytes() throws IOException {
    for (String name : new String[] {"a", "ab", "abc", "abcd", "abcde", "\u00e9"}) {
      byte[] bytes = bytes(List.of(tensor(name, StorageType.FLOAT32, 5)));
      assertThat(bytes.length % 8).as(name).isEqualTo(4);
      assertThat(read(bytes).get(name).floats()).containsExactly(5);
    }
  }

  @Test
  void numbersAreRoundedAndLongTensorsWrittenInPieces() throws IOException {
    float[] values = new float[100_000];
    Random random = new Random(SEED);
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    for (StorageType type :
        List.of(StorageType.FLOAT32, StorageType.BFLOAT16, StorageType.FLOAT16)) {
      float[] expected = values.clone();
      for (int i = 0; i < values.length; i++) {
        expected[i] =
            switch (type) {
              case BFLOAT16 -> HalfFloats.fromBfloat16(HalfFloats.toBfloat16(values[i]));
              case FLOAT16 -> HalfFloats.fromFloat16(HalfFloats.toFloat16(values[i]));
              default -> values[i];
            };
      }
      NewTensor tensor =
          new NewTensor(
              "w",
              type,
              new long[] {100, 1000},
              sink -> {
                sink.write(values, 0, 33_333);
                sink.write(values, 33_333, values.length - 33_333);
              });
      assertThat(read(bytes(List.of(tensor))).get("w").floats())
          .as("seed %d, %s", SEED, type)
          .isEqualTo(expected);
    }
  }

  @Test
  void numbersEmptyTensorsAndPartsOfAVector() throws IOException {
    float[] vector = {1, 2, 3, 4, 5, 6, 7};

    var tensors =
        read(
            bytes(
                List.of(
                    NewTensor.of("number", vector),
                    NewTensor.of("empty", vector, 0, 5),
                    NewTensor.part("part", vector, 2, 2, 2))));

    assertThat(tensors.get("number").shape()).isEmpty();
    assertThat(tensors.get("number").floats()).containsExactly(1);
    assertThat(tensors.get("empty").shape()).containsExactly(0, 5);
    assertThat(tensors.get("part").shape()).containsExactly(2, 2);
    assertThat(tensors.get("part").floats()).containsExactly(3, 4, 5, 6);
    assertThatThrownBy(() -> NewTensor.part("part", vector, 4, 2, 2))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("part of shape [2, 2] is not in 7 values");
  }

  @Test
  void anyHadoopPath() throws IOException {
    String path = "far://" + directory + "/out";
    try (OutputDirectory out = OutputDirectory.create(path, FarFileSystem.configuration())) {
      SafetensorsWriter.write(
          out, "x.safetensors", List.of(tensor("a", StorageType.BFLOAT16, 1.5f)));
      out.commit();
    }

    var far = ModelDirectory.open(path, FarFileSystem.configuration());
    assertThat(Weights.read(far, "x.safetensors").get("a").floats()).containsExactly(1.5f);
  }

  @Test
  void aNumberThatTheFormatCannotHoldIsNamed() {
    assertThatThrownBy(() -> bytes(List.of(tensor("a.weight", StorageType.FLOAT16, 70_000))))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "a.weight has a weight of 70000.0, which is beyond what float16 can hold; choose another"
                + " --dtype");
    assertThatThrownBy(() -> bytes(List.of(tensor("a", StorageType.BFLOAT16, Float.MAX_VALUE))))
        .isInstanceOf(InputException.class);
  }

  @Test
  void infinityIsWrittenAsItIs() throws IOException {
    float infinity = Float.NEGATIVE_INFINITY;
    assertThat(read(bytes(List.of(tensor("a", StorageType.FLOAT16, infinity)))).get("a").floats())
        .containsExactly(infinity);
  }

  @Test
  void moreOrFewerElementsThanAnnouncedAreAMistakeOfTheCaller() {
    for (int count : new int[] {1, 3}) {
      NewTensor wrong =
          new NewTensor(
              "w", StorageType.FLOAT32, new long[] {2}, sink -> sink.write(new float[3], 0, count));
      assertThatThrownBy(() -> bytes(List.of(wrong)))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("w: expected 8 bytes by its shape, got " + 4 * count);
    }
    NewTensor twice = tensor("w", StorageType.FLOAT32, 1);
    assertThatThrownBy(() -> bytes(List.of(twice, twice)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("two tensors have the name w");
    assertThatThrownBy(() -> tensor("w", StorageType.INT8, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("w: only weights are written, not INT8");
  }

  private static NewTensor tensor(String name, StorageType type, float value) {
    return new NewTensor(name, type, new long[] {1}, sink -> sink.write(new float[] {value}, 0, 1));
  }

  private static NewTensor copy(StoredTensor stored) {
    return new NewTensor(
        stored.name(),
        stored.type(),
        stored.shape(),
        sink -> {
          ByteBuffer bytes = stored.bytes();
          sink.write(bytes);
        });
  }

  private static byte[] bytes(List<NewTensor> tensors) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    SafetensorsWriter.write(out, tensors);
    return out.toByteArray();
  }

  private Map<String, StoredTensor> read(byte[] bytes) throws IOException {
    return open(Files.write(directory.resolve("read.safetensors"), bytes));
  }

  private static Map<String, StoredTensor> open(Path file) {
    return Weights.read(
        ModelDirectory.open(file.getParent().toString(), new Configuration(false)),
        file.getFileName().toString());
  }
}
