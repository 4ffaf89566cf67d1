package dev.rankspark.eval;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The expected values are those of glibc 2.36 on x86-64. */
class CNumbersTest {
  @ParameterizedTest
  @CsvSource({
    "12, 12",
    "' \t+007x', 7",
    "-3.9, -3",
    "x, 0",
    "'', 0",
    "9223372036854775808, 9223372036854775807",
    "-99999999999999999999, -9223372036854775808"
  })
  void atol(String text, long expected) {
    assertThat(CNumbers.atol(text)).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({
    "0.5, 0.5",
    ".5e1x, 5",
    "5.e-1, 0.5",
    "1e, 1",
    "' -2', -2",
    "1f, 1",
    "0x.8, 0.5",
    "0X1P-2, 0.25",
    "0x, 0",
    "., 0",
    "abc, 0",
    "-Infinity, -Infinity",
    "nan, NaN"
  })
  void atof(String text, Double expected) {
    assertThat(CNumbers.atof(text)).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({
    "0.00005, 0.0001",
    "0.03125, 0.0312",
    "0.09375, 0.0938",
    "-0.00001, -0.0000",
    "123456.78, 123456.7800",
    "-Infinity, -inf",
    "NaN, -nan"
  })
  void fixed(double value, String expected) {
    assertThat(CNumbers.fixed(value, 4)).isEqualTo(expected);
  }

  @Test
  void logarithmsAreRoundedSoThatSquaresHaveTwiceThatOfTheirRoots() {
    assertThat(CNumbers.log2(3)).isEqualTo(0x1.95c01a39fbd68p0);
    assertThat(CNumbers.log2(1000)).isEqualTo(0x1.3ee7b471b3a95p3);
    for (int number = 2; number <= 58; number++) {
      assertThat(CNumbers.log2(number * number)).isEqualTo(2 * CNumbers.log2(number));
    }
    for (int exponent = 1; exponent < 31; exponent++) {
      assertThat(CNumbers.log2(1 << exponent)).isEqualTo(exponent);
    }
  }
}
