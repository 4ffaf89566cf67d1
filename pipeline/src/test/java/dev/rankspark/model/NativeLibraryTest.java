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
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The libraries that are committed, for both processors of Linux: built from the sources beside the
 * script that builds them, for systems as old as libtorch's, and ours alone.
 */
class NativeLibraryTest {
  private static final String CPU = "model/linux-x86_64/librankspark_cpu.so";
  private static final String CPU_ARM = "model/linux-aarch64/librankspark_cpu.so";
  private static final String DISTRIBUTED = "distributed/linux-x86_64/librankspark_distributed.so";
  private static final String DISTRIBUTED_ARM =
      "distributed/linux-aarch64/librankspark_distributed.so";

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
  void theyAreBuiltFromTheirSources() throws Exception {
    for (String line : Files.readAllLines(SOURCES.resolve("built.sha256"))) {
      String name = line.substring(66);
      byte[] content =
          name.contains("/") ? resource(name) : Files.readAllBytes(SOURCES.resolve(name));
      byte[] hash = MessageDigest.getInstance("SHA-256").digest(content);
      assertThat(line)
          .as("after a change of a source, run pipeline/src/main/native/build.sh")
          .isEqualTo(HexFormat.of().formatHex(hash) + "  " + name);
    }
    assertThat(Files.readString(SOURCES.resolve("built.sha256")))
        .contains(CPU, CPU_ARM, DISTRIBUTED, DISTRIBUTED_ARM)
        .contains("build.sh", "amx.cpp", "fused.cpp", "lanes.h", "memory.cpp", "process_group.cpp");
  }

  @ParameterizedTest
  @CsvSource({
    CPU + ",x86_64",
    DISTRIBUTED + ",x86_64",
    CPU_ARM + ",aarch64",
    DISTRIBUTED_ARM + ",aarch64"
  })
  void itIsForTheProcessorOfItsFolder(String library, String machine) throws IOException {
    assertThat(new ElfFile(resource(library)).machine()).isEqualTo(machine);
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

  /**
   * That is why they are small: libtorch is the one that DJL loads, C++'s library the system's, and
   * a copy of either inside would not know the other's exceptions and threads.
   */
  @ParameterizedTest
  @ValueSource(strings = {DISTRIBUTED, CPU, DISTRIBUTED_ARM, CPU_ARM})
  void itHasOurFunctionsAloneAndTakesTheRestFromWhatIsLoaded(String library) throws IOException {
    ElfFile elf = new ElfFile(resource(library));

    assertThat(elf.exported())
        .isNotEmpty()
        .allMatch(name -> name.startsWith("Java_dev_rankspark_"));
    assertThat(elf.neededLibraries())
        .startsWith("libtorch_cpu.so", "libc10.so")
        .contains("libstdc++.so.6", "libc.so.6")
        .isSubsetOf(
            "libtorch_cpu.so",
            "libc10.so",
            "libstdc++.so.6",
            "libm.so.6",
            "libgcc_s.so.1",
            "libc.so.6",
            "ld-linux-x86-64.so.2",
            "ld-linux-aarch64.so.1");
  }

  @ParameterizedTest
  @CsvSource({DISTRIBUTED + "," + DISTRIBUTED_ARM})
  void bothProcessorsHaveTheSameFunctions(String library, String onArm) throws IOException {
    assertThat(new ElfFile(resource(onArm)).exported())
        .containsExactlyInAnyOrderElementsOf(new ElfFile(resource(library)).exported());
  }

  @ParameterizedTest
  @ValueSource(strings = {DISTRIBUTED, CPU, DISTRIBUTED_ARM, CPU_ARM})
  void itNeedsNoNewerSystemThanLibtorch(String library) throws IOException {
    List<String> needed = new ElfFile(resource(library)).neededVersions();

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
  @ValueSource(strings = {DISTRIBUTED, CPU, DISTRIBUTED_ARM, CPU_ARM})
  void itNamesNothingOfTheMachineThatBuiltIt(String library) throws IOException {
    assertThat(new String(resource(library), StandardCharsets.ISO_8859_1))
        .doesNotContain("site-packages", "/pipeline/src/main/native", "GCC: (", "GNU\0");
  }

  private static byte[] resource(String name) throws IOException {
    try (InputStream in = NativeLibraryTest.class.getResourceAsStream("/dev/rankspark/" + name)) {
      assertThat(in).as(name).isNotNull();
      return in.readAllBytes();
    }
  }
}
