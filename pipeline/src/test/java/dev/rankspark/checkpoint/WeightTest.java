package dev.rankspark.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.apache.hadoop.conf.Configuration;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class WeightTest {
  private static final long SEED = 20261125;
  private static final int OUT = 13;
  private static final int IN = 7;
  private static final int R = 3;
  private static final double SCALING = 1.75;

  @TempDir Path directory;

  @ParameterizedTest
  @EnumSource(
      value = StorageType.class,
      names = {"FLOAT32", "BFLOAT16", "FLOAT16"})
  void theSumIsRoundedOnce(StorageType base) throws IOException {
    Weight weight = weight(base);
    float[] w = weight.stored().floats();
    float[] a = weight.lora().orElseThrow().a().floats();
    float[] b = weight.lora().orElseThrow().b().floats();
    float[] merged = merged(weight, StorageType.FLOAT32, 1 << 20);

    for (int row = 0; row < OUT; row++) {
      for (int column = 0; column < IN; column++) {
        double sum = 0;
        for (int k = 0; k < R; k++) {
          sum += (double) b[row * R + k] * a[k * IN + column];
        }
        assertThat((double) merged[row * IN + column])
            .as("seed %d", SEED)
            .isCloseTo(w[row * IN + column] + SCALING * sum, Offset.offset(2e-6));
      }
    }
    float[] halves = merged(weight, StorageType.BFLOAT16, 1 << 20);
    for (int i = 0; i < merged.length; i++) {
      assertThat(halves[i]).isEqualTo(HalfFloats.fromBfloat16(HalfFloats.toBfloat16(merged[i])));
    }
  }

  /** Sizes below a row, of some rows with a rest, of the whole. */
  @ParameterizedTest
  @ValueSource(ints = {1, 20, 30, 91, 1000})
  void itDoesNotDependOnTheBlocks(int block) throws IOException {
    Weight weight = weight(StorageType.BFLOAT16);
    assertThat(merged(weight, StorageType.FLOAT16, block))
        .isEqualTo(merged(weight, StorageType.FLOAT16, 1 << 20));
    Weight plain = new Weight(weight.stored(), Optional.empty());
    assertThat(merged(plain, StorageType.BFLOAT16, block)).isEqualTo(weight.stored().floats());
    assertThat(merged(plain, StorageType.FLOAT32, block)).isEqualTo(weight.stored().floats());
  }

  @Test
  void aWeightWithoutAdapterIsCopiedBitForBit() throws IOException {
    byte[] nan = {1, 0x7d, 0x34, 0x12}; // not a number, and signalling: rounding changes it
    byte[] file = new SafetensorsBytes().add("w", "F16", new long[] {2}, nan).bytes();
    StoredTensor stored = read(file).get("w");
    byte[] written = new byte[4];
    StoredTensor copy =
        read(bytes(new Weight(stored, Optional.empty()).merged("w", StorageType.FLOAT16))).get("w");
    copy.bytes().get(written);
    assertThat(written).isEqualTo(nan);
  }

  private Weight weight(StorageType type) throws IOException {
    Random random = new Random(SEED);
    Map<String, StoredTensor> tensors =
        read(
            bytes(
                random("w", type, random, OUT, IN),
                random("a", StorageType.FLOAT32, random, R, IN),
                random("b", StorageType.FLOAT32, random, OUT, R)));
    return new Weight(
        tensors.get("w"),
        Optional.of(new LoraFactors(tensors.get("a"), tensors.get("b"), SCALING)));
  }

  private static NewTensor random(String name, StorageType type, Random random, int... shape) {
    float[] values = new float[shape[0] * shape[1]];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return new NewTensor(
        name, type, new long[] {shape[0], shape[1]}, sink -> sink.write(values, 0, values.length));
  }

  private float[] merged(Weight weight, StorageType type, int block) throws IOException {
    return read(bytes(weight.merged("merged", type, block))).get("merged").floats();
  }

  private static byte[] bytes(NewTensor... tensors) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    SafetensorsWriter.write(out, List.of(tensors));
    return out.toByteArray();
  }

  /** A file of its own each time: others are mapped. */
  private Map<String, StoredTensor> read(byte[] bytes) throws IOException {
    Path file = Files.createTempFile(directory, "weight", ".safetensors");
    Files.write(file, bytes);
    return Weights.read(
        ModelDirectory.open(directory.toString(), new Configuration(false)),
        file.getFileName().toString());
  }
}
