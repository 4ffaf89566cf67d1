package dev.rankspark.jobs;

import dev.rankspark.cluster.HadoopSettings;
import dev.rankspark.eval.TrecEval;
import dev.rankspark.eval.TrecEvalOptions;
import dev.rankspark.run.Qrels;
import dev.rankspark.run.Run;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.apache.hadoop.conf.Configuration;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code evaluate}: trec_eval, with its options and its output. */
@Command(
    name = "evaluate",
    mixinStandardHelpOptions = true,
    description = "Measures a run as trec_eval 9.0.4 does, and prints as it does.",
    footerHeading = "%nExample:%n",
    footer =
        "  rankspark evaluate -c -m ndcg_cut.10 qrels.dl19-passage.txt run.rankllama.psg.dl19.trec")
final class EvaluateCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(
      names = "-m",
      paramLabel = "MEASURE",
      description =
          "runid, num_q, num_ret, num_rel, num_rel_ret, map, gm_map, Rprec, bpref, recip_rank,"
              + " iprec_at_recall, P, recall, ndcg, ndcg_cut, map_cut, success, set_P, set_recall,"
              + " set_F, or official, which is the first twelve (default: official);"
              + " parameters after a point: ndcg_cut.10,20, iprec_at_recall.0.5, set_F.0.5,"
              + " ndcg.1=0,2=1; repeatable, of a measure named twice the first parameters count; printed in this"
              + " order")
  private List<String> measures = new ArrayList<>();

  @Option(names = "-c", description = "average over all judged queries")
  private boolean complete;

  @Option(names = "-q", description = "print every query as well")
  private boolean perQuery;

  @Option(names = "-n", description = "print no summary; with -q, the queries alone")
  private boolean noSummary;

  @Option(
      names = "-l",
      defaultValue = "1",
      paramLabel = "N",
      description = "the lowest grade that is relevant (default ${DEFAULT-VALUE})")
  private int relevanceLevel;

  @Option(
      names = "-M",
      defaultValue = "" + Integer.MAX_VALUE,
      paramLabel = "N",
      description = "count the first N documents of each query (default: all)")
  private int depth;

  @Mixin private RunFormatMixin runFormat;

  @Mixin private QrelsMixin judgements;

  @Mixin private CacheMixin cache;

  @Parameters(
      index = "0",
      paramLabel = "QRELS",
      description =
          "judgements: qid iter docid grade, qid docid grade, or BEIR's with a header (query-id"
              + " corpus-id score); or a name: dl19-passage, dl20-passage, msmarco-passage-dev-subset,"
              + " beir-v1.0.0-scifact-test (a file of --qrels-dir), BeIR/scifact-qrels (at the hub)")
  private String qrels;

  @Parameters(
      index = "1",
      paramLabel = "RUN",
      description = "a run of 3, 4 or 6 columns; scores count, ranks and the order of lines do not")
  private String run;

  @Override
  public Integer call() {
    TrecEvalOptions options =
        new TrecEvalOptions(
            measures, complete, perQuery, /* summary= */ !noSummary, relevanceLevel, depth);
    Configuration hadoop = HadoopSettings.ofDriver();
    String file = judgements.find("QRELS", qrels, cache.hub());
    TrecEval.lines(Qrels.read(file, hadoop), Run.read(run, runFormat.reader(), hadoop), options)
        .forEach(line -> spec.commandLine().getOut().print(line + "\n"));
    return 0;
  }
}
