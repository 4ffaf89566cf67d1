package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rankspark.jobs.LossyFileSystem.Fault;
import dev.rankspark.jobs.LossyFileSystem.Operation;
import dev.rankspark.jobs.LossyFileSystem.Script;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.apache.commons.io.FileUtils;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code reference/store}, written by the first version that kept scores: every later one reads it.
 * It is never made again; a new layout gets a golden store beside it.
 */
class GoldenStoreTest {
  @TempDir private Path folder;

  private Path store;
  private String scheme = "";

  @BeforeEach
  void copy() throws IOException {
    store = folder.resolve("store");
    if (Files.exists(Path.of(Cli.reference("store")))) {
      FileUtils.copyDirectory(Path.of(Cli.reference("store")).toFile(), store.toFile());
    }
  }

  private Cli.Result rerank(int pairs, Object output, String dtype, int tasks) throws IOException {
    return rerank(Cli.reference("base"), Cli.reference("adapter"), pairs, output, dtype, tasks);
  }

  private Cli.Result rerank(
      String base, String adapter, int pairs, Object output, String dtype, int tasks)
      throws IOException {
    List<String> lines = Files.readAllLines(Path.of(Cli.reference("expected/rerank_input.jsonl")));
    Path input = Files.write(folder.resolve("input.jsonl"), lines.subList(0, pairs));
    return Cli.run(
        Cli.rerank(
            input,
            output,
            "--model-name-or-path",
            base,
            "--lora-name-or-path",
            adapter,
            "--rerank-max-len",
            "196",
            "--dtype",
            dtype,
            "--partitions",
            Integer.toString(tasks),
            "--score-store",
            scheme + store,
            "--overwrite"));
  }

  /** {@code mvn test -pl jobs -am -Dtest=GoldenStoreTest#make -Drankspark.golden-store=FOLDER}. */
  @Test
  @EnabledIfSystemProperty(named = "rankspark.golden-store", matches = ".+")
  void make() throws IOException {
    store = Path.of(System.getProperty("rankspark.golden-store"));
    LossyFileSystem.install(Cli.startSpark().sparkContext().hadoopConfiguration());
    LossyFileSystem.play(Script.NONE);
    scheme = "lossy:";
    String base = Cli.reference("base");
    String adapter = Cli.reference("adapter");
    Path run = folder.resolve("run.txt");
    for (int pairs : new int[] {20, 40}) { // two commits each, folded
      assertThat(rerank(base, adapter, pairs, run, "float32", 2).exitCode()).isZero();
    }
    Files.copy(run, store.resolveSibling("store.run.txt"));
    assertThat(Cli.run("store", "compact", store.toString()).exitCode()).isZero();
    // Killed when its task is committed.
    LossyFileSystem.play(
        new Script(0) {
          @Override
          Fault fault(Operation operation, org.apache.hadoop.fs.Path path) {
            return operation == Operation.DELETE && path.toString().contains("/plans/")
                ? Fault.DEATH
                : Fault.NONE;
          }
        });
    rerank(base, adapter, 10, run, "bfloat16", 1);
    LossyFileSystem.play(Script.NONE);
    try (Stream<Path> files = Files.walk(store)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        if (file.getFileName().toString().startsWith(".")) {
          Files.delete(file); // what the killed run left
        } else if (file.toString().endsWith(".json")) { // no machine's path
          Files.writeString(
              file,
              Files.readString(file)
                  .replace(base, "reference/base")
                  .replace(run.toString(), "/tmp/run.txt"));
        }
      }
    }
  }

  @Test
  void itIsShownAndVerified() {
    Cli.Result info = Cli.run("store", "info", store.toString());
    assertThat(info.exitCode()).as(info.err()).isZero();
    assertThat(info.out())
        .contains(" reference/base, float32 on cpu")
        .contains(" reference/base, bfloat16 on cpu")
        .containsPattern(
            "10 scores of 2026\\S+ to \\S+, 1 files, 1,367 bytes; 1 of 1 commits count, 1 plans")
        .containsPattern(
            "40 scores of 2026\\S+ to \\S+, 1 files, 2,099 bytes; 1 of 7 commits count, 0 plans");
    Cli.Result verified = Cli.run("store", "verify", store.toString());
    assertThat(verified.exitCode()).as(verified.out()).isZero();
    assertThat(verified.out()).contains("files 2; damaged 0");
  }

  @Test
  void everyScoreIsServedAndNoModelIsLoaded() throws IOException {
    Path run = folder.resolve("run.txt");
    Cli.Result result = rerank(40, run, "float32", 2);
    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(result.err())
        .contains("pairs 40; reused 40; scored 0\n", "no model was loaded")
        .doesNotContain("scored anew");
    assertThat(run).hasSameTextualContentAs(Path.of(Cli.reference("store.run.txt")));
    assertThat(rerank(10, folder.resolve("bfloat16.txt"), "bfloat16", 1).err())
        .contains("pairs 10; reused 10; scored 0\n");
  }

  @Test
  void aKilledRunsPlanIsTakenUp() throws IOException {
    Path run = folder.resolve("run.txt");
    Path plan;
    try (Stream<Path> files = Files.walk(store)) {
      plan = files.filter(file -> file.getParent().endsWith("plans")).findFirst().orElseThrow();
    }
    String json = Files.readString(plan);
    Files.writeString(
        plan, json.replaceFirst("\"output\":\"[^\"]+\"", "\"output\":\"file:" + run + "\""));
    Cli.Result result = rerank(10, run, "bfloat16", 1);
    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(result.err())
        .contains("is taken up: 10 of 10 pairs are scored", "pairs 10; reused 10; scored 0\n");
    assertThat(plan).doesNotExist();
  }

  @Test
  void whatALaterLayoutWroteIsRefusedByName() throws IOException {
    for (String kind : List.of("commits", "plans")) {
      List<Path> written;
      try (Stream<Path> files = Files.walk(store)) {
        written = files.filter(file -> file.getParent().endsWith(kind)).sorted().toList();
      }
      Path last = written.get(written.size() - 1);
      String json = Files.readString(last);
      Files.writeString(last, json.replace("\"layout\":1", "\"layout\":2"));
      Cli.Result result = Cli.run("store", "info", store.toString());
      assertThat(result.exitCode()).isEqualTo(Main.INPUT);
      assertThat(result.lastLine())
          .contains(last.getFileName() + " has layout 2, this version reads up to 1");
      Files.writeString(last, json);
    }
  }
}
