package dev.rankspark.checkpoint;

import org.junit.jupiter.api.Tag;

/** {@link CheckpointMutationTest} with twenty times as many mutations. */
@Tag("long")
class LongCheckpointMutationTest extends CheckpointMutationTest {
  @Override
  int count() {
    return 10_000;
  }
}
