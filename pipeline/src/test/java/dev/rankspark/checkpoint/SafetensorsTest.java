package dev.rankspark.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rankspark.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SafetensorsTest {
  private static final String TWO =
      """
      {"__metadata__": {"format": "pt"},
       "a": {"dtype": "F32", "shape": [2, 1], "data_offsets": [0, 8]},
       "b": {"dtype": "BF16", "shape": [], "data_offsets": [8, 10]}}
      """;

  @TempDir private Path folder;

  @Test
  void tensorsLieWhereTheHeaderSays() throws IOException {
    CheckpointFiles.safetensors(
        file(), TWO, new byte[] {0, 0, (byte) 0x80, 0x3f, 0, 0, 0, 0x40, (byte) 0xc0, 0x3f});
    Map<String, StoredTensor> tensors = read();
    assertThat(tensors).containsOnlyKeys("a", "b");
    assertThat(tensors.get("a").shape()).containsExactly(2, 1);
    assertThat(tensors.get("a").bytes().getFloat(4)).isEqualTo(2f);
    assertThat(tensors.get("b").type()).isEqualTo(StorageType.BFLOAT16);
    assertThat(tensors.get("b").bytes().getShort()).isEqualTo((short) 0x3fc0);
  }

  @Test
  void aCutFileIsNamedWithBothSizes() throws IOException {
    CheckpointFiles.safetensors(file(), TWO, new byte[7]);
    assertThatThrownBy(this::read)
        .isInstanceOf(InputException.class)
        .hasMessage(
            folder
                + "/model.safetensors is cut: its header says 10 bytes of tensors, the file has 7;"
                + " copy it again");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {"a": {"dtype": "F32", "shape": [3], "data_offsets": [0, 8]}} | a has 8 bytes, its shape and dtype say 12
          {"a": {"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]}} | -2 for a size or an offset
          {"a": {"dtype": "F4", "shape": [2], "data_offsets": [0, 8]}} | unknown dtype "F4"
          {"a": {"dtype": "F32", "shape": [2]}} | lacks shape or data_offsets
          {"a": {"dtype": "F32", "shape": [4611686018427387904, 4], "data_offsets": [0, 8]}} | beyond any file
          {"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}} | a begins at 4, expected 0
          {"a": 1, "a": 2} | broken JSON
          [1] | no JSON object
          """)
  void whatContradictsTheFormatIsRefused(String header, String reason) throws IOException {
    CheckpointFiles.safetensors(file(), header, new byte[8]);
    assertThatThrownBy(this::read)
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(folder + "/model.safetensors is no sound safetensors file: ")
        .hasMessageContaining(reason);
  }

  @Test
  void aHeaderLengthBeyondTheFileIsRefused() throws IOException {
    byte[] bytes = new byte[20];
    Arrays.fill(bytes, (byte) 0x7f);
    Files.write(file(), bytes);
    assertThatThrownBy(this::read).isInstanceOf(InputException.class);
  }

  @Test
  void mutatedFilesAreReadOrRefused() throws IOException {
    CheckpointFiles.safetensors(file(), TWO, new byte[10]);
    byte[] sound = Files.readAllBytes(file());
    for (long seed = 0; seed < 300; seed++) {
      Random random = new Random(seed);
      byte[] mutated = Arrays.copyOf(sound, sound.length - random.nextInt(3));
      for (int i = random.nextInt(4); i >= 0; i--) {
        mutated[random.nextInt(mutated.length)] = (byte) random.nextInt(256);
      }
      Files.write(file(), mutated);
      try {
        read().values().forEach(StoredTensor::bytes);
      } catch (InputException expected) {
        assertThat(expected).as("seed %d", seed).hasMessageContaining("model.safetensors");
      }
    }
  }

  private Path file() {
    return folder.resolve("model.safetensors");
  }

  private Map<String, StoredTensor> read() {
    return Safetensors.read(CheckpointFiles.directory(folder).file("model.safetensors"));
  }
}
