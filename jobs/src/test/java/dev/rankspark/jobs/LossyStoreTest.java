package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rankspark.jobs.LossyFileSystem.Fault;
import dev.rankspark.jobs.LossyFileSystem.Operation;
import dev.rankspark.jobs.LossyFileSystem.Script;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A score store on a file system that loses answers, lists late, breaks off or dies: the run is
 * byte for byte the undisturbed one, at once or by the same command again, and no score is lost.
 */
class LossyStoreTest extends LossyNights {
  @ParameterizedTest
  @CsvSource({"BREAKS_OFF, 1", "ENDS_EARLY, 2"})
  void aFileOfScoresThatBreaksOffWhileSparkReadsIt(Fault fault, int number) throws IOException {
    firstNight();
    Once script = new Once(fault, EnumSet.of(Operation.OPEN), ".parquet", number);
    LossyFileSystem.play(script);
    Cli.Result result = night(SECOND_NIGHT);
    LossyFileSystem.play(Script.NONE);
    assertThat(script.hasHappened()).isTrue();
    assertOneLine(
        result,
        store.toString(),
        " cannot be read (",
        "if the same command fails again, rankspark store verify --repair lossy:" + store);
    assertThat(run(SECOND_NIGHT)).doesNotExist();

    assertThat(night(SECOND_NIGHT).exitCode()).isZero();
    assertUndisturbed(SECOND_NIGHT);
    assertNothingIsLost(SECOND_NIGHT);
  }

  @Tag("faults")
  @ParameterizedTest
  @MethodSource("readFaults")
  void aCommitThatBreaksOffIsReadAgain(Fault fault) throws IOException {
    firstNight();
    for (String names : List.of("/commits/", "/rankspark-store.json")) {
      Once script = new Once(fault, EnumSet.of(Operation.OPEN), names, 1);
      LossyFileSystem.play(script);
      assertNothingIsLost(FIRST_NIGHT);
      assertThat(script.hasHappened()).isTrue();
    }
  }

  static Stream<Fault> readFaults() {
    return Stream.of(Fault.FAILED, Fault.BREAKS_OFF, Fault.ENDS_EARLY);
  }

  /** Spark takes a file that it does not see for an empty one. */
  @Test
  void aFileOfScoresThatIsNotThereForSparkIsNoEmptyOne() throws IOException {
    LossyFileSystem.play(always(Fault.ENDS_EARLY, EnumSet.of(Operation.LIST), ".parquet"));
    assertOneLine(night(FIRST_NIGHT), "the score of docid ", "was written and cannot be read");
    assertThat(run(FIRST_NIGHT)).doesNotExist();
    LossyFileSystem.play(Script.NONE);
    assertThat(night(FIRST_NIGHT).err()).contains("is taken up");
    assertUndisturbed(FIRST_NIGHT);
  }

  /** What a listing lacks is scored again; what it still has is not missed. */
  @ParameterizedTest
  @CsvSource({"2", "1000"})
  void listingsThatLag(int lag) throws IOException {
    LossyFileSystem.play(new Script(lag));
    assertSummary(night(FIRST_NIGHT), FIRST_NIGHT, FIRST_NIGHT);
    assertUndisturbed(FIRST_NIGHT);
    for (int i = 0; i < 2; i++) {
      Cli.Result second = night(SECOND_NIGHT);
      assertThat(second.exitCode()).as(second.err()).isZero();
      assertThat(
              Scores.read(run(SECOND_NIGHT))
                  .largestDifference(Scores.read(undisturbed.resolve(SECOND_NIGHT + ".txt"))))
          .isLessThanOrEqualTo(INVARIANCE);
      assertThat(store("compact", "--grace", "0d").exitCode()).isZero();
      assertThat(store("verify").exitCode()).isZero();
    }
    LossyFileSystem.play(Script.NONE);
    Cli.Result last = night(SECOND_NIGHT);
    assertThat(last.exitCode()).as(last.err()).isZero();
    assertSummary(night(SECOND_NIGHT), SECOND_NIGHT, 0);
    assertThat(store("verify").out()).contains("; damaged 0");
  }

