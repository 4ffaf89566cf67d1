package dev.rankspark.checkpoint;

/**
 * The two formats of 16 bits that weights are stored in, and float32. Towards 16 bits the nearest
 * value is taken, of two equally near ones the even (IEEE 754, as PyTorch rounds); what is not a
 * number stays so.
 */
final class HalfFloats {
  private static final int INFINITY = 0x7f80_0000; // of float32, as bits
  private static final int SMALLEST_NORMAL = 0x3880_0000; // of float16, 2^-14, as bits of float32
  private static final int BEYOND = 0x4780_0000; // 2^16, as bits of float32
  private static final int EXPONENTS = 0x3800_0000; // float32's bias minus float16's, in place

  private HalfFloats() {}

  static short toBfloat16(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      return (short) (bits >>> 16 | 0x40); // a payload of low bits alone would become infinity
    }
    return (short) ((bits + 0x7fff + (bits >>> 16 & 1)) >>> 16);
  }

  static float fromBfloat16(short bfloat16) {
    return Float.intBitsToFloat(bfloat16 << 16);
  }

  /** Beyond 65,519 it is infinity. */
  static short toFloat16(float value) {
    int bits = Float.floatToRawIntBits(value);
    int sign = bits >>> 16 & 0x8000;
    int magnitude = bits & 0x7fff_ffff;
    if (magnitude > INFINITY) {
      return (short) (sign | 0x7e00 | (magnitude >>> 13 & 0x1ff));
    }
    if (magnitude >= BEYOND) {
      return (short) (sign | 0x7c00);
    }
    if (magnitude < SMALLEST_NORMAL) {
      // The last place of 0.5 is float16's smallest step, 2^-24: the addition rounds.
      float rounded = Float.intBitsToFloat(magnitude) + 0.5f;
      return (short) (sign | Float.floatToRawIntBits(rounded) - Float.floatToRawIntBits(0.5f));
    }
    return (short) (sign | (magnitude + 0xfff + (magnitude >>> 13 & 1) - EXPONENTS) >>> 13);
  }

  static float fromFloat16(short float16) {
    int sign = (float16 & 0x8000) << 16;
    int magnitude = (float16 & 0x7fff) << 13;
    if (magnitude >= 0x0f80_0000) { // infinity or not a number
      return Float.intBitsToFloat(sign | magnitude | INFINITY);
    }
    if (magnitude < 0x0080_0000) { // below 2^-14: a multiple of 2^-24
      float value = (float16 & 0x3ff) * 0x1p-24f;
      return sign == 0 ? value : -value;
    }
    return Float.intBitsToFloat(sign | magnitude + EXPONENTS);
  }
}
