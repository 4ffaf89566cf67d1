package dev.rankspark.progress;

/** How far a job is in what it does now. */
public sealed interface Progress {
  /** What is done, as a title: {@code Scoring}. */
  String title();

  /** How much of {@link #all} is done. */
  long done();

  /** How much there is to do; 0 where that is not known. */
  long all();

  /**
   * Something that Spark's own tasks count.
   *
   * @param done tasks of the stage that runs
   */
  record Tasks(String title, long done, long all) implements Progress {}

  /** Bytes that are loaded, written or fetched. */
  record Bytes(String title, long done, long all) implements Progress {
    /** Those of a model's weights on their way to a device. */
    public static Bytes loaded(long done, long all) {
      return new Bytes("Loading the model", done, all);
    }
  }

  /**
   * Pairs that are scored.
   *
   * @param done pairs
   * @param tokens of these pairs
   * @param cut texts that were cut at the most tokens
   */
  record Scoring(long done, long all, long tokens, long cut) implements Progress {
    @Override
    public String title() {
      return "Scoring";
    }
  }

  /**
   * Optimizer steps.
   *
   * @param step the last one that was taken; 0 before the first
   * @param loss of it; no number before the first
   * @param done pairs of all workers since the training began or went on
   */
  record Training(int step, int steps, double loss, long done, long all) implements Progress {
    @Override
    public String title() {
      return "Training";
    }
  }
}
