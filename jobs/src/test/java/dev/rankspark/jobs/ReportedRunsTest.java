package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Runs, judgements and ids as users reported them; the inputs lie outside this repository. */
@Tag("conformance")
class ReportedRunsTest extends RefusedCommandTest {
  private static Path reports;

  @BeforeAll
  static void findReports() {
    reports = Path.of(System.getProperty("rankspark.shared"), "reports");
    assertThat(reports).isDirectory();
  }

  @Test
  void anMsMarcoRunIsRefusedWithTheRemedyAndRightWithItsFormatNamed() {
    String run = report("marco/run.marco.tsv");
    List<String> evaluate = List.of("evaluate", "-m", "recip_rank", report("qrels.txt"), run);
    assertRefused(evaluate, run, "--run-format marco");
    assertRefused(convert(run), run, "--from marco");
    assertRefused(prepare("queries.tsv", run), run, "--run-format marco");
    assertRefused(rerankRun(run), run, "--run-format marco");
    assertThat(out(Cli.run(evaluate, "--run-format", "marco"))).endsWith("\t1.0000\n");
    assertThat(out(Cli.run(evaluate, "--run-format", "tevatron"))).endsWith("\t0.5000\n");
    for (List<String> command :
        List.of(
            convert(run, "--from", "marco"),
            prepare("queries.tsv", run, "--run-format", "marco"))) {
      out(Cli.run(command));
    }
    assertThat(
            out(
                Cli.run(
                    "evaluate", "-m", "recip_rank", report("qrels.txt"), outputs + "/out.trec")))
        .endsWith("\t1.0000\n");
  }

  @Test
  void blankLinesAtARunsEndAreSkippedByAll() throws IOException {
    String blank = report("files/run.blank.trec");
    String run = report("run.trec");
    assertThat(out(Cli.run("evaluate", report("qrels.txt"), blank)))
        .isEqualTo(out(Cli.run("evaluate", report("qrels.txt"), run)));
    out(Cli.run(convert(blank)));
    assertThat(Cli.read(outputs.resolve("out.trec")).lines())
        .hasSameSizeAs(Files.readAllLines(Path.of(run)));
    out(Cli.run(prepare("queries.tsv", blank)));
    String prepared = Cli.read(outputs.resolve("out.jsonl"));
    out(Cli.run(prepare("queries.tsv", run, "--overwrite")));
    assertThat(Cli.read(outputs.resolve("out.jsonl"))).isEqualTo(prepared);
    out(Cli.run(rerankRun(blank)));
    assertThat(Cli.read(outputs.resolve("out.txt")).lines()).hasSize(8);
  }

  @ParameterizedTest
  @CsvSource({"ids/space.jsonl, U+0020", "ids/tab.jsonl, U+0009"})
  void whiteSpaceInDocidsIsRefused(String input, String space) {
    assertRefused(
        rerank(
            "--dataset-path",
            report(input),
            "--rerank-output-path",
            outputs + "/out.txt",
            "--trec-output-path",
            outputs + "/out.trec"),
        report(input)
            + ":1: expected an id as \"docid\", got \"danube 2\" with white space ("
            + space);
  }

  @Test
  void judgementsOfBeir() {
    assertThat(out(Cli.run("evaluate", "-q", report("beir/test.tsv"), report("run.trec"))))
        .isEqualTo(out(Cli.run("evaluate", "-q", report("qrels.txt"), report("run.trec"))));
  }

  private static String report(String name) {
    return reports.resolve(name).toString();
  }

  private List<String> convert(String run, String... more) {
    return Cli.with(List.of("convert", "--input", run, "--output", outputs + "/out.trec"), more);
  }

  private List<String> prepare(String queries, String run, String... more) {
    return Cli.prepare(report(queries), report("corpus.jsonl"), run, outputs + "/out.jsonl", more);
  }

  private List<String> rerankRun(String run) {
    return rerank(
        "--queries",
        report("queries.tsv"),
        "--corpus",
        report("corpus.jsonl"),
        "--retrieval-results",
        run,
        "--rerank-output-path",
        outputs + "/out.txt");
  }

  private static List<String> rerank(String... more) {
    return Cli.with(
        List.of(
            "rerank",
            "--model-name-or-path",
            Cli.reference("base"),
            "--lora-name-or-path",
            Cli.reference("adapter"),
            "--dtype",
            "float32"),
        more);
  }

  private static String out(Cli.Result result) {
    assertThat(result.exitCode()).as(result.err()).isZero();
    return result.out();
  }
}
