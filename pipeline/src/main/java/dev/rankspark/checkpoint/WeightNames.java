package dev.rankspark.checkpoint;

/** How transformers names the weights of a whole model and of its bare backbone. */
final class WeightNames {
  /** What the names of a whole model have before those of its backbone. */
  static final String BACKBONE = "model.";

  private WeightNames() {}

  /** The name in a whole model of a tensor or module whose name may be of its bare backbone. */
  static String canonical(String name) {
    boolean isWhole =
        name.startsWith(BACKBONE) || name.startsWith("score") || name.startsWith("lm_head");
    return isWhole ? name : BACKBONE + name;
  }
}
