package dev.rankspark.model;

import ai.djl.Device;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import java.util.List;

/**
 * How fast the device multiplies matrices of a model's own shapes, and nothing else: the limit that
 * scoring is held against. The products are a layer's, one after the other, of 4,096 rows, by the
 * fastest way that the engine has, of which those that scoring takes are some.
 */
public final class GemmSpeed implements AutoCloseable {
  private static final int ROWS = 4_096;

  /** The best of so many. */
  private static final int TIMES = 3;

  private final PtNDManager manager;
  private final Program program;
  private final List<Way> ways;
  private final double operations;

  /** By what a product is computed; the program knows it by a number. */
  private enum Way {
    /** libtorch's own choice: MKL on a CPU, cuBLAS on a GPU. */
    PLAIN(0),
    /** oneDNN, of a weight as it is stored. */
    ONEDNN(1),
    /** oneDNN, of a weight in its own layout, as scoring has it on a CPU. */
    PACKED(2);

    private final long code;

    Way(long code) {
      this.code = code;
    }
  }

  /** Prepares the products of a model's layer, in the dtype of the hardware's arithmetic. */
  public GemmSpeed(LlamaConfig config, Hardware hardware, Device device) {
    this.ways = ways(hardware);
    this.manager = (PtNDManager) NDManager.newBaseManager(device, "PyTorch");
    this.program = new Program("Products", device);
    this.operations = 2.0 * ROWS * config.layerParameters();
    try {
      freeze(config, hardware);
    } catch (EngineException e) {
      close();
      throw DeviceMemoryException.of(e);
    }
  }

  private static List<Way> ways(Hardware hardware) {
    if (hardware.cuda()) {
      return List.of(Way.PLAIN);
    }
    return hardware.packsWeights() ? List.of(Way.values()) : List.of(Way.PLAIN, Way.ONEDNN);
  }

  private void freeze(LlamaConfig config, Hardware hardware) {
    PtNDArray like = (PtNDArray) manager.zeros(new Shape(1));
    for (int[] shape : config.productShapes()) {
      try (ProgramCall call = program.call("freeze", manager)) {
        call.with("rows", ROWS).with("width", shape[0]).with("outputs", shape[1]);
        call.with("dtype", hardware.compute().torchCode());
        call.with("packed", ways.contains(Way.PACKED)).with("like", like);
        call.run();
      }
    }
  }

  /**
   * Measures once more.
   *
   * @param threads libtorch's threads
   * @return 1e9 floating-point operations a second by the fastest of libtorch's own product and, on
   *     a CPU, oneDNN's of plain and of packed weights, each the best of three
   * @throws DeviceMemoryException if the device has no memory for them
   */
  public double gflops(int threads) {
    Torch.prepareThread(threads);
    try {
      double seconds = ways.stream().mapToDouble(this::best).min().orElseThrow();
      return operations / seconds / 1e9;
    } catch (EngineException e) {
      throw DeviceMemoryException.of(e);
    }
  }

  private double best(Way way) {
    double best = Double.MAX_VALUE;
    for (int i = 0; i < TIMES; i++) {
      long start = System.nanoTime();
      try (ProgramCall call = program.call("multiply", manager)) {
        call.with("way", way.code).floats();
      }
      best = Math.min(best, (System.nanoTime() - start) / 1e9);
    }
    return best;
  }

  @Override
  public void close() {
    program.close();
    manager.close();
  }
}
