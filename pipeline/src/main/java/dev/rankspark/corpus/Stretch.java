package dev.rankspark.corpus;

import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;

/** How many texts there are and a sum over them. No record: Kryo cannot send one. */
final class Stretch implements Serializable {
  private static final long serialVersionUID = 1L;

  /** No text. */
  static final Stretch NONE = new Stretch(0, 0);

  private static final long BASE = 0x9E3779B97F4A7C15L; // odd: no factor of 2 is lost

  private final long size;
  private final long sum;

  private Stretch(long size, long sum) {
    this.size = size;
    this.sum = sum;
  }

  static Stretch of(String text) {
    CRC32C crc = new CRC32C();
    crc.update(text.getBytes(StandardCharsets.UTF_8));
    return new Stretch(1, crc.getValue() + 1);
  }

  long size() {
    return size;
  }

  long sum() {
    return sum;
  }

  /** These, and others after them: a polynomial, the same however texts in order are split. */
  Stretch then(Stretch next) {
    long shift = 1;
    for (long power = BASE, n = next.size; n > 0; n >>= 1, power *= power) {
      shift *= (n & 1) == 1 ? power : 1;
    }
    return new Stretch(size + next.size, sum * shift + next.sum);
  }

  /** These and others in no order. */
  Stretch with(Stretch other) {
    return new Stretch(size + other.size, sum + other.sum);
  }
}
