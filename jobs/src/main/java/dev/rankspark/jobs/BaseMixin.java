package dev.rankspark.jobs;

import dev.rankspark.OptionException;
import dev.rankspark.train.TrainOptions.Model;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options of what a training begins with. */
final class BaseMixin {
  private static final String SEQUENCE_CLASSIFICATION = "sequence_classification";

  @Option(
      names = "--model-name-or-path",
      required = true,
      paramLabel = "NAME",
      description = "the base, a directory or a name at the hub: a model with or without a head")
  private String model;

  @Option(
      names = "--reranker-model-type",
      defaultValue = SEQUENCE_CLASSIFICATION,
      paramLabel = "TYPE",
      description = "only ${DEFAULT-VALUE}; Tevatron's backbone rerankers are not trained here")
  private String modelType;

  @Mixin private TokenizerMixin tokenizer;

  Model options() {
    if (!modelType.equals(SEQUENCE_CLASSIFICATION)) {
      throw OptionException.of(
          "--reranker-model-type: expected %s, got \"%s\", which is not trained here",
          SEQUENCE_CLASSIFICATION, modelType);
    }
    return new Model(model, tokenizer.name().orElse(model));
  }
}
