package dev.rankspark.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class TrainingMemoryTest {
  private static final long SEED = 20261126;

  private static final int MIB = 1 << 20;

  @BeforeEach
  void onItsPlatform() {
    Torch.engine();
    assumeTrue(CpuLibrary.isLoaded(), "the library is for Linux");
  }

  /** As steps do: many arrays of sizes that change a little, all freed in the end. */
  @Test
  void memoryIsUsedAgainAndGivenBack() throws IOException {
    System.out.println("seed " + SEED);
    Random random = new Random(SEED);
    long before = resident();
    long most = 0;
    TrainingMemory memory = TrainingMemory.open();
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
      for (int step = 0; step < 20; step++) {
        List<NDArray> kept = new ArrayList<>();
        double size = 0.8 + 0.2 * random.nextDouble();
        for (int i = 0; i < 12; i++) {
          kept.add(array(manager, (int) (16 * MIB * size)));
          array(manager, (int) (9 * MIB * size)).close();
          kept.add(array(manager, (int) (5 * MIB * size)));
        }
        most = Math.max(most, resident());
        kept.forEach(NDArray::close);
      }
    } finally {
      memory.close();
    }

    // At a time 12 * (16 + 5) + 9 = 261 MiB; a quarter more may be free, and blocks are larger than
    // what is asked for. The rest is Java's own coming and going.
    assertThat((most - before) / MIB).isBetween(150L, 2 * 261L);
    assertThat((resident() - before) / MIB).isLessThan(128);
  }

  @Test
  void anArrayOutlivesIt() {
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
      NDArray earlier = array(manager, 4 * MIB);
      TrainingMemory memory = TrainingMemory.open();
      NDArray within = array(manager, 4 * MIB);
      earlier.close();
      memory.close();
      NDArray later = array(manager, 4 * MIB);

      assertThat(within.toFloatArray()[MIB - 1]).isEqualTo(1);
      within.close();
      assertThat(later.toFloatArray()[MIB - 1]).isEqualTo(1);
    }
  }

  private static NDArray array(NDManager manager, int bytes) {
    return manager.ones(new Shape(bytes / 4));
  }

  private static long resident() throws IOException {
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith("RssAnon:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) << 10)
        .findFirst()
        .orElseThrow();
  }
}
