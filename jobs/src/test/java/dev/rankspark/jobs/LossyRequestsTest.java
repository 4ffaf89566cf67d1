package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rankspark.jobs.LossyFileSystem.Fault;
import dev.rankspark.jobs.LossyFileSystem.Operation;
import dev.rankspark.jobs.LossyFileSystem.Script;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.commons.io.FileUtils;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * One request to the file system of a score store goes wrong: the run is byte for byte the
 * undisturbed one, at once or by the same command again, and no score is lost. The profile {@code
 * faults} goes through all kinds of requests that the commands make.
 */
class LossyRequestsTest extends LossyNights {
  /**
   * Requests that are alike but for what is unique in the names of their files: a run makes
   * hundreds, of some dozens of kinds.
   */
  private record Kind(Operation operation, String path) implements Comparable<Kind> {
    static Kind of(Operation operation, org.apache.hadoop.fs.Path path) {
      String inStore = path.toString().replaceFirst(".*/store(?=/|$)", "");
      return new Kind(operation, inStore.replaceAll("[0-9a-f-]*[0-9][0-9a-f-]*", "#"));
    }

    @Override
    public int compareTo(Kind other) {
      return Comparator.comparing(Kind::operation).thenComparing(Kind::path).compare(this, other);
    }
  }

  /** Counts the requests of a command to which nothing happens. */
  private static final class Counts extends Script {
    private final Map<Kind, Integer> requests = new TreeMap<>();

    Counts() {
      super(0);
    }

    @Override
    Fault fault(Operation operation, org.apache.hadoop.fs.Path path) {
      requests.merge(Kind.of(operation, path), 1, Integer::sum);
      return Fault.NONE;
    }

    /** The first and the last request of each kind go wrong, in a command each. */
    List<Once> each(Fault fault, String operations) {
      Set<Operation> of =
          Stream.of(operations.split(" ")).map(Operation::valueOf).collect(Collectors.toSet());
      List<Once> each = new ArrayList<>();
      requests.forEach(
          (kind, count) -> {
            if (of.contains(kind.operation())) {
              each.add(once(fault, kind, 1));
              if (count > 1) {
                each.add(once(fault, kind, count));
              }
            }
          });
      System.out.println(fault + ": " + each.size() + " of " + requests);
      return each;
    }

    private static Once once(Fault fault, Kind kind, int number) {
      return new Once(
          fault,
          kind.toString(),
          (operation, path) -> Kind.of(operation, path).equals(kind),
          number);
    }
  }

  private static List<Once> renames(int... numbers) {
    return IntStream.of(numbers)
        .mapToObj(number -> new Once(Fault.ANSWER_LOST, EnumSet.of(Operation.RENAME), "", number))
        .toList();
  }

  private void assertUndisturbedBut(List<Once> faults) throws IOException {
    for (int i = 0; i < faults.size(); i++) {
      Once fault = faults.get(i);
      store = folder.resolve(i + "/store");
      Files.deleteIfExists(run(FIRST_NIGHT));
      LossyFileSystem.play(fault);
      Cli.Result result = night(FIRST_NIGHT);
      LossyFileSystem.play(Script.NONE);
      String what = fault + "\n" + result.err();
      assertThat(fault.hasHappened()).as(what).isTrue();
      if (result.exitCode() != 0) {
        assertOneLine(result);
        assertThat(run(FIRST_NIGHT)).as(what).doesNotExist();
        result = night(FIRST_NIGHT);
        assertThat(result.exitCode()).as(what + result.err()).isZero();
      } else if (!fault.isDeath()) {
        assertThat(hidden()).as(what).isEmpty();
      }
      assertUndisturbed(FIRST_NIGHT);
      assertNothingIsLost(FIRST_NIGHT);
    }
  }

  @Test
  void aRenameWhoseAnswerIsLostHasHappened() throws IOException {
    assertUndisturbedBut(renames(1, 3, 5));
  }

  @Tag("faults")
  @ParameterizedTest
  @CsvSource({
    "DEATH, CREATE WRITE CLOSE RENAME DELETE",
    "ANSWER_LOST, CREATE CLOSE RENAME DELETE LIST",
    "SAID_FALSE, RENAME DELETE",
    "FAILED, CREATE WRITE CLOSE RENAME DELETE LIST OPEN",
  })
  void eachKindOfARun(Fault fault, String operations) throws IOException {
    Counts counts = new Counts();
    LossyFileSystem.play(counts);
    firstNight();
    assertUndisturbedBut(counts.each(fault, operations));
  }

  /** A store of two nights, whose commits say that their scores are old; the rows know better. */
  private Path oldStore() throws IOException {
    firstNight();
    assertThat(night(SECOND_NIGHT).exitCode()).isZero();
    try (Stream<Path> files = Files.walk(store)) {
      for (Path commit : files.filter(path -> path.getParent().endsWith("commits")).toList()) {
        Files.writeString(
            commit, Files.readString(commit).replaceAll("\"oldest\":\\d+", "\"oldest\":1"));
      }
    }
    return store;
  }

  private Cli.Result upkeep(String command) {
    return command.equals("prune")
        ? store("prune", "--older-than", "1d", "--grace", "0d")
        : store(command, "--grace", "0d");
  }

  private void assertNothingIsLostBut(Path whole, String command, List<Once> faults)
      throws IOException {
    for (int i = 0; i < faults.size(); i++) {
      Once fault = faults.get(i);
      store = folder.resolve(i + "/store");
      FileUtils.copyDirectory(whole.toFile(), store.toFile());
      LossyFileSystem.play(fault);
      Cli.Result result = upkeep(command);
      LossyFileSystem.play(Script.NONE);
      assertThat(fault.hasHappened()).as(fault + "\n" + result.err()).isTrue();
      if (result.exitCode() != 0) {
        assertOneLine(result);
      }
      assertThat(upkeep(command).out()).as(fault.toString()).contains("scores 24 -> 24");
      assertThat(store("verify").out()).as(fault.toString()).contains("; damaged 0");
      assertNothingIsLost(SECOND_NIGHT);
    }
  }

  @Test
  void compactionWhoseCommitGetsNoAnswer() throws IOException {
    assertNothingIsLostBut(oldStore(), "compact", renames(2));
  }

  @Tag("faults")
  @ParameterizedTest
  @CsvSource({
    "compact, DEATH, CREATE WRITE CLOSE RENAME DELETE",
    "compact, ANSWER_LOST, CREATE CLOSE RENAME DELETE",
    "compact, FAILED, CREATE WRITE CLOSE RENAME DELETE LIST OPEN",
    "prune, DEATH, CREATE WRITE CLOSE RENAME DELETE",
    "prune, ANSWER_LOST, CREATE CLOSE RENAME DELETE",
  })
  void eachKindOfUpkeep(String command, Fault fault, String operations) throws IOException {
    Path whole = oldStore();
    Counts counts = new Counts();
    store = folder.resolve("counted/store");
    FileUtils.copyDirectory(whole.toFile(), store.toFile());
    LossyFileSystem.play(counts);
    assertThat(upkeep(command).exitCode()).isZero();
    LossyFileSystem.play(Script.NONE);
    assertNothingIsLostBut(whole, command, counts.each(fault, operations));
  }
}
