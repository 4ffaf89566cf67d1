package dev.rankspark.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rankspark.OptionException;
import dev.rankspark.files.OutputFile.IfExists;
import dev.rankspark.run.RunConverter.Target;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An id is what a run gives back as it was written. */
class IdsTest {
  private static final Configuration HADOOP = new Configuration();
  private static final long SEED = 20260102;

  /** What ids are made of here: letters of all kinds, and what splits or hides them. */
  private static final List<String> PIECES =
      List.of(
          "d",
          "7",
          "-",
          "é",
          "e\u0301",
          "\u00df",
          "東",
          "\ud83d\ude00",
          "\"",
          "\\",
          "#",
          "\u0000",
          "\u0001",
          "\u001b",
          "\u007f",
          "\u0084",
          "\u180e",
          "\u200b",
          "\u200d",
          "\u2060",
          "\ufeff",
          "\uffff",
          " ",
          "\t",
          "\n",
          "\r",
          "\u000b",
          "\f",
          "\u001c",
          "\u001f",
          "\u0085",
          "\u00a0",
          "\u2007",
          "\u2028",
          "\u202f",
          "\u3000");

  private static final int VISIBLE = PIECES.indexOf(" ");

  /** {@code str.isspace()} of Python. */
  private static final String SPACE =
      "[\\x09-\\x0d\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";

  @TempDir private Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"D7", "7", "-", "é", "\ud83d\ude00", "a\u200bb", "a\ufeff", "\u0000"})
  void anythingWithoutWhiteSpaceIsAnId(String id) {
    assertThat(Ids.wrong("docid", id)).isEmpty();
  }

  @Test
  void whatIsWrongIsSaidInOneLine() {
    assertThat(Ids.wrong("docid", "")).hasValue("expected an id as \"docid\", got an empty text");
    assertThat(Ids.wrong("docid", null)).isPresent();
    assertThat(Ids.wrong("docid", "danube\n2"))
        .hasValue(
            "expected an id as \"docid\", got \"danube 2\" with white space (U+000A), at which the"
                + " lines of a run are split; replace it in all files");
    assertThat(Ids.wrong("query_id", "\ufeff1").orElseThrow()).contains("byte order mark", "\"1\"");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "a b", "a\tb", "a\u0085b", "a\u00a0b", "a\u3000"})
  void aTagIsOneWord(String tag) {
    assertThatThrownBy(() -> Ids.checkTag(tag))
        .isInstanceOf(OptionException.class)
        .hasMessage("--run-tag: expected one word, got \"" + tag + "\"");
    Ids.checkTag("bm25-k1=0.9");
  }

  /** The judge is a plain reading of one line: what comes back changed, or not at all, is no id. */
  @Test
  void tenThousandRandomTextsAreIdsIfTheyComeBackFromALine() {
    Random random = new Random(SEED);
    int ids = 0;
    for (int i = 0; i < 10_000; i++) {
      String text = randomText(random);
      boolean comesBack = comesBack(text);
      assertThat(Ids.wrong("docid", text).isEmpty())
          .as("seed %d, text %d: %s", SEED, i, text.codePoints().boxed().toList())
          .isEqualTo(comesBack);
      ids += comesBack ? 1 : 0;
    }
    assertThat(ids).as("seed " + SEED + ": neither all nor none").isBetween(3_000, 9_000);
  }

  @Test
  void tenThousandRandomIdsComeBackFromEveryFormat() throws IOException {
    List<String> ids = randomIds(10_000);
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < ids.size(); i++) {
      String docid = ids.get(ids.size() - 1 - i);
      lines.append(ids.get(i)).append('\t').append(docid).append("\t0.").append(i).append('\n');
    }
    Path run = Files.writeString(folder.resolve("run.tevatron"), lines);
    for (Target target : List.of(Target.TREC, Target.RANKED, Target.TEVATRON)) {
      Path converted = folder.resolve("run." + target);
      new RunConverter(RunReader.AUTO, target, /* removeQuery= */ false, "tag")
          .convert(run.toString(), converted.toString(), IfExists.FAIL, HADOOP);
      Run read = Run.read(converted.toString(), HADOOP);
      assertThat(read.qids()).as("seed %d, %s", SEED, target).containsExactlyElementsOf(ids);
      for (int i = 0; i < ids.size(); i++) {
        assertThat(read.hits(ids.get(i)))
            .as("seed %d, %s", SEED, target)
            .containsExactly(new Hit(ids.get(ids.size() - 1 - i), Double.parseDouble("0." + i)));
      }
      run = converted;
    }
  }

  /** Different ones, in the order in which they are drawn. */
  private static List<String> randomIds(int count) {
    Random random = new Random(SEED);
    Set<String> ids = new LinkedHashSet<>();
    while (ids.size() < count) {
      String text = randomText(random);
      if (Ids.wrong("docid", text).isEmpty()) {
        ids.add(text);
      }
    }
    return List.copyOf(ids);
  }

  private static String randomText(Random random) {
    StringBuilder text = new StringBuilder();
    int pieces = random.nextInt(3) == 0 ? PIECES.size() : VISIBLE;
    for (int length = random.nextInt(8); length > 0; length--) {
      text.append(PIECES.get(random.nextInt(pieces)));
    }
    return text.toString();
  }

  private static boolean comesBack(String id) {
    String line = id + "\t" + id + "\t0.5";
    String read = line.startsWith("\ufeff") ? line.substring(1) : line;
    return List.of(read.split("\r\n|\r|\n", -1)).size() == 1
        && List.of(read.split(SPACE, -1)).equals(List.of(id, id, "0.5"))
        && !id.isEmpty();
  }
}
