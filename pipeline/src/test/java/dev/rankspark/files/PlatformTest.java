package dev.rankspark.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rankspark.DeviceException;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PlatformTest {
  @TempDir private Path folder;

  @ParameterizedTest
  @CsvSource({
    "Linux, amd64, linux-x86_64",
    "Linux, aarch64, linux-aarch64",
    "Mac OS X, aarch64, osx-aarch64",
    "Mac OS X, x86_64, osx-x86_64",
    "Windows 11, amd64, win-x86_64",
  })
  void itsNameIsThatOfTheNativeLibraries(String system, String architecture, String name) {
    assertThat(Platform.of(system, architecture).name()).isEqualTo(name);
  }

  @Test
  void theLibrariesHereAreThisPlatforms() {
    assertThatCode(() -> Platform.checkClassPath(PlatformTest.class.getClassLoader()))
        .doesNotThrowAnyException();
  }

  @Test
  void ofSeveralPlatformsLibrariesThisOnesAreEnough() {
    assertThatCode(
            () -> new Platform("linux-aarch64").check(Set.of("linux-x86_64", "linux-aarch64")))
        .doesNotThrowAnyException();
    assertThatCode(() -> new Platform("linux-aarch64").check(Set.of())).doesNotThrowAnyException();
  }

  @Test
  void anotherPlatformsJarIsRefusedWithWhatWorks() {
    assertThatThrownBy(() -> new Platform("osx-aarch64").check(Set.of("linux-x86_64")))
        .isInstanceOf(DeviceException.class)
        .hasMessage(
            "this jar is for linux-x86_64, this machine's Java for osx-aarch64; build one on it by"
                + " mvn -DskipTests package, or elsewhere with -Drankspark.platform=osx-aarch64");
  }

  @Test
  void whereNoneWorksThatIsSaid() {
    assertThatThrownBy(() -> new Platform("win-x86_64").check(Set.of("linux-x86_64")))
        .isInstanceOf(DeviceException.class)
        .hasMessage(
            "this jar is for linux-x86_64, this machine's Java for win-x86_64; jars can be built"
                + " for linux-aarch64, linux-x86_64, osx-aarch64 alone");
  }

  @Test
  void whatAJarIsForIsReadFromIt() throws IOException {
    Path properties = folder.resolve("native/lib/pytorch.properties");
    Files.createDirectories(properties.getParent());
    Files.writeString(properties, "version=2.7.1\nclassifier=plan9-mips\n");
    try (URLClassLoader jar = new URLClassLoader(new URL[] {folder.toUri().toURL()}, null)) {
      assertThatThrownBy(() -> Platform.checkClassPath(jar))
          .isInstanceOf(DeviceException.class)
          .hasMessageStartingWith("this jar is for plan9-mips, this machine's Java for ");
    }
  }
}
