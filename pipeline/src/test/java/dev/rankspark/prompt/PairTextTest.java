package dev.rankspark.prompt;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PairTextTest {
  private static final PairText USUAL = new PairText("query: ", "document: ");

  @Test
  void blanksOfPrefixAndTemplateAddUp() {
    assertThat(USUAL.format("who is robert gray", "", "A musician."))
        .isEqualTo("query:  who is robert gray document:   A musician.");
  }

  @Test
  void titlesLoseTheirHyphensAndOuterBlanks() {
    assertThat(USUAL.format("q", "-Wi-Fi\u00a0", "text"))
        .isEqualTo("query:  q document:  Wi Fi text");
  }

  @Test
  void withoutPrefixesTheTextIsStrippedAsPythonStrips() {
    // U+0085 and U+00A0 are white space to Python, not to Java's strip
    assertThat(new PairText("", "").format("\u0085q", "t", "text\u00a0\n")).isEqualTo("q  t text");
  }
}
