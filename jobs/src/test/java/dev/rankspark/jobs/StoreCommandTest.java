package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code store}: what may be done to a store between two nights, and changes no score. */
class StoreCommandTest {
  @TempDir private Path folder;

  private Path store;

  /** Three nights of 140 pairs, in twelve files of four tasks each. */
  @BeforeEach
  void threeNights() throws IOException {
    store = folder.resolve("store");
    List<String> lines = Files.readAllLines(Path.of(Cli.reference("expected/rerank_input.jsonl")));
    for (int pairs : new int[] {60, 100, 140}) {
      rerank(Files.write(folder.resolve("input.jsonl"), lines.subList(0, pairs)), "run.txt");
    }
  }

  private Cli.Result rerank(Path input, String output) {
    Cli.Result result =
        Cli.run(
            Cli.rerank(
                input,
                folder.resolve(output),
                "--rerank-max-len",
                "196",
                "--partitions",
                "4",
                "--score-store",
                store.toString(),
                "--overwrite"));
    assertThat(result.exitCode()).as(result.err()).isZero();
    return result;
  }

  private Cli.Result store(String command, String... more) {
    return Cli.run(List.of("store", command, store.toString()), more);
  }

  private List<Path> files(String kind) throws IOException {
    try (Stream<Path> paths = Files.walk(store)) {
      return paths
          .filter(path -> path.getParent().endsWith(kind) && Files.isRegularFile(path))
          .sorted()
          .toList();
    }
  }

  private void assertNothingIsLost() {
    assertThat(rerank(folder.resolve("input.jsonl"), "again.txt").err())
        .contains("pairs 140; reused 140; scored 0");
    assertThat(folder.resolve("again.txt")).hasSameBinaryContentAs(folder.resolve("run.txt"));
  }

  @Test
  void infoCountsWhatCounts() {
    Cli.Result result = store("info");
    assertThat(result.exitCode()).isZero();
    assertThat(result.out())
        .contains("float32 on cpu", "140 scores of 20", ", 12 files, ", "; 3 of 15 commits count")
        .contains(Cli.reference("base"));
  }

  @Test
  void compactingLeavesOneFileAndEveryScore() throws IOException {
    assertThat(store("compact").out()).contains("scores 140 -> 140; files 12 -> 1; deleted 0");
    assertThat(files("scores")).as("in their time of grace").hasSize(13);
    assertNothingIsLost();

    assertThat(store("compact", "--grace", "0d").out())
        .contains("files 1 -> 1; deleted 27"); // 12 files, 15 commits
    assertThat(files("scores")).hasSize(1);
    assertThat(files("commits")).hasSize(1);
    assertNothingIsLost();
  }

  /** Grace is counted from when something was replaced, not from when it was written. */
  @Test
  void whatHasJustBeenReplacedStaysForRunsThatBeganBefore() throws IOException {
    FileTime longAgo = FileTime.from(Instant.now().minus(Duration.ofDays(30)));
    try (Stream<Path> paths = Files.walk(store)) {
      for (Path path : paths.filter(Files::isRegularFile).toList()) {
        Files.setLastModifiedTime(path, longAgo);
      }
    }
    assertThat(store("compact").out()).contains("files 12 -> 1; deleted 0");
    assertThat(files("scores")).hasSize(13);
  }

  @Test
  void pruningLetsYoungScoresStay() throws IOException {
    assertThat(store("prune", "--older-than", "1d", "--grace", "0d").out())
        .contains("scores 140 -> 140; files 12 -> 12; deleted 12"); // commits of single tasks
    assertNothingIsLost();
    assertThat(store("prune", "--older-than", "ninety").lastLine())
        .contains("expected days, such as 90d, got \"ninety\"");
  }

  @Test
  void verifyNamesWhatIsDamagedAndRepairSetsItAside() throws IOException {
    assertThat(store("verify").out()).contains("files 12; damaged 0");
    Path torn = files("scores").get(0);
    Files.write(torn, Arrays.copyOf(Files.readAllBytes(torn), 100));
    Path changed = files("scores").get(1);
    byte[] bytes = Files.readAllBytes(changed);
    bytes[bytes.length / 2] ^= 1;
    Files.write(changed, bytes);

    Cli.Result found = store("verify");
    assertThat(found.exitCode()).isEqualTo(Main.INPUT);
    assertThat(found.out())
        .containsPattern(torn.getFileName() + ": expected [0-9,]+ bytes, got 100\n")
        .contains(changed.getFileName() + ": expected the SHA-256 of its commit")
        .contains("files 12; damaged 2\n");

    assertThat(store("verify", "--repair").exitCode()).isZero();
    assertThat(store("verify").out()).contains("files 10; damaged 0");
    String again = rerank(folder.resolve("input.jsonl"), "again.txt").err();
    assertThat(again).containsPattern("pairs 140; reused 1\\d\\d; scored \\d+\n");
    assertThat(
            Scores.read(folder.resolve("again.txt"))
                .largestDifference(Scores.read(folder.resolve("run.txt"))))
        .isLessThanOrEqualTo(2e-5);
  }

  @Test
  void aTornCommitIsNamedAndSetAside() throws IOException {
    Path torn = files("commits").get(14); // the last night's
    Files.write(torn, Arrays.copyOf(Files.readAllBytes(torn), 20));

    Cli.Result result = store("info");
    assertThat(result.exitCode()).isEqualTo(Main.INPUT);
    assertThat(result.lastLine()).contains(torn.getFileName() + " is damaged", "--repair");
    assertThat(store("verify", "--repair").out()).contains("; damaged 1; set aside");
    assertNothingIsLost(); // its tasks' own commits are still there
  }

  @Test
  void whereThereIsNoStoreItSaysHowOneIsMade() {
    Cli.Result result = Cli.run("store", "info", folder.resolve("nothing").toString());
    assertThat(result.exitCode()).isEqualTo(Main.INPUT);
    assertThat(result.lastLine()).contains("there is no score store", "rerank --score-store");
  }
}
