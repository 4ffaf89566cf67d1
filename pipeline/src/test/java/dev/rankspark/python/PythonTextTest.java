package dev.rankspark.python;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PythonTextTest {
  @Test
  void whiteSpaceIsWhatPythonTakesForIt() {
    // python3 -c "print(' '.join(f'{c:x}' for c in range(0x110000) if chr(c).isspace()))"
    assertThat(
            IntStream.range(0, 0x110000)
                .filter(PythonText::isSpace)
                .mapToObj(Integer::toHexString)
                .collect(Collectors.joining(" ")))
        .isEqualTo(
            "9 a b c d 1c 1d 1e 1f 20 85 a0 1680 2000 2001 2002 2003 2004 2005 2006 2007 2008 2009"
                + " 200a 2028 2029 202f 205f 3000");
  }

  @Test
  void stripAndSplitTakeAllOfIt() {
    assertThat(PythonText.strip("\u0085\u00a0 a b\u202f")).isEqualTo("a b");
    assertThat(PythonText.strip(" \t")).isEmpty();
    assertThat(PythonText.split("\u2007a\u00a0 b\tc\n")).containsExactly("a", "b", "c");
    assertThat(PythonText.split(" ")).isEmpty();
  }
}
