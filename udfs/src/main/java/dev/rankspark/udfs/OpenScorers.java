package dev.rankspark.udfs;

import dev.rankspark.InputException;
import dev.rankspark.score.ScoreOptions;
import dev.rankspark.score.TextScorer;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.spark.SparkContext;

/** The rerankers that queries of this driver have named, opened once while their files stay. */
public final class OpenScorers {
  /** A name, a tokenizer's and a model's headers: kilobytes. */
  private static final int MOST = 16;

  private static final Map<Key, TextScorer> OPEN =
      new LinkedHashMap<>(MOST, 0.75f, /* accessOrder= */ true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Key, TextScorer> eldest) {
          return size() > MOST;
        }
      };

  private record Key(String application, ScoreOptions options) {}

  private OpenScorers() {}

  /**
   * Opens a reranker.
   *
   * @throws InputException if its files are wrong
   */
  public static TextScorer of(SparkContext spark, ScoreOptions options) {
    Key key = new Key(spark.applicationId(), options);
    synchronized (OPEN) {
      TextScorer open = OPEN.get(key);
      if (open != null) {
        try {
          open.checkUnchanged();
          return open;
        } catch (InputException e) {
          OPEN.remove(key); // another model in its place
        }
      }
      TextScorer opened = TextScorer.open(spark, options);
      OPEN.put(key, opened);
      return opened;
    }
  }
}
