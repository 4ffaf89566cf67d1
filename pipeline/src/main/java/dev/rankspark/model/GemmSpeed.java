package dev.rankspark.model;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;

/**
 * How fast the device multiplies matrices of a model's own shapes, and nothing else: the limit that
 * scoring is held against. The products are a layer's, one after the other, of 4,096 rows.
 */
public final class GemmSpeed implements AutoCloseable {
  private static final int ROWS = 4_096;

  /** The best of so many. */
  private static final int TIMES = 3;

  private final PtNDManager manager;
  private final Program program;
  private final boolean onCpu;
  private final double operations;

  /** Prepares the products of a model's layer, in the dtype of the hardware's arithmetic. */
  public GemmSpeed(LlamaConfig config, Hardware hardware, Device device) {
    this.onCpu = !hardware.cuda();
    this.manager = (PtNDManager) NDManager.newBaseManager(device, "PyTorch");
    this.program = new Program("Products", device);
    this.operations = 2.0 * ROWS * config.layerParameters();
    PtNDArray like = (PtNDArray) manager.zeros(new Shape(1));
    for (int[] shape : config.productShapes()) {
      try (IValue rows = IValue.from((long) ROWS);
          IValue width = IValue.from((long) shape[0]);
          IValue outputs = IValue.from((long) shape[1]);
          IValue dtype = IValue.from((long) hardware.compute().torchCode());
          IValue like0 = IValue.from(like)) {
        program.run("freeze", rows, width, outputs, dtype, like0).close();
      }
    }
  }

  /**
   * Measures once more.
   *
   * @param threads libtorch's threads
   * @return 1e9 floating-point operations a second by the faster of libtorch's own product (MKL's
   *     on a CPU) and oneDNN's, of the best of three
   */
  public double gflops(int threads) {
    Torch.prepareThread(threads);
    double seconds = best(/* onednn= */ false);
    if (onCpu) {
      seconds = Math.min(seconds, best(/* onednn= */ true));
    }
    return operations / seconds / 1e9;
  }

  private double best(boolean onednn) {
    double best = Double.MAX_VALUE;
    for (int i = 0; i < TIMES; i++) {
      long start = System.nanoTime();
      try (PtNDManager arrays = (PtNDManager) manager.newSubManager();
          IValue onednn0 = IValue.from(onednn);
          IValue number = program.run("multiply", onednn0)) {
        number.toTensor(arrays).toFloatArray();
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
