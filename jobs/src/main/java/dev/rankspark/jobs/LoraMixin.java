package dev.rankspark.jobs;

import dev.rankspark.train.TrainOptions.Lora;
import dev.rankspark.train.TrainOptions.Trained;
import dev.rankspark.train.TrainOptions.Trained.AllWeights;
import dev.rankspark.train.TrainOptions.Trained.GivenAdapter;
import dev.rankspark.train.TrainOptions.Trained.NewAdapter;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/** The options of which weights are trained. */
final class LoraMixin {
  @Option(names = "--lora", description = "train LoRA factors; otherwise every weight")
  private boolean lora;

  @Option(
      names = "--lora-name-or-path",
      paramLabel = "NAME",
      description = "an adapter to go on from")
  private Optional<String> adapter;

  @Option(
      names = "--lora-r",
      defaultValue = "" + Lora.DEFAULT_R,
      paramLabel = "N",
      description = "LoRA's rank (default ${DEFAULT-VALUE})")
  private int r;

  @Option(
      names = "--lora-alpha",
      defaultValue = "" + Lora.DEFAULT_ALPHA,
      paramLabel = "X",
      description = "LoRA's factors count alpha / r (default ${DEFAULT-VALUE})")
  private double alpha;

  @Option(
      names = "--lora-dropout",
      defaultValue = "" + Lora.DEFAULT_DROPOUT,
      paramLabel = "P",
      description = "dropout of the factors' input (default ${DEFAULT-VALUE})")
  private double dropout;

  @Option(
      names = "--lora-target-modules",
      split = ",",
      defaultValue = "q_proj,k_proj,v_proj,o_proj,down_proj,up_proj,gate_proj",
      paramLabel = "MODULE",
      description = "(default ${DEFAULT-VALUE})")
  private List<String> targetModules;

  Trained options() {
    if (adapter.isEmpty() && !lora) {
      return new AllWeights();
    }
    Lora settings = new Lora(r, alpha, dropout, targetModules);
    return adapter.isPresent()
        ? new GivenAdapter(adapter.get(), settings)
        : new NewAdapter(settings);
  }
}
