package dev.rankspark.distributed;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rankspark.DeviceException;
import dev.rankspark.files.Platform;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProcessGroupLibraryTest {
  @Test
  void itLoadsBesideDjlsLibtorch() {
    ProcessGroupLibrary.load();
    ProcessGroupLibrary.load(); // once per JVM, however often it is asked for
  }

  @ParameterizedTest
  @ValueSource(strings = {"linux-x86_64", "linux-aarch64"})
  void itIsThereOnLinux(String platform) {
    assertThatCode(() -> ProcessGroupLibrary.checkPlatform(new Platform(platform)))
        .doesNotThrowAnyException();
  }

  @Test
  void anotherPlatformIsTold() {
    assertThatThrownBy(() -> ProcessGroupLibrary.checkPlatform(new Platform("osx-aarch64")))
        .isInstanceOf(DeviceException.class)
        .hasMessage(
            "several workers need Linux on x86_64 or aarch64, this is osx-aarch64; one worker runs"
                + " here (--workers 1)");
  }
}
