package dev.rankspark.reranker;

import dev.rankspark.InputException;
import dev.rankspark.checkpoint.AdapterBase;
import dev.rankspark.checkpoint.ModelDirectory;
import dev.rankspark.hub.Hub;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;

/** The names of a checkpoint's parts, of which some are paths already. */
public final class ModelNames {
  private ModelNames() {}

  /**
   * Finds the directories behind names, and fetches what is not there; to be called on the driver.
   * The base that an adapter names is looked for beside the adapter first, then at the hub.
   *
   * @param names as the options have them
   * @param revision of {@code --model-name-or-path}, if it is a name
   * @return the directories
   * @throws InputException if one cannot be found or fetched
   */
  public static ModelPaths find(
      ModelPaths names, Optional<String> revision, Hub hub, Configuration hadoop) {
    String model = hub.model(names.model(), revision, "--model-name-or-path", hadoop);
    return new ModelPaths(
        model,
        names.lora().map(lora -> hub.adapter(lora, "--lora-name-or-path", hadoop)),
        names
            .base()
            .map(base -> hub.model(base, Optional.empty(), AdapterBase.OPTION, hadoop))
            .or(() -> baseOf(model, hub, hadoop)),
        names.tokenizer().map(name -> hub.tokenizer(name, "--tokenizer-name", hadoop)));
  }

  /** Empty where the model is no adapter, or its base is found as ever. */
  private static Optional<String> baseOf(String model, Hub hub, Configuration hadoop) {
    return AdapterBase.notHere(ModelDirectory.open(model, hadoop))
        .filter(base -> !Hub.isPath(base.name(), hadoop))
        .map(base -> hub.model(base.name(), base.revision(), base.whereNamed(), hadoop));
  }
}
