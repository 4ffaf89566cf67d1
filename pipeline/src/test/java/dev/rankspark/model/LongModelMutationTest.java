package dev.rankspark.model;

import org.junit.jupiter.api.Tag;

/** {@link ModelMutationTest} with twenty times as many mutations. */
@Tag("long")
class LongModelMutationTest extends ModelMutationTest {
  @Override
  int count() {
    return 10_000;
  }
}
