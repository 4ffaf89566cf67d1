package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** trec_eval's options on our command line; its numbers are compared in TrecEvalTest. */
class EvaluateCommandTest {
  @TempDir private Path folder;
  private String qrels;
  private String run;

  @BeforeEach
  void write() throws IOException {
    qrels = Files.writeString(folder.resolve("qrels"), "q 0 a 1\np 0 a 1\n").toString();
    run = Files.writeString(folder.resolve("run"), "q Q0 b 1 2 tag\nq Q0 a 2 1 tag\n").toString();
  }

  @Test
  void withoutMeasuresItPrintsTheOfficialOnes() {
    Cli.Result result = Cli.run("evaluate", qrels, run);
    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(result.out())
        .startsWith("runid                 \tall\ttag\n")
        .endsWith("P_1000                \tall\t0.0010\n")
        .hasLineCount(30);
  }

  @Test
  void queriesCanBePrintedWithoutSummary() {
    Cli.Result result = Cli.run("evaluate", "-q", "-n", "-c", "-m", "map", qrels, run);
    assertThat(result.out()).isEqualTo("map                   \tq\t0.5000\n");
  }

  @Test
  void levelAndDepthAreRead() {
    Cli.Result result =
        Cli.run("evaluate", "-l", "2", "-M", "1", "-m", "num_ret", "-m", "num_rel", qrels, run);
    assertThat(result.out())
        .isEqualTo("num_ret               \tall\t1\nnum_rel               \tall\t0\n");
  }

  @Test
  void judgementsOfANameAreAFileOfTheFolder() throws IOException {
    Files.copy(Path.of(qrels), folder.resolve("qrels.msmarco-passage.dev-subset.txt"));
    String name = "msmarco-passage-dev-subset";

    Cli.Result result =
        Cli.run("evaluate", "-m", "map", "--qrels-dir", folder.toString(), name, run);

    assertThat(result.out()).as(result.err()).isEqualTo("map                   \tall\t0.5000\n");
  }

  @Test
  void whereJudgementsBelongThatAreNotThereIsOneLine() {
    Cli.Result none = Cli.run("evaluate", "dl20-passage", run);

    assertThat(none.exitCode()).isEqualTo(Main.INPUT);
    assertThat(none.err())
        .isEqualTo(
            "rankspark: QRELS: there are no judgements \"dl20-passage\" here: put"
                + " qrels.dl20-passage.txt into the folder of --qrels-dir or RANKSPARK_QRELS_DIR,"
                + " or into ~/.cache/pyserini/topics-and-qrels, where pyserini puts them; they are"
                + " at https://github.com/castorini/anserini-tools/tree/master/topics-and-qrels\n");
    assertThat(Cli.run("evaluate", "beir-v1.0.0-scifact-test", run).lastLine())
        .contains("put qrels.beir-v1.0.0-scifact.test.txt into")
        .contains("; nor are they at the hub: ")
        .contains("BeIR/scifact-qrels is not whole in the cache");
    assertThat(Cli.run("evaluate", "no.txt", run).lastLine()).contains("no.txt does not exist");
  }

  @Test
  void whatTrecEvalRefusesIsOneLine() throws IOException {
    Cli.Result usage = Cli.run("evaluate", "-m", "P.5,5", qrels, run);
    assertThat(usage.exitCode()).isEqualTo(Main.USAGE);
    assertThat(usage.lastLine()).contains("-m P.5,5: rank 5 is there twice");
    Files.writeString(Path.of(run), "q a 2.5\nq a 1\n");
    Cli.Result input = Cli.run("evaluate", qrels, run);
    assertThat(input.exitCode()).isEqualTo(3);
    assertThat(input.out()).isEmpty();
    assertThat(input.lastLine()).contains(run + ": docid a of query q is there twice");
  }
}
