package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * The runs and judgements that users bring: all commands read them alike, and none takes ranks for
 * scores.
 */
class RunInputsTest extends RefusedCommandTest {
  @Test
  void noCommandTakesRanksForScores() throws IOException {
    Path run = write("run.tsv", ranks(reference()));
    for (List<String> command : commands(run.toString())) {
      assertRefused(
          command,
          run + ": the third column counts 1, 2, 3, ... in every query, as an MS MARCO run does",
          formatOption(command) + " marco, or " + formatOption(command) + " tevatron");
    }
  }

  @Test
  void withTheFormatNamedAllCommandsTakeThem() throws IOException {
    Path run = write("run.tsv", ranks(reference()));
    for (List<String> command : commands(run.toString())) {
      Cli.Result result = Cli.run(command, formatOption(command), "marco");
      assertThat(result.exitCode()).as(result.err()).isZero();
    }
    assertThat(evaluate("-q", qrels(), run.toString(), "--run-format=marco"))
        .isEqualTo(evaluate("-q", qrels(), write("run.trec", withoutTies()).toString()));
    assertThat(firstOf(Cli.read(outputs.resolve("out.jsonl"))))
        .contains("\"score\": 1.0, \"query_id\"");
  }

  @Test
  void asScoresTheyTurnTheRunRoundIfTheUserSaysSo() throws IOException {
    Path run = write("run.tsv", List.of("q\ta\t1", "q\tb\t2"));
    Path qrels = write("qrels", List.of("q 0 a 1"));
    assertThat(
            evaluate(
                "-m", "recip_rank", qrels.toString(), run.toString(), "--run-format", "tevatron"))
        .endsWith("\t0.5000\n");
    assertThat(
            evaluate("-m", "recip_rank", qrels.toString(), run.toString(), "--run-format", "marco"))
        .endsWith("\t1.0000\n");
  }

  @Test
  void shuffledLinesBeyondTheDepthAndPartsOfOneRunCountToo() throws IOException {
    List<String> lines = ranks(reference());
    List<String> shuffled = new ArrayList<>(lines);
    java.util.Collections.shuffle(shuffled, new java.util.Random(20260104));
    Path run = write("shuffled.tsv", shuffled);
    assertRefused(prepare(run.toString(), "--depth", "1"), run + ": the third column counts");
    int middle = lines.size() / 2;
    Files.createDirectory(folder.resolve("parts"));
    Path first = write("parts/run-1.tsv", lines.subList(0, middle - 3));
    write("parts/run-2.tsv", lines.subList(middle - 3, lines.size()));
    assertRefused(prepare(folder.resolve("parts").toString()), first + ": the third column counts");
  }

  @Test
  void oneFileOfRanksAmongScoresIsFound() throws IOException {
    Path scores = write("run-1.txt", List.of("q1 d1 0.5"));
    Path ranks = write("run-2.txt", ranks(reference()));
    assertRefused(
        prepare(scores.toString(), "--retrieval-results", ranks.toString()),
        ranks + ": the third column counts");
  }

  @Test
  void aFileThatSparkSplitsIsJudgedAsAWhole() throws IOException {
    var hadoop = Cli.startSpark().sparkContext().hadoopConfiguration();
    String key = "mapreduce.input.fileinputformat.split.maxsize";
    Path ranks = write("run.tsv", ranks(reference()));
    List<String> almost = new ArrayList<>(ranks(reference()));
    almost.set(almost.size() - 1, almost.get(almost.size() - 1) + ".5");
    Path scores = write("scores.tsv", almost);
    hadoop.set(key, "200");
    try {
      assertRefused(prepare(ranks.toString()), ranks + ": the third column counts");
      Cli.Result result = Cli.run(prepare(scores.toString()));
      assertThat(result.exitCode()).as(result.err()).isZero();
    } finally {
      hadoop.unset(key);
    }
  }

  @Test
  void blankLinesAndTagsOfWordsChangeNothing() throws IOException {
    List<String> odd = new ArrayList<>();
    for (String line : Files.readAllLines(reference())) {
      odd.add(line + " of my own");
      odd.add(odd.size() % 7 == 0 ? " \t" : "");
    }
    odd.add("");
    Path run = write("odd.trec", odd);
    Map<String, String> expected = results(reference().toString());
    assertThat(results(run.toString())).isEqualTo(expected);
  }

  @Test
  void judgementsWithAHeaderAndInThreeColumns() throws IOException {
    List<String> three = new ArrayList<>();
    for (String line : Files.readAllLines(Path.of(qrels()))) {
      String[] columns = line.split(" ");
      three.add(String.join("\t", columns[0], columns[2], columns[3]));
    }
    Path bare = write("bare.tsv", three);
    three.add(0, "query-id\tcorpus-id\tscore");
    Path beir = write("test.tsv", three);
    String expected = evaluate("-q", qrels(), reference().toString());
    assertThat(evaluate("-q", beir.toString(), reference().toString())).isEqualTo(expected);
    assertThat(evaluate("-q", bare.toString(), reference().toString())).isEqualTo(expected);
    Cli.Result reranked = Cli.run(rerank(reference().toString()), "--qrels", beir.toString());
    assertThat(reranked.exitCode()).as(reranked.err()).isZero();
    assertThat(reranked.out()).startsWith("measure");
  }

