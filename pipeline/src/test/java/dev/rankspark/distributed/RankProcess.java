package dev.rankspark.distributed;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/** One member of a process group in a JVM of its own, and what it is told to do there. */
final class RankProcess implements AutoCloseable {
  /** Exact in float32, whatever the order of the additions. */
  static final String WHOLE_NUMBERS = "whole-numbers";

  /** Their sum depends on the order of the additions. */
  static final String RANDOM_NUMBERS = "random-numbers";

  /** Sums until a peer is lost. */
  static final String ENDLESS = "endless";

  /** The time of a sum, on standard output. */
  static final String TIMED = "timed";

  private static final Duration PATIENCE = Duration.ofMinutes(3);

  private final Process process;
  private final Path output;

  private RankProcess(Process process, Path output) {
    this.process = process;
    this.output = output;
  }

  /** Starts all members of a group; {@code folder} takes what they print. */
  static List<RankProcess> startAll(
      int size, int port, Path folder, String task, int elements, Duration timeout) {
    List<RankProcess> processes = new ArrayList<>();
    for (int rank = 0; rank < size; rank++) {
      Path output = folder.resolve("rank" + rank + ".txt");
      List<String> command =
          List.of(
              Path.of(System.getProperty("java.home"), "bin", "java").toString(),
              "-Xmx256m",
              "-cp",
              System.getProperty("java.class.path"),
              RankProcess.class.getName(),
              Integer.toString(rank),
              Integer.toString(size),
              Integer.toString(port),
              task,
              Integer.toString(elements),
              Long.toString(timeout.toMillis()));
      try {
        Process process =
            new ProcessBuilder(command)
                .directory(folder.toFile()) // of a crash's report
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        processes.add(new RankProcess(process, output));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return processes;
  }

  public static void main(String[] args) {
    int rank = Integer.parseInt(args[0]);
    int size = Integer.parseInt(args[1]);
    int port = Integer.parseInt(args[2]);
    String task = args[3];
    int elements = Integer.parseInt(args[4]);
    Duration timeout = Duration.ofMillis(Long.parseLong(args[5]));
    Member member = new Member(rank, size, "127.0.0.1", "127.0.0.1", port);
    try (NDManager manager = NDManager.newBaseManager("PyTorch");
        ProcessGroup group =
            size == 1
                ? ProcessGroup.join(member, timeout)
                : ProcessGroup.join(member, Optional.empty(), Backend.GLOO, timeout)) {
      NDArray array =
          manager.create(
              task.equals(RANDOM_NUMBERS)
                  ? randomNumbers(rank, elements)
                  : wholeNumbers(rank, elements));
      switch (task) {
        case ENDLESS -> sumEndlessly(group, array);
        case TIMED -> time(group, array);
        default -> {
          group.allReduceSum(array);
          System.out.println("sum " + hash(array.toFloatArray()));
        }
      }
      System.out.println("libraries of ours: " + mappedLibraries());
    }
  }

  private static void sumEndlessly(ProcessGroup group, NDArray array) {
    try {
      for (int round = 1; ; round++) {
        group.allReduceSum(array);
        System.out.println("round " + round);
      }
    } catch (LostPeerException e) {
      System.out.println("lost " + e.rank() + ": " + e.getMessage());
    }
  }

  private static void time(ProcessGroup group, NDArray array) {
    for (int round = 0; round < 8; round++) {
      long begin = System.nanoTime();
      group.allReduceSum(array);
      System.out.printf(Locale.ROOT, "%.1f ms%n", (System.nanoTime() - begin) / 1e6);
    }
  }

  private static long mappedLibraries() {
    try {
      return Files.readAllLines(Path.of("/proc/self/maps")).stream()
          .filter(line -> line.contains("rankspark_distributed"))
          .map(line -> line.replaceAll(".* ", ""))
          .distinct()
          .count();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static float[] wholeNumbers(int rank, int elements) {
    float[] numbers = new float[elements];
    for (int i = 0; i < elements; i++) {
      numbers[i] = (rank + 1) * (i % 1009 - 504);
    }
    return numbers;
  }

  static float[] randomNumbers(int rank, int elements) {
    Random random = new Random(7_000 + rank);
    float[] numbers = new float[elements];
    IntStream.range(0, elements).forEach(i -> numbers[i] = (float) random.nextGaussian());
    return numbers;
  }

  static String hash(float[] numbers) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * numbers.length);
    bytes.asFloatBuffer().put(numbers);
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes.array()));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Waits for its end. */
  List<String> awaitLines() {
    try {
      if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
        close();
        throw new AssertionError("still running: " + String.join("\n", lines()));
      }
      return lines();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** Waits until it has printed a line. */
  void awaitLine(String line) {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (!lines().contains(line)) {
      if (!process.isAlive() || System.nanoTime() > end) {
        throw new AssertionError("no \"" + line + "\" in " + lines());
      }
      try {
        Thread.sleep(20);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException(e);
      }
    }
  }

  int exitValue() {
    return process.exitValue();
  }

  /** Sends a signal by its name, such as STOP. */
  void signal(String name) throws IOException, InterruptedException {
    new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor();
  }

  private List<String> lines() {
    try {
      return Files.readAllLines(output);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    process.destroyForcibly(); // SIGKILL, which a stopped process does not outlive either
  }
}
