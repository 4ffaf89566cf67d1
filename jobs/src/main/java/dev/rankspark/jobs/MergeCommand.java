package dev.rankspark.jobs;

import dev.rankspark.checkpoint.ModelWriter;
import dev.rankspark.cluster.HadoopSettings;
import dev.rankspark.merge.Merge;
import dev.rankspark.merge.MergeOptions;
import dev.rankspark.merge.MergeReport;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code merge}: a base and its adapter as one plain model. */
@Command(
    name = "merge",
    mixinStandardHelpOptions = true,
    description = {
      "Makes a plain model of a base and its LoRA adapter, for transformers'",
      "AutoModelForSequenceClassification and whoever reads safetensors."
    },
    footerHeading = "%nExample:%n",
    footer =
        "  rankspark merge --model-name-or-path castorini/rankllama-v1-7b-lora-passage%n"
            + "    --dtype bfloat16 --output-dir rankllama")
final class MergeCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(
      names = "--model-name-or-path",
      required = true,
      paramLabel = "NAME",
      description =
          "the base, with --lora-name-or-path; or an adapter that names its base: a directory or a"
              + " name at the hub")
  private String model;

  @Option(names = "--lora-name-or-path", paramLabel = "NAME", description = "the adapter to merge")
  private Optional<String> lora;

  @Option(
      names = "--base-model-name-or-path",
      paramLabel = "NAME",
      description = "where the base of an adapter lies, if not where the adapter says")
  private Optional<String> base;

  @Option(
      names = "--output-dir",
      required = true,
      paramLabel = "DIR",
      description = "the directory to write")
  private String output;

  @Option(
      names = "--dtype",
      paramLabel = "DTYPE",
      description = "float32, bfloat16 or float16 (default: the base's)")
  private Optional<String> dtype;

  @Option(
      names = "--max-shard-size",
      defaultValue = ModelWriter.DEFAULT_SHARD_SIZE,
      paramLabel = "SIZE",
      description = "the most that one file of weights holds (default ${DEFAULT-VALUE})")
  private String shardSize;

  @Mixin private HubMixin hub;

  @Mixin private OutputMixin outputs;

  @Override
  public Integer call() {
    MergeOptions options =
        new MergeOptions(
            model,
            lora,
            base,
            output,
            dtype.map(MergeOptions::parseDtype),
            ModelWriter.parseShardSize(shardSize),
            outputs.ifExists());
    MergeReport report;
    try (ProgressDisplay display = Commands.progress(spec)) {
      MergeOptions found = hub.showing(display).find(options);
      report = Merge.run(found, HadoopSettings.ofDriver(), display.bytes("Writing the model"));
    }
    spec.commandLine().getErr().println(report.summary());
    return 0;
  }
}