  /** A file system that only its settings make known, as {@code spark.hadoop.*} do credentials. */
  @Test
  void hadoopsSettingsReachCommandsWithoutASession() throws IOException {
    var hadoop = Cli.startSpark().sparkContext().hadoopConfiguration();
    hadoop.set("fs.viewfs.mounttable.runs.link./in", folder.toUri().toString());
    hadoop.set("fs.viewfs.mounttable.runs.link./out", outputs.toUri().toString());
    Files.copy(reference(), folder.resolve("run.trec"));
    Files.copy(Path.of(qrels()), folder.resolve("qrels.txt"));
    Cli.Result converted =
        Cli.run(
            "convert", "--input", "viewfs://runs/in/run.trec", "--output", "viewfs://runs/out/run");
    assertThat(converted.exitCode()).as(converted.err()).isZero();
    assertThat(evaluate("viewfs://runs/in/qrels.txt", "viewfs://runs/out/run"))
        .contains("map                   \tall\t");
    Path args = write("args.json", List.of("{\"input\": \"nowhere\", \"output\": \"x\"}"));
    assertThat(Cli.run("convert", "viewfs://runs/in/" + args.getFileName()).lastLine())
        .contains("nowhere does not exist");
    Cli.Result merged =
        Cli.run(
            "merge",
            "--model-name-or-path",
            "viewfs://runs/in/base",
            "--lora-name-or-path",
            Cli.reference("adapter"),
            "--output-dir",
            outputs + "/merged");
    assertThat(merged.lastLine()).contains("viewfs://runs/in/base does not exist");
  }

  /** What each command makes of a run. */
  private Map<String, String> results(String run) {
    Map<String, String> results = new LinkedHashMap<>();
    results.put("evaluate", evaluate("-q", "-m", "map", qrels(), run));
    for (List<String> command : commands(run)) {
      if (!command.get(0).equals("evaluate")) {
        Cli.Result result = Cli.run(command, "--overwrite");
        assertThat(result.exitCode()).as(result.err()).isZero();
        results.put(command.get(0), Cli.read(Path.of(command.get(command.size() - 1))));
      }
    }
    return results;
  }

  /** All that read a run; the last argument is what they write. */
  private List<List<String>> commands(String run) {
    return List.of(
        List.of("evaluate", qrels(), run),
        List.of("convert", "--input", run, "--output", outputs + "/out.trec"),
        prepare(run),
        rerank(run));
  }

  private static String formatOption(List<String> command) {
    return command.get(0).equals("convert") ? "--from" : "--run-format";
  }

  private List<String> prepare(String run, String... more) {
    List<String> args = candidates("prepare", run);
    args.addAll(List.of(more));
    args.addAll(List.of("--output-path", outputs + "/out.jsonl"));
    return args;
  }

  private List<String> rerank(String run) {
    List<String> args = candidates("rerank", run);
    args.addAll(
        List.of(
            "--depth",
            "2",
            "--model-name-or-path",
            Cli.reference("base"),
            "--lora-name-or-path",
            Cli.reference("adapter"),
            "--dtype",
            "float32",
            "--rerank-output-path",
            outputs + "/out.txt"));
    return args;
  }

  private static List<String> candidates(String command, String run) {
    return Cli.candidates(
        command, Cli.reference("data/queries.tsv"), Cli.reference("data/corpus.jsonl"), run);
  }

  private static String evaluate(String... args) {
    List<String> all = new ArrayList<>(List.of("evaluate"));
    all.addAll(List.of(args));
    Cli.Result result = Cli.run(all);
    assertThat(result.exitCode()).as(result.err()).isZero();
    return result.out();
  }

  private static Path reference() {
    return Path.of(Cli.reference("data/run.trec"));
  }

  private static String qrels() {
    return Cli.reference("data/qrels.txt");
  }

  /** The run with scores that fall by its ranks. */
  private static List<String> withoutTies() throws IOException {
    List<String> lines = new ArrayList<>();
    for (String line : ranks(reference())) {
      String[] columns = line.split("\t");
      lines.add(columns[0] + " Q0 " + columns[1] + " 1 -" + columns[2] + " -");
    }
    return lines;
  }

  /** A run of six columns as MS MARCO has it. */
  private static List<String> ranks(Path run) throws IOException {
    List<String> ranks = new ArrayList<>();
    for (String line : Files.readAllLines(run)) {
      String[] columns = line.split(" ");
      ranks.add(String.join("\t", columns[0], columns[2], columns[3]));
    }
    return ranks;
  }

  private static String firstOf(String lines) {
    return lines.lines().findFirst().orElseThrow();
  }

  private Path write(String name, List<String> lines) throws IOException {
    return Files.write(folder.resolve(name), lines);
  }
}
