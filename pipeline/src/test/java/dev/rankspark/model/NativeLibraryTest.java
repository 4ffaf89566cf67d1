package dev.rankspark.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rankspark.cuda.Libtorch;
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
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The libraries that are committed: built from the sources beside them, for systems as old as
 * libtorch's.
 */
class NativeLibraryTest {
  private static final String DISTRIBUTED = "distributed/librankspark_distributed.so";

  private static final String CPU = "model/librankspark_cpu.so";

  private static final Path SOURCES =
      Path.of(System.getProperty("rankspark.home"), "pipeline/src/main/native");

  /** What libtorch itself asks for (manylinux_2_28): GLIBC of 2018, libstdc++ of GCC 8. */
  private static final Map<String, Version> NEWEST =
      Map.of(
          "GLIBC", Version.parse("2.28"),
          "GLIBCXX", Version.parse("3.4.25"),
          "CXXABI", Version.parse("1.3.11"),
          "GCC", Version.parse("8"));

  @ParameterizedTest
  @CsvSource({
    DISTRIBUTED + ",build.sh process_group.cpp",
    CPU + ",build_cpu.sh amx.cpp fused.cpp lanes.h memory.cpp"
  })
  void itIsBuiltFromItsSources(String library, String sources) throws Exception {
    List<String> hashes = new ArrayList<>();
    for (String source : sources.split(" ")) {
      hashes.add(line(source, Files.readAllBytes(SOURCES.resolve(source))));
    }
    hashes.add(line(library.substring(library.indexOf('/') + 1), resource(library)));

    assertThat(new String(resource(library + ".sha256"), StandardCharsets.UTF_8))
        .as("after a change of a source, run pipeline/src/main/native/" + sources.split(" ")[0])
        .isEqualTo(String.join("", hashes));
  }

  @Test
  void theyAreForTheLibtorchOfTheJar() {
    assertThat(Libtorch.prepare().version()).contains(NativeLibrary.LIBTORCH);
    assertThatCode(() -> NativeLibrary.checkLibtorch(Optional.of("2.7.1")))
        .doesNotThrowAnyException();
  }

  @ParameterizedTest
  @CsvSource({"2.11.0, 2.11.0", "2.7.0, 2.7.0", ", one of an unknown version"})
  void besideAnotherLibtorchNoneIsLoaded(String version, String named) {
    assertThatThrownBy(() -> NativeLibrary.checkLibtorch(Optional.ofNullable(version)))
        .isInstanceOf(UnsatisfiedLinkError.class)
        .hasMessage("it is built for libtorch 2.7.1, this is " + named);
  }

  @ParameterizedTest
  @ValueSource(strings = {DISTRIBUTED, CPU})
  void itIsSmall(String library) throws IOException {
    assertThat(resource(library)).hasSizeLessThan(100 * 1024);
  }

  @ParameterizedTest
  @ValueSource(strings = {DISTRIBUTED, CPU})
  void itNeedsNoNewerSystemThanLibtorch(String library) throws IOException {
    List<String> needed = ElfVersions.needed(resource(library));

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

  @ParameterizedTest
  @ValueSource(strings = {DISTRIBUTED, CPU})
  void itNamesNoFolderOfTheMachineThatBuiltIt(String library) throws IOException {
    assertThat(new String(resource(library), StandardCharsets.ISO_8859_1))
        .doesNotContain("site-packages", "/pipeline/src/main/native");
  }

  private static String line(String name, byte[] bytes) throws Exception {
    byte[] hash = MessageDigest.getInstance("SHA-256").digest(bytes);
    return HexFormat.of().formatHex(hash) + "  " + name + "\n";
  }

  private static byte[] resource(String name) throws IOException {
    try (InputStream in = NativeLibraryTest.class.getResourceAsStream("/dev/rankspark/" + name)) {
      assertThat(in).as(name).isNotNull();
      return in.readAllBytes();
    }
  }
}
