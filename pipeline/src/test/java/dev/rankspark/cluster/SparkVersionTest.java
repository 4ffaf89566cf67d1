package dev.rankspark.cluster;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rankspark.DeviceException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SparkVersionTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "3.5.0",
        "3.5.6-amzn-1",
        "3.5.5.5.4.20250815.1",
        "4.0.0",
        "4.3.0",
        "4.10.1-SNAPSHOT"
      })
  void theSparksOfThreeYearsFitAndTheirVendors(String version) {
    assertThatCode(() -> SparkVersion.check(version)).doesNotThrowAnyException();
  }

  @ParameterizedTest
  @ValueSource(strings = {"2.4.8", "3.3.2", "3.4.4", "5.0.0-preview1", "unknown"})
  void anotherIsNamedWithWhatFits(String version) {
    assertThatThrownBy(() -> SparkVersion.check(version))
        .isInstanceOf(DeviceException.class)
        .hasMessage(
            "this Spark is "
                + version
                + ", expected 3.5 or 4.x; set SPARK_HOME to one of these, or unset it: bin/rankspark"
                + " brings its own");
  }

  @Test
  void theSparkOfTheBuildFits() {
    assertThatCode(SparkVersion::check).doesNotThrowAnyException();
  }
}
