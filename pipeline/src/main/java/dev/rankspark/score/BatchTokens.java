package dev.rankspark.score;

import dev.rankspark.model.DecoderConfig;
import dev.rankspark.model.Dtype;
import dev.rankspark.model.Hardware;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * How many tokens a batch has unless {@code --max-batch-tokens} says: a function of the model's
 * shape and the device, so that every executor and every repeat makes the same plan.
 *
 * <p>On a CPU larger batches compute fewer prefixes again, smaller ones stay in the caches; where
 * the two meet was measured (AMD EPYC Zen 5, 32 MB of L3, two threads). Seconds by tokens of a
 * batch:
 *
 * <pre>
 * width, MLP, dtype          512   1,024   2,048   4,096
 * 768, 2,048, float32       2.12    2.08    2.00    2.50
 * 768, 2,048, bfloat16      1.24    1.24    1.17    1.21
 * 4,096, 11,008, float32    3.45    3.57    3.76    3.88
 * 4,096, 11,008, bfloat16   2.02    1.96    2.00    2.06
 * </pre>
 */
final class BatchTokens {
  /** What one of the MLP's activations may take, three quarters of that machine's cache. */
  private static final long ACTIVATION_BYTES = 24L << 20;

  private static final int CPU_LEAST = 512;
  private static final int CPU_MOST = 2_048;

  /** A GPU wants work for all its cores. */
  private static final int GPU = 32_768;

  private BatchTokens() {}

  /** The default for a model of this shape on this device. */
  static int byShape(DecoderConfig config, Hardware hardware) {
    if (hardware.cuda()) {
      return GPU;
    }
    int bytes = hardware.compute() == Dtype.FLOAT32 ? 4 : 2;
    int tokens = CPU_MOST;
    while (tokens > CPU_LEAST && (long) tokens * config.intermediate() * bytes > ACTIVATION_BYTES) {
      tokens /= 2;
    }
    return tokens;
  }

  /**
   * What became of the tokens of a batch, one line for each way in which they are not what was
   * asked for.
   *
   * @param asked or decided for all executors
   * @param least what that became where a device's memory was full
   * @param longest tokens of the longest pair
   */
  static List<String> notes(int asked, int least, int longest) {
    List<String> notes = new ArrayList<>();
    if (asked < longest) {
      notes.add(
          String.format(
              Locale.ROOT,
              "--max-batch-tokens %d is raised to %d, the tokens of the longest pair",
              asked,
              longest));
    }
    if (least < asked) {
      notes.add(
          String.format(
              Locale.ROOT,
              "a device's memory was full: batches were halved from %d tokens to %d;"
                  + " --max-batch-tokens %d has that from the start",
              asked,
              least,
              least));
    }
    return notes;
  }
}
