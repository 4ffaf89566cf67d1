package dev.rankspark.python;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PythonFloatTest {
  /** Printed by CPython 3.11. */
  @ParameterizedTest
  @CsvSource({
    "0.861, 0.861",
    "1, 1.0",
    "-0.0, -0.0",
    "100, 100.0",
    "1e15, 1000000000000000.0",
    "1e16, 1e+16",
    "1.5e300, 1.5e+300",
    "0.0001, 0.0001",
    "0.00001, 1e-05",
    "0.000012345, 1.2345e-05",
    "2e-3, 0.002",
    "2.2250738585072014e-308, 2.2250738585072014e-308",
    "4.9e-324, 5e-324",
    "9007199254740993, 9007199254740992.0",
    "2e23, 2e+23",
    "1.0e23, 1e+23",
    "3.4363996982574463, 3.4363996982574463"
  })
  void reprIsPythons(double value, String expected) {
    assertThat(PythonFloat.repr(value)).isEqualTo(expected);
  }

  @Test
  void notANumberAndInfinity() {
    assertThat(PythonFloat.repr(Double.NaN)).isEqualTo("nan");
    assertThat(PythonFloat.repr(Double.NEGATIVE_INFINITY)).isEqualTo("-inf");
    assertThat(PythonFloat.parse("-Infinity")).isEqualTo(Double.NEGATIVE_INFINITY);
    assertThat(PythonFloat.parse("NaN")).isNaN();
  }

  @Test
  void whatIsWrittenReadsBackAsTheSame() {
    long seed = 42;
    Random random = new Random(seed);
    for (int i = 0; i < 20_000; i++) {
      double value = Double.longBitsToDouble(random.nextLong());
      if (Double.isFinite(value)) {
        assertThat(PythonFloat.parse(PythonFloat.repr(value))).as("seed %d", seed).isEqualTo(value);
      }
    }
  }

  /** Scores have few digits, which are found another way; so have their neighbours too many. */
  @Test
  void fewDigits() {
    long seed = 43;
    Random random = new Random(seed);
    for (int i = 0; i < 20_000; i++) {
      long whole = random.nextLong(1, (long) Math.pow(10, 1 + random.nextInt(12)));
      double value = BigDecimal.valueOf(whole, random.nextInt(8)).doubleValue();
      for (double near : new double[] {value, Math.nextUp(value), Math.nextDown(value)}) {
        int digits = 1;
        BigDecimal exact = new BigDecimal(near);
        while (exact.round(new MathContext(digits)).doubleValue() != near) {
          digits++;
        }
        assertThat(new BigDecimal(PythonFloat.repr(near)))
            .as("seed %d, %s", seed, near)
            .isEqualByComparingTo(exact.round(new MathContext(digits)));
      }
    }
    assertThat(PythonFloat.repr(0.05)).isEqualTo("0.05");
    assertThat(PythonFloat.repr(-12.5)).isEqualTo("-12.5");
    assertThat(PythonFloat.repr(999999.999999)).isEqualTo("999999.999999");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "1f", "1d", "0x1p3", "1__0", "_1", "1e", ".", "high", "1 2", "١x"})
  void whatPythonRefusesIsRefused(String text) {
    assertThatThrownBy(() -> PythonFloat.parse(text)).isInstanceOf(NumberFormatException.class);
  }

  @Test
  void whatPythonTakesIsTaken() {
    assertThat(PythonFloat.parse(" 1_000.5 ")).isEqualTo(1000.5);
    assertThat(PythonFloat.parse("+.5e-1")).isEqualTo(0.05);
    assertThat(PythonFloat.parse("7.")).isEqualTo(7.0);
  }
}
