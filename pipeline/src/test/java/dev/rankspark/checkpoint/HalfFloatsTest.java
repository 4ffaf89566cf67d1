package dev.rankspark.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

class HalfFloatsTest {
  private static final long SEED = 20261125;

  @Test
  void every16BitNumberComesBackAsItIs() {
    for (int bits = 0; bits <= 0xffff; bits++) {
      short half = (short) bits;
      assertThat(HalfFloats.toFloat16(HalfFloats.fromFloat16(half)))
          .as("float16 %04x", bits)
          .isEqualTo(isNan(half, 0x7c00) ? (short) (half | 0x200) : half);
      assertThat(HalfFloats.toBfloat16(HalfFloats.fromBfloat16(half)))
          .as("bfloat16 %04x", bits)
          .isEqualTo(isNan(half, 0x7f80) ? (short) (half | 0x40) : half);
    }
  }

  @Test
  void knownValues() {
    assertThat(HalfFloats.fromFloat16((short) 0x3c00)).isEqualTo(1);
    assertThat(HalfFloats.fromFloat16((short) 0xc000)).isEqualTo(-2);
    assertThat(HalfFloats.fromFloat16((short) 0x7bff)).isEqualTo(65504);
    assertThat(HalfFloats.fromFloat16((short) 0x0001)).isEqualTo(0x1p-24f);
    assertThat(HalfFloats.fromFloat16((short) 0x0400)).isEqualTo(0x1p-14f);
    assertThat(HalfFloats.fromFloat16((short) 0x8000)).isEqualTo(-0f);
    assertThat(HalfFloats.fromFloat16((short) 0xfc00)).isEqualTo(Float.NEGATIVE_INFINITY);
    assertThat(HalfFloats.fromBfloat16((short) 0x3f80)).isEqualTo(1);
    assertThat(HalfFloats.toFloat16(65519)).isEqualTo((short) 0x7bff);
    assertThat(HalfFloats.toFloat16(65520)).isEqualTo((short) 0x7c00);
    assertThat(HalfFloats.toFloat16(1e30f)).isEqualTo((short) 0x7c00);
    assertThat(HalfFloats.toFloat16(-1e-30f)).isEqualTo((short) 0x8000);
    assertThat(HalfFloats.toBfloat16(Float.MAX_VALUE)).isEqualTo((short) 0x7f80);
  }

  @Test
  void whatIsNotANumberStaysSo() {
    float lowPayload = Float.intBitsToFloat(0x7f80_0001);
    assertThat(HalfFloats.fromFloat16(HalfFloats.toFloat16(lowPayload))).isNaN();
    assertThat(HalfFloats.fromBfloat16(HalfFloats.toBfloat16(lowPayload))).isNaN();
  }

  /** Ties, which random numbers do not hit, are every other middle. */
  @Test
  void theMiddleOfTwoNeighboursGoesToTheEvenOne() {
    for (int bits = 0; bits < 0x7bff; bits++) {
      float middle =
          (HalfFloats.fromFloat16((short) bits) + HalfFloats.fromFloat16((short) (bits + 1))) / 2;
      int even = bits % 2 == 0 ? bits : bits + 1;
      assertThat(HalfFloats.toFloat16(middle)).as("above %04x", bits).isEqualTo((short) even);
      assertThat(HalfFloats.toFloat16(-middle))
          .as("below -%04x", bits)
          .isEqualTo((short) (even | 0x8000));
    }
    for (int bits = 0; bits < 0x7f7f; bits++) {
      float middle = Float.intBitsToFloat(bits << 16 | 0x8000);
      int even = bits % 2 == 0 ? bits : bits + 1;
      assertThat(HalfFloats.toBfloat16(middle)).as("above %04x", bits).isEqualTo((short) even);
    }
  }

  @Test
  void randomNumbersGoToTheNearest() {
    Random random = new Random(SEED);
    for (int i = 0; i < 200_000; i++) {
      float value = Float.intBitsToFloat(random.nextInt());
      if (Math.abs(value) < 65504) {
        assertNearest(value, HalfFloats.toFloat16(value), HalfFloats::fromFloat16);
      }
      if (Math.abs(value) < 1e38f) {
        assertNearest(value, HalfFloats.toBfloat16(value), HalfFloats::fromBfloat16);
      }
    }
  }

  private static void assertNearest(float value, short half, Function<Short, Float> widened) {
    double distance = Math.abs((double) value - widened.apply(half));
    for (int neighbour : new int[] {half - 1, half + 1}) {
      boolean hasSameSign = (neighbour & 0x8000) == (half & 0x8000);
      if (hasSameSign && Float.isFinite(widened.apply((short) neighbour))) {
        assertThat(Math.abs((double) value - widened.apply((short) neighbour)))
            .as("seed %d, %s as %04x", SEED, value, half)
            .isGreaterThanOrEqualTo(distance);
      }
    }
  }

  private static boolean isNan(short half, int infinity) {
    return (half & 0x7fff) > infinity;
  }
}
