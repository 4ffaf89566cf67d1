package dev.rankspark.prompt;

import org.junit.jupiter.api.Tag;

/** {@link TokenizerMutationTest} with twenty times as many mutations. */
@Tag("long")
class LongTokenizerMutationTest extends TokenizerMutationTest {
  @Override
  int count() {
    return 10_000;
  }
}
