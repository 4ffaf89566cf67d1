package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rankspark.cluster.LateTasks;
import dev.rankspark.jobs.LossyFileSystem.Fault;
import dev.rankspark.jobs.LossyFileSystem.Operation;
import dev.rankspark.jobs.LossyFileSystem.Script;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.BiPredicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/**
 * Two nights whose score store is on a {@link LossyFileSystem}: the second takes scores from the
 * first, and computes the others.
 */
abstract class LossyNights {
  static final long SEED = 20261129;

  /** Between a score of one batch and the same score of another. */
  static final double INVARIANCE = 2e-5;

  static final int FIRST_NIGHT = 16;
  static final int SECOND_NIGHT = 24;

  static final Set<Operation> CHANGES =
      EnumSet.of(
          Operation.CREATE, Operation.WRITE, Operation.CLOSE, Operation.RENAME, Operation.DELETE);

  /** The runs of two nights, with a store that nothing happened to. */
  @TempDir static Path undisturbed;

  @TempDir Path folder;

  Path store;

  /** Something goes wrong with one request, the numberth of some kinds. */
  static final class Once extends Script {
    private final Fault fault;
    private final String what;
    private final BiPredicate<Operation, org.apache.hadoop.fs.Path> kinds;
    private final int number;
    private int requests;

    Once(
        Fault fault,
        String what,
        BiPredicate<Operation, org.apache.hadoop.fs.Path> kinds,
        int number) {
      super(0);
      this.fault = fault;
      this.what = what;
      this.kinds = kinds;
      this.number = number;
    }

    Once(Fault fault, Set<Operation> operations, String names, int number) {
      this(
          fault,
          operations + " " + names,
          (operation, path) -> operations.contains(operation) && path.toString().contains(names),
          number);
    }

    @Override
    Fault fault(Operation operation, org.apache.hadoop.fs.Path path) {
      return kinds.test(operation, path) && ++requests == number ? fault : Fault.NONE;
    }

    boolean hasHappened() {
      return requests >= number;
    }

    boolean isDeath() {
      return fault == Fault.DEATH;
    }

    @Override
    public String toString() {
      return fault + " at request " + number + " of " + what;
    }
  }

  /** The same happens to all requests of some kinds. */
  static Script always(Fault fault, Set<Operation> operations, String names) {
    return new Script(0) {
      @Override
      Fault fault(Operation operation, org.apache.hadoop.fs.Path path) {
        return operations.contains(operation) && path.toString().contains(names)
            ? fault
            : Fault.NONE;
      }
    };
  }

  @BeforeAll
  static void runUndisturbed() throws IOException {
    LossyFileSystem.install(Cli.startSpark().sparkContext().hadoopConfiguration());
    System.out.println("seed " + SEED);
    for (int pairs : new int[] {FIRST_NIGHT, SECOND_NIGHT}) {
      assertSummary(
          rerank(undisturbed, undisturbed.resolve("store"), pairs),
          pairs,
          pairs == FIRST_NIGHT ? pairs : pairs - FIRST_NIGHT);
    }
  }

  @BeforeEach
  void start() {
    store = folder.resolve("store");
  }

  @AfterEach
  void recover() {
    LossyFileSystem.play(Script.NONE);
  }

  private static Cli.Result rerank(Path folder, Path store, int pairs) throws IOException {
    List<String> lines = Files.readAllLines(Path.of(Cli.reference("expected/rerank_input.jsonl")));
    Path input = Files.write(folder.resolve("input.jsonl"), lines.subList(0, pairs));
    Cli.Result result =
        Cli.run(
            Cli.rerank(
                input,
                folder.resolve(pairs + ".txt"),
                "--rerank-max-len",
                "196",
                "--partitions",
                "2",
                "--score-store",
                "lossy:" + store,
                "--overwrite"));
    // a command fails with its first task: those beside it still clear up, or commit
    LateTasks.await(Cli.startSpark().sparkContext(), Duration.ofMinutes(1));
    return result;
  }

  Cli.Result night(int pairs) throws IOException {
    return rerank(folder, store, pairs);
  }

  Cli.Result store(String command, String... more) {
    return Cli.run(List.of("store", command, "lossy:" + store), more);
  }

  static void assertSummary(Cli.Result result, int pairs, int scored) {
    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(result.err())
        .contains("pairs " + pairs + "; reused " + (pairs - scored) + "; scored " + scored + "\n");
  }

  Path run(int pairs) {
    return folder.resolve(pairs + ".txt");
  }

  void assertUndisturbed(int pairs) {
    assertThat(run(pairs)).hasSameBinaryContentAs(undisturbed.resolve(pairs + ".txt"));
  }

  void assertNothingIsLost(int pairs) throws IOException {
    assertSummary(night(pairs), pairs, 0);
    assertUndisturbed(pairs);
  }

  static void assertOneLine(Cli.Result result, String... parts) {
    assertThat(result.exitCode()).as(result.err()).isEqualTo(Main.INPUT);
    assertThat(result.err()).doesNotContain("\tat ").doesNotContain("Exception");
    assertThat(result.lastLine()).startsWith("rankspark: --score-store: ");
    for (String part : parts) {
      assertThat(result.lastLine()).contains(part);
    }
  }

  List<Path> hidden() throws IOException {
    try (Stream<Path> files = Files.walk(store)) {
      return files.filter(file -> file.getFileName().toString().startsWith(".")).toList();
    }
  }

  void firstNight() throws IOException {
    assertSummary(night(FIRST_NIGHT), FIRST_NIGHT, FIRST_NIGHT);
  }
}
