package dev.rankspark.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rankspark.InputException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TorchArchiveTest {
  @TempDir private Path folder;

  @Test
  void tensorsAreReadRowByRow() throws IOException {
    assertThat(values(0, 2, 3, 3, 1)).containsExactly(1, 2, 3, 4, 5, 6);
  }

  @Test
  void viewsWithStridesAndOffsetsAreMadeContiguous() throws IOException {
    assertThat(values(0, 3, 2, 1, 3)).containsExactly(1, 4, 2, 5, 3, 6);
    assertThat(values(2, 1, 2, 1, 2)).containsExactly(3, 5);
  }

  @Test
  void aViewBeyondItsStorageIsRefused() {
    assertThatThrownBy(() -> values(1, 2, 3, 3, 1))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("reaches beyond its storage of 6 elements");
  }

  @Test
  void callsThatBuildNoTensorAreNamedAndNotRun() throws IOException {
    CheckpointFiles.torch(file(), "\u0080\u0002cbuiltins\neval\n(S'1'\ntR.", new byte[24]);
    assertThatThrownBy(this::read)
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(
            file() + " wants to call builtins.eval, which builds no tensor; nothing was run.");
  }

  @Test
  void filesOfAnotherKindAreRefused() throws IOException {
    Files.write(file(), new byte[] {(byte) 0x80, 2, (byte) 0x8a, 10, 'l', (byte) 0xfc});
    assertThatThrownBy(this::read)
        .isInstanceOf(InputException.class)
        .hasMessageContaining("is no zip archive of torch.save")
        .hasMessageContaining("PyTorch before 1.6 must be saved again");
  }

  @Test
  void mutatedArchivesAreReadOrRefused() throws IOException {
    CheckpointFiles.torch(file(), pickle(0, 2, 3, 3, 1), new byte[24]);
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
        assertThat(expected).as("seed %d", seed).hasMessageContaining("adapter_model.bin");
      }
    }
  }

  private float[] values(int offset, int rows, int columns, int rowStride, int columnStride)
      throws IOException {
    CheckpointFiles.torch(
        file(),
        pickle(offset, rows, columns, rowStride, columnStride),
        CheckpointFiles.floats(1, 2, 3, 4, 5, 6));
    ByteBuffer bytes = read().get("w").bytes();
    float[] values = new float[bytes.remaining() / Float.BYTES];
    bytes.asFloatBuffer().get(values);
    return values;
  }

  /** {@code {"w": tensor of the storage "0"}} as torch.save writes it; see pickletools. */
  private static String pickle(int offset, int rows, int columns, int rowStride, int columnStride) {
    return String.format(
        "\u0080\u0002}q\u0000X\u0001\u0000\u0000\u0000wctorch._utils\n_rebuild_tensor_v2\n((X\u0007\u0000\u0000\u0000storage"
            + "ctorch\nFloatStorage\nX\u0001\u0000\u0000\u00000X\u0003\u0000\u0000\u0000cpuK\u0006tQ"
            + "K%cK%cK%c\u0086K%cK%c\u0086\u0089ccollections\nOrderedDict\n)RtRs.",
        (char) offset, (char) rows, (char) columns, (char) rowStride, (char) columnStride);
  }

  private Path file() {
    return folder.resolve("adapter_model.bin");
  }

  private Map<String, StoredTensor> read() {
    return TorchArchive.read(CheckpointFiles.directory(folder).file("adapter_model.bin"));
  }
}
