package dev.rankspark.jobs;

import dev.rankspark.OptionException;
import dev.rankspark.files.InputPaths;
import dev.rankspark.score.Bench;
import dev.rankspark.score.BenchReport;
import java.io.PrintWriter;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code bench}: how fast this machine scores pairs, and how close that is to what it can do. */
@Command(
    name = "bench",
    mixinStandardHelpOptions = true,
    description = {
      "Measures how fast pairs are scored on this machine: tokenizing, planning, computing and",
      "sorting; loading the model is not counted, and nothing is kept between rounds."
    },
    footerHeading = "%nExample:%n",
    footer =
        "  rankspark bench --model-name-or-path MODEL --dataset-path rerank_input.jsonl --pairs 384%n"
            + "    --query-prefix \"query: \" --passage-prefix \"document: \" --rerank-max-len 196%n"
            + "    --dtype float32 --threads 2 --json")
final class BenchCommand implements Callable<Integer> {
  /** The fewest rounds of which a median says something. */
  private static final int MIN_ROUNDS = 3;

  @Spec private CommandSpec spec;

  @Mixin private ScoreMixin scoring;

  @Mixin private HubMixin hub;

  @Option(
      names = "--dataset-path",
      required = true,
      paramLabel = "FILE",
      description = "rerank input of prepare: JSON lines; globs")
  private List<String> dataset;

  @Option(
      names = "--pairs",
      defaultValue = "384",
      paramLabel = "N",
      description = "score the first N pairs (default ${DEFAULT-VALUE})")
  private int pairs;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "threads of the arithmetic (default: one for each processor)")
  private Optional<Integer> threads;

  @Option(
      names = "--rounds",
      defaultValue = "" + MIN_ROUNDS,
      paramLabel = "N",
      description = "measure N times after one to warm up (default ${DEFAULT-VALUE})")
  private int rounds;

  @Option(names = "--json", description = "end standard output with one JSON object")
  private boolean json;

  @Override
  public Integer call() {
    if (pairs < 1) {
      throw OptionException.of("--pairs: expected at least 1, got %d", pairs);
    }
    int used = threads.orElseGet(() -> Runtime.getRuntime().availableProcessors());
    if (used < 1) {
      throw OptionException.of("--threads: expected at least 1, got %d", used);
    }
    if (rounds < MIN_ROUNDS) {
      throw OptionException.of("--rounds: expected at least %d, got %d", MIN_ROUNDS, rounds);
    }
    Bench.Options options =
        new Bench.Options(
            scoring.options(), InputPaths.of("--dataset-path", dataset), pairs, used, rounds);
    BenchReport report;
    try (ProgressDisplay display = Commands.progress(spec)) {
      Bench.Options found =
          new Bench.Options(
              hub.showing(display).find(options.scoring()),
              options.dataset(),
              options.pairs(),
              options.threads(),
              options.rounds());
      report = SparkSessions.with("bench", spark -> Bench.run(spark, found, display));
    }
    PrintWriter err = spec.commandLine().getErr();
    report.notes().forEach(note -> err.println("rankspark: " + note));
    PrintWriter out = spec.commandLine().getOut();
    out.println(report.summary());
    if (json) {
      out.println(report.json());
    }
    return 0;
  }
}
