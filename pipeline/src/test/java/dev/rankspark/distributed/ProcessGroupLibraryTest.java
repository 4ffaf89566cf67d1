package dev.rankspark.distributed;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rankspark.DeviceException;
import org.junit.jupiter.api.Test;

class ProcessGroupLibraryTest {
  @Test
  void itLoadsBesideDjlsLibtorch() {
    ProcessGroupLibrary.load();
    ProcessGroupLibrary.load(); // once per JVM, however often it is asked for
  }

  @Test
  void anotherPlatformIsTold() {
    assertThatThrownBy(() -> ProcessGroupLibrary.checkPlatform("Mac OS X", "aarch64"))
        .isInstanceOf(DeviceException.class)
        .hasMessage(
            "several workers need Linux on x86_64, this is Mac OS X on aarch64; one worker runs"
                + " here (--workers 1)");
  }
}
