package dev.rankspark.corpus;

import org.junit.jupiter.api.Tag;

/** {@link ItemMutationTest} with twenty times as many mutations. */
@Tag("long")
class LongItemMutationTest extends ItemMutationTest {
  @Override
  int count() {
    return 10_000;
  }
}
