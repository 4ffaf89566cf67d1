package dev.rankspark.distributed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rankspark.DeviceException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.module.ModuleDescriptor.Version;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * The library that is committed: built from the sources beside it, for systems as old as
 * libtorch's.
 */
class ProcessGroupLibraryTest {
  private static final Path SOURCES =
      Path.of(System.getProperty("rankspark.home"), "pipeline/src/main/native");

  /** What libtorch itself asks for (manylinux_2_28): GLIBC of 2018, libstdc++ of GCC 8. */
  private static final Map<String, Version> NEWEST =
      Map.of(
          "GLIBC", Version.parse("2.28"),
          "GLIBCXX", Version.parse("3.4.25"),
          "CXXABI", Version.parse("1.3.11"),
          "GCC", Version.parse("8"));

  @Test
  void itIsBuiltFromItsSources() throws Exception {
    List<String> hashes = new ArrayList<>();
    for (String source : List.of("build.sh", "process_group.cpp")) {
      hashes.add(line(source, Files.readAllBytes(SOURCES.resolve(source))));
    }
    hashes.add(line(ProcessGroupLibrary.NAME, resource(ProcessGroupLibrary.NAME)));

    assertThat(new String(resource(ProcessGroupLibrary.NAME + ".sha256"), StandardCharsets.UTF_8))
        .as("after a change of a source, run pipeline/src/main/native/build.sh")
        .isEqualTo(String.join("", hashes));
  }

  @Test
  void itIsSmall() throws IOException {
    assertThat(resource(ProcessGroupLibrary.NAME)).hasSizeLessThan(100 * 1024);
  }

  @Test
  void itNeedsNoNewerSystemThanLibtorch() throws IOException {
    List<String> needed = ElfVersions.needed(resource(ProcessGroupLibrary.NAME));

    assertThat(needed).anyMatch(version -> version.startsWith("GLIBC_"));
    assertThat(needed).anyMatch(version -> version.startsWith("GLIBCXX_"));
    assertThat(needed)
        .allSatisfy(
            version -> {
              String[] nameAndNumber = version.split("_", 2);
              assertThat(Version.parse(nameAndNumber[1]))
                  .isLessThanOrEqualTo(NEWEST.get(nameAndNumber[0]));
            });
  }

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

  private static String line(String name, byte[] bytes) throws Exception {
    byte[] hash = MessageDigest.getInstance("SHA-256").digest(bytes);
    return HexFormat.of().formatHex(hash) + "  " + name + "\n";
  }

  private static byte[] resource(String name) throws IOException {
    try (InputStream in = ProcessGroupLibrary.class.getResourceAsStream(name)) {
      assertThat(in).as(name).isNotNull();
      return in.readAllBytes();
    }
  }
}
