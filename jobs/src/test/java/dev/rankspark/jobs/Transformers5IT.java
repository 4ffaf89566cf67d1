package dev.rankspark.jobs;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Checkpoints, tokenizers and adapters that transformers 5 and a current PEFT saved and scored.
 * They lie in {@code jobs/target/python5}, over the environment of {@link PythonIT}. Another seed
 * by {@code -Drankspark.seed=N}.
 */
@Tag("python")
class Transformers5IT {
  private static final long SEED = Long.getLong("rankspark.seed", 20261128);

  private static final int MODELS = 20;

  @TempDir private Path folder;

  @Test
  void modelsSavedByTransformers5ScoreAsItScoresThem() throws Exception {
    String overlay = PythonIT.PYTHON.resolveSibling("python5").toString();
    RandomModelsIT.makeModels(folder, SEED, MODELS, Map.of("PYTHONPATH", overlay));

    RandomModelsIT.assertThatModelsScoreAsExpected(folder, SEED);
  }
}
