package dev.rankspark.cluster;

import org.apache.spark.util.SignalUtils;
import scala.runtime.AbstractFunction0;

/** The signals of this process, which Spark's own handlers take as well. */
public final class Signals {
  private Signals() {}

  /**
   * Runs an action at a signal, in place of what Spark would do.
   *
   * @param signal such as {@code INT}
   */
  public static void handle(String signal, Runnable action) {
    SignalUtils.register(
        signal,
        new AbstractFunction0<>() {
          @Override
          public Object apply() {
            action.run();
            return true;
          }
        });
  }
}