  /** The plan and the commits that it names are asked for by name. */
  @Test
  void aKilledRunIsTakenUpThoughCommitsAreNotListed() throws IOException {
    firstNight();
    LossyFileSystem.play(new Once(Fault.DEATH, CHANGES, "/commits/", 5)); // the second task's
    assertThat(night(SECOND_NIGHT).exitCode()).isEqualTo(Main.INPUT);
    LossyFileSystem.play(
        new Script(0) {
          @Override
          Fault fault(Operation operation, org.apache.hadoop.fs.Path path) {
            return operation == Operation.LIST && path.getName().equals("commits")
                ? Fault.ENDS_EARLY
                : Fault.NONE;
          }
        });
    Cli.Result result = night(SECOND_NIGHT);
    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(result.err()).contains("is taken up");
    assertUndisturbed(SECOND_NIGHT);
  }

  /** Its length is right. A bit of a page fails its checksum, one of the rest as it may. */
  @Test
  void aFileWithADamagedBitIsNamedAndNeverServed() throws IOException {
    firstNight();
    Path file = firstFile();
    byte[] sound = Files.readAllBytes(file);
    int inPages = 100; // of the first column's
    int[] places = IntStream.concat(IntStream.of(inPages), places(sound.length)).toArray();
    for (int place : places) {
      byte[] damaged = sound.clone();
      damaged[place] ^= (byte) (1 << (place % 8));
      Files.write(file, damaged);
      Cli.Result result = night(SECOND_NIGHT);
      if (result.exitCode() == 0) {
        assertThat(place).isNotEqualTo(inPages);
        assertThat(
                Scores.read(run(SECOND_NIGHT))
                    .largestDifference(Scores.read(undisturbed.resolve(SECOND_NIGHT + ".txt"))))
            .as("place " + place)
            .isLessThanOrEqualTo(INVARIANCE);
      } else {
        assertOneLine(result, "cannot be read (", "store verify --repair lossy:" + store);
      }
    }
    assertOneLine(store("compact"), file.getFileName() + ": expected the SHA-256 of its commit");
    assertRepaired(file);
  }

  private static IntStream places(int length) {
    return new Random(SEED).ints(2, 4, length);
  }

  private Path firstFile() throws IOException {
    try (Stream<Path> files = Files.walk(store)) {
      return files.filter(file -> file.toString().endsWith(".parquet")).sorted().findFirst().get();
    }
  }

  private void assertRepaired(Path file) throws IOException {
    assertThat(store("verify").out()).contains(file.getFileName() + ": expected the SHA-256");
    assertThat(store("verify", "--repair").exitCode()).isZero();
    assertThat(file).doesNotExist();
    assertThat(night(SECOND_NIGHT).exitCode()).isZero();
    assertSummary(night(SECOND_NIGHT), SECOND_NIGHT, 0);
    assertThat(
            Scores.read(run(SECOND_NIGHT))
                .largestDifference(Scores.read(undisturbed.resolve(SECOND_NIGHT + ".txt"))))
        .isLessThanOrEqualTo(INVARIANCE);
  }

