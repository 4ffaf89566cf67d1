package dev.rankspark.jobs;

import dev.rankspark.cluster.HadoopSettings;
import dev.rankspark.run.RunConverter;
import dev.rankspark.run.RunConverter.Target;
import dev.rankspark.run.RunFormat;
import dev.rankspark.run.RunReader;
import dev.rankspark.score.RerankOptions;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * {@code convert}: Tevatron's {@code convert_result_to_trec} and {@code convert_result_to_marco}.
 */
@Command(
    name = "convert",
    mixinStandardHelpOptions = true,
    description =
        "Converts a run of 3, 4 or 6 columns to another format; the text of scores stays. A rank without"
            + " a score (--from marco) gets its reciprocal as score.",
    footerHeading = "%nExample:%n",
    footer =
        "  rankspark convert --input run.rankllama.psg.dl19.txt"
            + " --output run.rankllama.psg.dl19.trec")
final class ConvertCommand implements Callable<Integer> {
  private static final String FROM = "--from";

  @Option(names = "--input", required = true, paramLabel = "FILE", description = "the run to read")
  private String input;

  @Option(
      names = FROM,
      defaultValue = "auto",
      paramLabel = "FORMAT",
      description = "what it is: " + RunFormatMixin.FORMATS)
  private RunFormat source;

  @Option(
      names = "--output",
      required = true,
      paramLabel = "FILE",
      description = "the run to write")
  private String output;

  @Option(
      names = "--to",
      defaultValue = "trec",
      paramLabel = "FORMAT",
      description =
          "trec (qid Q0 docid rank score tag), marco (qid docid rank), tevatron (qid docid score) or"
              + " ranked (qid docid rank score); default ${DEFAULT-VALUE}")
  private Target target;

  @Option(
      names = "--remove-query",
      description = "leave out documents whose id is the query's, as some collections need")
  private boolean removeQuery;

  @Option(
      names = "--run-tag",
      defaultValue = RerankOptions.DEFAULT_RUN_TAG,
      paramLabel = "TAG",
      description = "last column of the TREC run (default ${DEFAULT-VALUE})")
  private String runTag;

  @Mixin private OutputMixin outputs;

  @Override
  public Integer call() {
    new RunConverter(new RunReader(source, FROM), target, removeQuery, runTag)
        .convert(input, output, outputs.ifExists(), HadoopSettings.ofDriver());
    return 0;
  }
}
