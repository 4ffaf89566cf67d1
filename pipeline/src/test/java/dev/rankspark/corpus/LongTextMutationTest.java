package dev.rankspark.corpus;

import org.junit.jupiter.api.Tag;

/** {@link TextMutationTest} with twenty times as many mutations. */
@Tag("long")
class LongTextMutationTest extends TextMutationTest {
  @Override
  int count() {
    return 10_000;
  }
}
