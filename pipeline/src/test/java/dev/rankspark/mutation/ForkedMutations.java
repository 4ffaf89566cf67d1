package dev.rankspark.mutation;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Mutations in a JVM of their own: native code may end it, and takes memory that no heap counts.
 */
public final class ForkedMutations {
  static final boolean IS_HERE = Boolean.getBoolean("rankspark.mutation.forked");
  static final String CASE = "case ";
  private static final long MOST_RESIDENT_BYTES = 1L << 30;
  private static final int MOST_MINUTES = 30;

  private ForkedMutations() {}

  /**
   * Runs a class's {@code main} and passes what it says on.
   *
   * @param output a file for what it prints
   * @throws AssertionError naming the mutation at which the JVM ended otherwise than well
   */
  public static void run(Class<?> main, Path output, String... args)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of("-Xmx384m", "-XX:MaxDirectMemorySize=256m", "-Drankspark.mutation.forked=true"));
    for (String property :
        List.of("rankspark.home", "rankspark.mutation", "rankspark.mutation.seed")) {
      if (System.getProperty(property) != null) {
        command.add("-D" + property + "=" + System.getProperty(property));
      }
    }
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
    command.addAll(List.of(args));
    Process process =
        new ProcessBuilder(command)
            .directory(output.toAbsolutePath().getParent().toFile()) // of a crash's report
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    boolean ended = process.waitFor(MOST_MINUTES, TimeUnit.MINUTES);
    process.destroyForcibly().waitFor();
    List<String> lines = Files.readAllLines(output);
    int last = lines.size() - 1;
    while (last > 0 && !lines.get(last).startsWith(CASE)) {
      last--;
    }
    String told = String.join("\n", lines.subList(Math.max(0, last), lines.size()));
    assertThat(ended).as("the JVM hangs at " + told).isTrue();
    assertThat(process.exitValue()).as("the JVM ended at " + told).isZero();
    lines.stream().filter(line -> line.contains("mutations: ")).forEach(System.out::println);
  }

  /** The most that this JVM has ever held; Rust's and C++'s memory is in it. */
  static void checkResidentBytes() throws IOException {
    if (IS_HERE) {
      long peak =
          Files.readAllLines(Path.of("/proc/self/status")).stream()
              .filter(line -> line.startsWith("VmHWM:"))
              .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
              .findFirst()
              .orElseThrow();
      assertThat(peak).as("resident bytes").isLessThan(MOST_RESIDENT_BYTES);
    }
  }
}
