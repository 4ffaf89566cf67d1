package dev.rankspark.model;

import ai.djl.Device;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import java.util.ArrayList;
import java.util.Arrays;
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

  // Of the product that tells a CPU's best dtype.
  private static final int PROBED_ROWS = 1_024;
  private static final double PROBED_OPERATIONS = 16e9;
  private static final int PROBED_LEAST = 3;
  private static final int PROBED_MOST = 10;
  private static final long PROBED_NANOS = 300_000_000;

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
    PACKED(2),
    /** As scoring has it of a weight as it is stored: our own operator where there is one. */
    SCORING(3);

    private final long code;

    Way(long code) {
      this.code = code;
    }
  }

  /** Prepares the products of a model's layer, in the dtype of the hardware's arithmetic. */
  public GemmSpeed(DecoderConfig config, Hardware hardware, Device device) {
    this(Architecture.of(config).productShapes(), ROWS, ways(hardware), hardware, device);
  }

  private GemmSpeed(
      List<int[]> shapes, int rows, List<Way> ways, Hardware hardware, Device device) {
    this.ways = ways;
    this.manager = (PtNDManager) NDManager.newBaseManager(device, "PyTorch");
    this.program = new Program("Products", device);
    this.operations =
        2.0 * rows * shapes.stream().mapToLong(shape -> (long) shape[0] * shape[1]).sum();
    try {
      freeze(shapes, rows, hardware);
    } catch (EngineException e) {
      close();
      throw DeviceMemoryException.of(e);
    }
  }

  private static List<Way> ways(Hardware hardware) {
    if (hardware.packsWeights()) {
      return List.of(Way.PLAIN, Way.ONEDNN, Way.PACKED);
    }
    return hardware.hasOneDnn() ? List.of(Way.PLAIN, Way.ONEDNN) : List.of(Way.PLAIN);
  }

  /**
   * Measures one square product as scoring computes it on this CPU, in dtypes in turns, so that
   * what else the machine does slows all of them. Takes half a second or so.
   *
   * @param width of the input and of the output
   * @param threads libtorch's threads
   * @return for each dtype 1e9 floating-point operations a second, of the fastest of several times
   */
  static double[] asScored(int width, int threads, List<Dtype> dtypes) {
    List<GemmSpeed> speeds = new ArrayList<>();
    try {
      for (Dtype dtype : dtypes) {
        speeds.add(asScored(width, Hardware.detect("cpu", dtype)));
      }
      double[] seconds = new double[dtypes.size()];
      Arrays.fill(seconds, Double.MAX_VALUE);
      Torch.prepareThread(threads);
      long start = System.nanoTime();
      for (int i = 0;
          i < PROBED_LEAST || (i < PROBED_MOST && System.nanoTime() - start < PROBED_NANOS);
          i++) {
        for (int d = 0; d < seconds.length; d++) {
          GemmSpeed speed = speeds.get(d);
          seconds[d] = Math.min(seconds[d], speed.seconds(speed.ways.get(0)));
        }
      }
      return Arrays.stream(seconds).map(best -> speeds.get(0).operations / best / 1e9).toArray();
    } catch (EngineException e) {
      throw DeviceMemoryException.of(e);
    } finally {
      speeds.forEach(GemmSpeed::close);
    }
  }

  private static GemmSpeed asScored(int width, Hardware hardware) {
    Way way = hardware.packsWeights() && !hardware.splitsFloat32() ? Way.PACKED : Way.SCORING;
    double fitting = PROBED_OPERATIONS / (2.0 * width * width);
    int rows = PackedTexts.rows((int) Math.min(PROBED_ROWS, Math.max(1, fitting)));
    return new GemmSpeed(
        List.of(new int[] {width, width}), rows, List.of(way), hardware, Device.cpu());
  }

  private void freeze(List<int[]> shapes, int rows, Hardware hardware) {
    PtNDArray like = (PtNDArray) manager.zeros(new Shape(1));
    for (int[] shape : shapes) {
      try (ProgramCall call = program.call("freeze", manager)) {
        call.with("rows", rows).with("width", shape[0]).with("outputs", shape[1]);
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
      best = Math.min(best, seconds(way));
    }
    return best;
  }

  private double seconds(Way way) {
    long start = System.nanoTime();
    try (ProgramCall call = program.call("multiply", manager)) {
      call.with("way", way.code).floats();
    }
    return (System.nanoTime() - start) / 1e9;
  }

  @Override
  public void close() {
    program.close();
    manager.close();
  }
}