  /** Parquet, of the length that the commit has, and no scores. */
  @Test
  void aForeignTableInAFilesPlaceIsNeverServed() throws IOException {
    firstNight();
    Path file = firstFile();
    Path tables = folder.resolve("tables");
    Cli.startSpark()
        .sql("SELECT id hash_high, id hash_low, 'x' length, 1.0 score FROM range(3)")
        .coalesce(1)
        .write()
        .parquet(tables.toString());
    long length = Files.size(file);
    try (Stream<Path> parts = Files.list(tables)) {
      Path table = parts.filter(part -> part.toString().endsWith(".parquet")).findFirst().get();
      Files.copy(table, file, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    }
    assertOneLine(
        night(SECOND_NIGHT), file.getFileName() + ": expected ", "store verify --repair lossy:");
    try (Stream<Path> files = Files.walk(store)) {
      for (Path commit : files.filter(path -> path.getParent().endsWith("commits")).toList()) {
        String json = Files.readString(commit);
        Files.writeString(
            commit,
            json.replace("\"bytes\":" + length + ",", "\"bytes\":" + Files.size(file) + ","));
      }
    }
    assertOneLine(night(SECOND_NIGHT), "cannot be read (", "store verify --repair lossy:" + store);
    assertRepaired(file);
  }

  @Test
  void aFullDiskIsSaidAndTheSameCommandGoesOn() throws IOException {
    Set<Operation> writes = EnumSet.of(Operation.WRITE);
    LossyFileSystem.play(always(Fault.FULL, writes, "/scores/"));
    assertOneLine(
        night(FIRST_NIGHT),
        "/scores cannot be written: No space left on device",
        "see that there is room: what was committed stays, the same command goes on from there");
    assertThat(run(FIRST_NIGHT)).doesNotExist();
    assertThat(hidden()).isEmpty();
    LossyFileSystem.play(always(Fault.FULL, writes, "/commits/"));
    assertOneLine(night(FIRST_NIGHT), "/commits", "No space left on device");

    LossyFileSystem.play(Script.NONE);
    Cli.Result result = night(FIRST_NIGHT);
    assertThat(result.err()).contains("is taken up");
    assertUndisturbed(FIRST_NIGHT);
    assertNothingIsLost(FIRST_NIGHT);
  }

  @Test
  void aStoreThatMayOnlyBeRead() throws IOException {
    Script readOnly = always(Fault.FORBIDDEN, CHANGES, "");
    LossyFileSystem.play(readOnly);
    assertOneLine(
        night(FIRST_NIGHT), "lossy:" + store + " cannot be written: Permission denied", "let this");

    LossyFileSystem.play(Script.NONE);
    firstNight();
    Files.delete(run(FIRST_NIGHT));
    LossyFileSystem.play(readOnly);
    assertNothingIsLost(FIRST_NIGHT); // there is nothing to write
    assertThat(store("verify").exitCode()).isZero();

    Cli.Result result = night(SECOND_NIGHT);
    assertOneLine(result, "/plans cannot be written: Permission denied", "let this user write");
    assertThat(result.err()).doesNotContain("Scored");
    assertOneLine(store("compact"), "/scores cannot be written: Permission denied");
  }

  /** The outputs are there, and so are the scores. */
  @Test
  void aPlanThatCannotBeDeletedIsANote() throws IOException {
    LossyFileSystem.play(always(Fault.FORBIDDEN, EnumSet.of(Operation.DELETE), "/plans/"));
    Cli.Result result = night(FIRST_NIGHT);
    assertSummary(result, FIRST_NIGHT, FIRST_NIGHT);
    assertThat(result.err()).contains("the plan stays open until this command runs again");
    assertUndisturbed(FIRST_NIGHT);
    LossyFileSystem.play(Script.NONE);
    assertNothingIsLost(FIRST_NIGHT);
    assertThat(store("info").out()).contains("0 plans");
  }

  /** All at once, over nights, until each command has ended well. */
  @Tag("faults")
  @Test
  void aFileSystemOnWhichEverythingHappens() throws IOException {
    Random random = new Random(SEED);
    Fault[] ofChanges = {Fault.FAILED, Fault.ANSWER_LOST, Fault.SAID_FALSE, Fault.DEATH};
    Fault[] ofReads = {Fault.FAILED, Fault.BREAKS_OFF, Fault.ENDS_EARLY};
    for (int pairs : new int[] {8, FIRST_NIGHT, SECOND_NIGHT}) {
      for (int tries = 1; ; tries++) {
        LossyFileSystem.play(
            new Script(random.nextInt(3)) {
              @Override
              Fault fault(Operation operation, org.apache.hadoop.fs.Path path) {
                boolean isOneOfMany = operation == Operation.WRITE; // a file is a thousand of them
                if (random.nextInt(isOneOfMany ? 10_000 : 150) > 0) {
                  return Fault.NONE;
                }
                Fault[] faults = operation.isChange() ? ofChanges : ofReads;
                return faults[random.nextInt(faults.length)];
              }
            });
        Cli.Result result = night(pairs);
        if (result.exitCode() == 0) {
          break;
        }
        assertOneLine(result);
        assertThat(tries).as(result.err()).isLessThan(20);
      }
      assertThat(Scores.read(run(pairs)).largestDifference(fresh(pairs)))
          .isLessThanOrEqualTo(INVARIANCE);
    }
    LossyFileSystem.play(Script.NONE);
    assertThat(night(SECOND_NIGHT).exitCode()).isZero(); // a plan may be open
    assertSummary(night(SECOND_NIGHT), SECOND_NIGHT, 0);
    assertThat(store("verify").out()).contains("; damaged 0");
  }

  private Scores fresh(int pairs) throws IOException {
    Path run = folder.resolve("fresh.txt");
    assertThat(
            Cli.run(
                    Cli.rerank(
                        folder.resolve("input.jsonl"),
                        run,
                        "--rerank-max-len",
                        "196",
                        "--overwrite"))
                .exitCode())
        .isZero();
    assertThat(Files.readAllLines(run)).hasSize(pairs);
    return Scores.read(run);
  }
}
