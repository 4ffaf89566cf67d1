package dev.rankspark.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The operators for CPUs with AMX and with AVX512, beside libtorch's own and beside float64. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class CpuOperatorsTest {
  private static final long SEED = 20261125;

  /** A product of random float32 numbers is off by so much of its norm, libtorch's by 1.8e-7 on. */
  private static final double FLOAT32 = 2.5e-7;

  private final Random random = new Random(SEED);
  private PtNDManager manager;
  private Program program;

  @BeforeAll
  void load() {
    System.out.println("seed " + SEED);
    assumeTrue(CpuOperators.areFused(), "this CPU has no AVX512: libtorch's own are used");
    Torch.prepareThread(2);
    manager = (PtNDManager) NDManager.newBaseManager(Device.cpu(), "PyTorch");
    program = new Program("Operators", Device.cpu());
  }

  @AfterAll
  void close() {
    if (manager != null) {
      program.close();
      manager.close();
    }
  }

  /** Whole blocks and not, one pass and several, more rows than are taken at a time. */
  @ParameterizedTest
  @CsvSource({
    "64, 128, 256, false, false",
    "70, 900, 300, false, false",
    "97, 1600, 257, false, true",
    "131, 800, 289, true, false",
    "333, 131, 509, true, true",
    "2100, 140, 256, false, false",
    "2100, 800, 270, true, true",
  })
  void aProductIsAsExactAsFloat32(
      int rows, int depth, int columns, boolean leftByColumns, boolean rightByColumns) {
    float[] left = numbers(rows * depth);
    float[] right = numbers(columns * depth);

    float[] both = products(left, right, rows, leftByColumns, rightByColumns);

    float[] ours = Arrays.copyOf(both, rows * columns);
    double[] exact = exact(left, right, rows, depth);
    assertThat(distance(ours, exact)).isPositive().isLessThan(FLOAT32);
  }

  /** Magnitudes of all kinds: what is lost is lost of the largest, as in float32. */
  @Test
  void numbersOfUnlikeMagnitudesLoseNoMoreThanInFloat32() {
    float[] left = numbers(96 * 512);
    float[] right = numbers(256 * 512);
    for (int i = 0; i < left.length; i++) {
      left[i] *= (float) Math.pow(2, random.nextInt(40) - 20);
    }

    float[] both = products(left, right, 96, false, false);

    double[] exact = exact(left, right, 96, 512);
    double ours = distance(Arrays.copyOf(both, exact.length), exact);
    double libtorch = distance(Arrays.copyOfRange(both, exact.length, both.length), exact);
    assertThat(ours).isLessThan(2 * libtorch);
  }

  @Test
  void aRowIsTheSameToTheBitAmongOtherRowsAndByAnyNumberOfThreads() {
    float[] left = numbers(200 * 800);
    float[] right = numbers(320 * 800);
    float[] all = products(left, right, 200, false, false);

    float[] some = products(Arrays.copyOf(left, 77 * 800), right, 77, false, false);
    Torch.prepareThread(1);
    float[] byOne = products(left, right, 200, false, false);
    Torch.prepareThread(2);

    assertThat(Arrays.copyOf(some, 77 * 320)).isEqualTo(Arrays.copyOf(all, 77 * 320));
    assertThat(Arrays.copyOf(byOne, 200 * 320)).isEqualTo(Arrays.copyOf(all, 200 * 320));
  }

  @Test
  void notANumberStaysOne() {
    float[] left = numbers(64 * 128);
    left[3 * 128 + 5] = Float.NaN;

    float[] ours = products(left, numbers(256 * 128), 64, false, false);

    assertThat(ours[2 * 256]).isNotNaN();
    assertThat(ours[3 * 256]).isNaN();
  }

  @ParameterizedTest
  @CsvSource({"6, 2e-7", "15, 1e-2"})
  void gatesAreLibtorchs(int dtype, double most) {
    assertHalvesAgree(gates(numbers(37 * 2 * 45), 37, dtype), most);
  }

  /** e^90 is beyond float32, and so is any power of what is left of 1e30 when it is reduced. */
  @ParameterizedTest
  @ValueSource(floats = {90, -90, 1e5f, -1e5f, 1e30f, -1e30f})
  void gatesOfLargeNumbersAreLibtorchs(float gate) {
    float[] both = new float[64];
    Arrays.fill(both, 1);
    Arrays.fill(both, 0, 32, gate);

    float[] values = gates(both, 1, 6);

    assertThat(Arrays.copyOf(values, 96))
        .usingComparatorWithPrecision(1e-6f * Math.max(1, gate))
        .containsExactly(Arrays.copyOfRange(values, 96, 192));
  }

  /** The gate and its two gradients by our operators, then by libtorch's. */
  private float[] gates(float[] both, int rows, int dtype) {
    try (ProgramCall call = program.call("gates", manager)) {
      call.with("both", array(call.arrays(), both, rows));
      call.with("gradient", array(call.arrays(), numbers(both.length / 2), rows));
      return call.with("dtype", dtype).floats();
    }
  }

  @ParameterizedTest
  @CsvSource({"6, 2e-7", "15, 1e-2"})
  void rotationsAreLibtorchs(int dtype, double most) {
    try (ProgramCall call = program.call("rotations", manager)) {
      Shape shape = new Shape(3, 7, 5, 20);
      call.with("x", (PtNDArray) call.arrays().create(numbers(3 * 7 * 5 * 20), shape));
      call.with("cos", array(call.arrays(), numbers(7 * 20), 7));
      call.with("sin", array(call.arrays(), numbers(7 * 20), 7));
      assertHalvesAgree(call.with("dtype", dtype).floats(), most);
    }
  }

  private static void assertHalvesAgree(float[] values, double most) {
    int half = values.length / 2;
    double[] theirs = new double[half];
    Arrays.setAll(theirs, i -> values[half + i]);
    assertThat(Arrays.copyOf(values, half)).isNotEqualTo(new float[half]);
    assertThat(distance(Arrays.copyOf(values, half), theirs)).isLessThan(most);
  }

  /** Ours, then what is in its place elsewhere. */
  private float[] products(
      float[] left, float[] right, int rows, boolean leftByColumns, boolean rightByColumns) {
    assumeTrue(CpuOperators.splitFloat32(), "this CPU has no AMX: libtorch's products are used");
    int depth = left.length / rows;
    try (ProgramCall call = program.call("products", manager)) {
      call.with("x", array(call.arrays(), left, rows));
      call.with("w", array(call.arrays(), right, right.length / depth)).with("beyond", 3);
      call.with("left_by_columns", leftByColumns).with("right_by_columns", rightByColumns);
      return call.floats();
    }
  }

  private static PtNDArray array(PtNDManager manager, float[] values, int rows) {
    return (PtNDArray) manager.create(values, new Shape(rows, values.length / rows));
  }

  private float[] numbers(int count) {
    float[] numbers = new float[count];
    for (int i = 0; i < count; i++) {
      numbers[i] = (float) random.nextGaussian();
    }
    return numbers;
  }

  private static double[] exact(float[] left, float[] right, int rows, int depth) {
    int columns = right.length / depth;
    double[] exact = new double[rows * columns];
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < columns; j++) {
        double sum = 0;
        for (int k = 0; k < depth; k++) {
          sum += (double) left[i * depth + k] * right[j * depth + k];
        }
        exact[i * columns + j] = sum;
      }
    }
    return exact;
  }

  /** The norm of the difference by the norm. */
  private static double distance(float[] values, double[] exact) {
    assertThat(values).hasSameSizeAs(exact);
    double difference = 0;
    double norm = 0;
    for (int i = 0; i < exact.length; i++) {
      difference += (values[i] - exact[i]) * (values[i] - exact[i]);
      norm += exact[i] * exact[i];
    }
    return Math.sqrt(difference / norm);
  }
}
