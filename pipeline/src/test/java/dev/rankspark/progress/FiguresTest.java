package dev.rankspark.progress;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FiguresTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "0.0531|0.053",
        "0.000012|0.000012",
        "0.99|0.99",
        "1.23|1.2",
        "9.96|10",
        "12.4|12",
        "99.4|99",
        "99.6|100",
        "159.2|159",
        "1234.4|1,234",
        "2500000|2,500,000"
      })
  void aRateHasTwoDigitsAndIsNever0(double rate, String said) {
    assertThat(Figures.rate(rate)).isEqualTo(said);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {"0.05312|0.0531", "1.234|1.23", "12.34|12.3", "123.4|123", "999.6|1,000"})
  void aMeasuredRateHasThree(double rate, String said) {
    assertThat(Figures.measuredRate(rate)).isEqualTo(said);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "0.4|0 s",
        "41.2|41 s",
        "59.6|1 min 00 s",
        "250|4 min 10 s",
        "605|10 min",
        "3570|1 h 00 min",
        "3900|1 h 05 min",
        "170000|47 h 13 min",
        "180000|2 d 02 h",
        "600000|6 d 23 h"
      })
  void aTimeHasWhatMattersOfIt(double seconds, String said) {
    assertThat(Figures.time(seconds)).isEqualTo(said);
  }

  @Test
  void bytesOfAllAreInTheUnitOfAll() {
    assertThat(Figures.bytes(3_100_000_000L, 13_476_831_232L)).isEqualTo("3.1 of 13.5 GB");
    assertThat(Figures.bytes(0, 13_476_831_232L)).isEqualTo("0.0 of 13.5 GB");
    assertThat(Figures.bytes(512, 2_000)).isEqualTo("0.5 of 2.0 kB");
    assertThat(Figures.bytes(7, 10)).isEqualTo("7 of 10 B");
    assertThat(Figures.bytes(999_999)).isEqualTo("1.0 MB");
  }
}
