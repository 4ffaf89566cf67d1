package dev.rankspark.jobs;

import dev.rankspark.cluster.HadoopSettings;
import dev.rankspark.files.InputPaths;
import dev.rankspark.files.OutputFile;
import dev.rankspark.merge.MergeOptions;
import dev.rankspark.reranker.ModelNames;
import dev.rankspark.reranker.ModelPaths;
import dev.rankspark.score.RerankOptions;
import dev.rankspark.score.RerankOptions.Judgements;
import dev.rankspark.score.ScoreOptions;
import dev.rankspark.score.Verify;
import dev.rankspark.train.TrainOptions;
import dev.rankspark.train.TrainOptions.Evaluation;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * The options of where names are looked up, and the step that does it: after all options were
 * checked, and before Spark begins.
 */
final class HubMixin {
  private static final String MODEL = "--model-name-or-path";

  @Option(
      names = "--revision",
      paramLabel = "REVISION",
      description =
          "branch, tag or commit of --model-name-or-path, where that is a name at the hub (default"
              + " main); of another name: NAME@REVISION")
  private Optional<String> revision;

  @Mixin private CacheMixin cache;

  /** Likewise, with downloads that are shown. */
  HubMixin showing(ProgressDisplay display) {
    cache.showing(display);
    return this;
  }

  /** The options with paths in place of names, what was not here having been fetched. */
  ScoreOptions find(ScoreOptions options) {
    return options.withModel(find(options.model()));
  }

  /** Likewise. */
  Verify.Options find(Verify.Options options) {
    return options.with(find(options.scoring()), cache.find(options.reference().texts()));
  }

  private ModelPaths find(ModelPaths names) {
    return ModelNames.find(names, revision, cache.hub(), HadoopSettings.ofDriver());
  }

  /** Likewise; an output that cannot be written is told of before anything is fetched. */
  RerankOptions find(RerankOptions options, QrelsMixin judgements) {
    Configuration hadoop = HadoopSettings.ofDriver();
    options.files().forEach(path -> OutputFile.check(path, options.ifExists(), hadoop));
    Optional<Judgements> found =
        options
            .judgements()
            .map(
                asked ->
                    new Judgements(
                        judgements.find("--qrels", asked.qrels(), cache.hub()),
                        asked.relevanceLevel()));
    return new RerankOptions(
        cache.find(options.rerankInput()),
        options.shard(),
        options.candidates().map(cache::find),
        find(options.scoring()),
        options.output(),
        options.trecOutput(),
        options.runTag(),
        options.ifExists(),
        found,
        options.scoreStore(),
        options.reportJson());
  }

  /** Likewise. */
  TrainOptions find(TrainOptions options, QrelsMixin judgements) {
    Optional<Evaluation> evaluation =
        options
            .evaluation()
            .map(
                asked ->
                    asked.withQrels(judgements.find("--eval-qrels", asked.qrels(), cache.hub())));
    InputPaths dataset = cache.find(options.data().dataset());
    TrainOptions.Model names = options.model();
    Configuration hadoop = HadoopSettings.ofDriver();
    String model = cache.hub().model(names.path(), revision, MODEL, hadoop);
    String tokenizer =
        names.tokenizer().equals(names.path())
            ? model
            : cache.hub().tokenizer(names.tokenizer(), "--tokenizer-name", hadoop);
    return options.with(
        new TrainOptions.Model(model, tokenizer),
        options
            .trained()
            .at(adapter -> cache.hub().adapter(adapter, "--lora-name-or-path", hadoop)),
        options.data().withDataset(dataset),
        evaluation);
  }

  /** Likewise. */
  MergeOptions find(MergeOptions options) {
    ModelPaths found =
        find(new ModelPaths(options.model(), options.lora(), options.base(), Optional.empty()));
    return new MergeOptions(
        found.model(),
        found.lora(),
        found.base(),
        options.output(),
        options.dtype(),
        options.shardBytes(),
        options.ifExists());
  }
}
