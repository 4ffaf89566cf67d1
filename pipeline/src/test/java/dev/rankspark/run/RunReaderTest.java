package dev.rankspark.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rankspark.InputException;
import dev.rankspark.files.OutputFile.IfExists;
import dev.rankspark.run.RunConverter.Target;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a run's columns are taken for. */
class RunReaderTest {
  private static final Configuration HADOOP = new Configuration();

  @TempDir private Path folder;

  @ParameterizedTest
  @CsvSource({
    "tevatron, q d 0.5, 0.5, -",
    "tevatron, q d 2, 2, -",
    "marco, q d 4, 0.25, -",
    "ranked, 'q\td\t7\t0.5 ', 0.5, -",
    "trec, q Q0 d 7 5e-1 tag, 0.5, tag",
    "trec, q Q0 d 7 5e-1 a tag of words, 0.5, a",
  })
  void aLineOfItsFormat(String format, String text, double score, String tag) {
    RunLine line = reader(format).line(text, () -> "").orElseThrow();
    assertThat(line.qid()).isEqualTo("q");
    assertThat(line.docid()).isEqualTo("d");
    assertThat(line.score()).isEqualTo(score);
    assertThat(line.tag()).isEqualTo(tag);
    if (!format.equals("marco")) {
      assertThat(RunReader.AUTO.line(text, () -> "")).hasValue(line);
    }
  }

  @ParameterizedTest
  @EnumSource(RunFormat.class)
  void blankLinesAreNone(RunFormat format) {
    for (String blank : List.of("", " \t", "\u0085\u3000")) {
      assertThat(reader(format.name()).line(blank, () -> "")).isEmpty();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "auto, q Q0 D7 3 11.2, '3, 4 or 6 columns (\"qid Q0 docid rank score tag\"), got 5: \"q Q0 D7 3 11.2\"'",
    "tevatron, q d 1 0.5, '3 columns (\"qid docid score\"), got 4: \"q d 1 0.5\"'",
    "marco, q Q0 d 1 0.5 t, '3 columns (\"qid docid rank\"), got 6: \"q Q0 d 1 0.5 t\"'",
    "ranked, q d 1, '4 columns (\"qid docid rank score\"), got 3: \"q d 1\"'",
    "trec, q d 1 0.5, '6 columns (\"qid Q0 docid rank score tag\"), got 4: \"q d 1 0.5\"'",
    "auto, q d nan, 'a finite number as score, got \"nan\"'",
    "trec, q Q0 d 1 high t, 'a finite number as score, got \"high\"'",
    "marco, q d 0, 'a whole number from 1 as rank, got \"0\"'",
    "marco, q d 1.5, 'a whole number from 1 as rank, got \"1.5\"'",
  })
  void anotherLineIsNamedWithFileAndLine(String format, String text, String expected) {
    assertThatThrownBy(() -> reader(format).line(text, () -> "runs/dl19:17"))
        .isInstanceOf(InputException.class)
        .hasMessage("runs/dl19:17: expected " + expected);
  }

  /** Each would have another docid, and a rank for its score. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "q Q0 danube 2 1 5.51 tag",
        "q Q0 danube two 1 5.51 tag",
        "q 1 Q0 danube-2 1 5.51 tag",
        "q\tdanube 2\t5.51",
        "q 1\tdanube-2\t5.51",
        "q\tdanube or 2\t1\t5.51",
        "q\tQ0\tdanube 2\t1\t5.51",
        "q\tQ0\tdanube 2\t1\t5.51\ttag",
        "q\tQ0\tthe danube 2\t1\t5.51\ttag",
      })
  void whiteSpaceInAnIdMovesNoColumn(String text) {
    assertThatThrownBy(() -> RunReader.AUTO.line(text, () -> "run:3"))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith("run:3: expected ");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "q Q0 d 1 5.51 2 words",
        "q Q0 d 1 5 my 2 words",
        "q\tQ0\td\t1\t5.51\t2 words",
        "q Q0 d\t1\t5.51 tag",
      })
  void aTagMayHaveBlanks(String text) {
    assertThat(RunReader.AUTO.line(text, () -> "").orElseThrow().docid()).isEqualTo("d");
  }

  @Test
  void whoSaysTheFormatIsBelieved() {
    assertThat(reader("trec").line("q Q0 d 1 5 2 words", () -> "").orElseThrow().score())
        .isEqualTo(5);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "q a 1\nq b 2\n",
        "q b 2\nq a 1\n",
        "q a 1\np a 1\nq b 2\np b 2\nr a 1\n\n",
        "q\tb\t3\nq\ta\t1\nq\tc\t2\n",
        "q a 01\nq b +2\n",
      })
  void threeColumnsThatCountRanksAreRefused(String text) throws IOException {
    assertThatThrownBy(() -> read("auto", text))
        .isInstanceOf(InputException.class)
        .hasMessage(
            folder
                + "/run: the third column counts 1, 2, 3, ... in every query, as an MS MARCO run"
                + " does (qid docid rank); read as scores it would put the last first: say"
                + " --run-format marco, or --run-format tevatron if these are scores");
    assertThat(read("tevatron", text).qids()).contains("q");
    assertThat(read("marco", text).qids()).contains("q");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "q a 1\np a 1\n", // n is 1 everywhere
        "q a 1\nq b 3\n",
        "q a 2\nq b 3\n",
        "q a 0\nq b 1\n",
        "q a 1\nq b 1\n",
        "q a 1\nq b 1\nq c 4\n",
        "q a 1\nq b 2\np a 2\n", // not in every query
        "q a 1.0\nq b 2.0\n", // no whole numbers
        "q a 2 1\nq b 1 2\n", // four columns
        "q Q0 a 2 1 t\nq Q0 b 1 2 t\n",
        "q a 1\nq b 2\nq c 1 3\n",
        "",
      })
  void otherRunsAreScores(String text) throws IOException {
    assertThat(read("auto", text)).isNotNull();
  }

  @Test
  void ofRandomQueriesThoseAreRanksThatSortToOneToN() {
    long seed = 20260103;
    Random random = new Random(seed);
    int counting = 0;
    for (int i = 0; i < 2_000; i++) {
      int size = 1 + random.nextInt(6);
      List<Long> ranks =
          new ArrayList<>(IntStream.rangeClosed(1, size).mapToObj(Long::valueOf).toList());
      if (random.nextBoolean()) {
        ranks.set(random.nextInt(size), 1L + random.nextInt(size + 1));
      }
      Collections.shuffle(ranks, random);
      boolean expected =
          ranks.stream()
              .sorted()
              .toList()
              .equals(IntStream.rangeClosed(1, size).mapToObj(Long::valueOf).toList());
      Ranks all = Ranks.NONE;
      for (long rank : ranks) {
        all = random.nextBoolean() ? all.with(rank) : Ranks.NONE.with(rank).with(all);
      }
      assertThat(all.areOneToN()).as("seed %d, %s", seed, ranks).isEqualTo(expected);
      counting += expected ? 1 : 0;
    }
    assertThat(counting).as("seed " + seed).isBetween(200, 1_800);
  }

  @Test
  void aRunOfRanksIsTheRunThatItWasMadeOf() throws IOException {
    String scores = "q a 3.5\nq b 3.4\nq c -1\np b 7\n";
    String ranks = convert("auto", Target.MARCO, scores);
    assertThat(ranks).isEqualTo("q\ta\t1\nq\tb\t2\nq\tc\t3\np\tb\t1\n");
    assertThat(convert("marco", Target.TREC, ranks))
        .isEqualTo(
            "q Q0 a 1 1.0 t\nq Q0 b 2 0.5 t\nq Q0 c 3 0.3333333333333333 t\np Q0 b 1 1.0 t\n");
    assertThat(convert("marco", Target.MARCO, ranks)).isEqualTo(ranks);
    assertThat(read("marco", ranks).hits("q"))
        .extracting(Hit::docid)
        .containsExactly("a", "b", "c");
  }

  @Test
  void conversionRefusesRanksWithoutAWord() {
    assertThatThrownBy(() -> convert("auto", Target.TREC, "q a 1\nq b 2\n"))
        .hasMessageContaining("say --from marco, or --from tevatron");
    assertThat(folder.resolve("out")).doesNotExist();
    assertThatThrownBy(() -> convert("marco", Target.TREC, "q b 2\nq a 1\n"))
        .hasMessage(
            folder
                + "/in:2: rank 1 of query q comes after rank 2; ranks are counted anew by lines, sort"
                + " the file by qid and rank");
    assertThatThrownBy(() -> convert("auto", Target.TREC, "q a high\n"))
        .hasMessageContaining("/in:1: expected a finite number as score, got \"high\"");
  }

  @Test
  void conversionTakesWhatEvaluationTakes() throws IOException {
    assertThat(convert("auto", Target.TEVATRON, "\nq Q0 a 1 3.50 my own run\n \n"))
        .isEqualTo("q\ta\t3.50\n");
  }

  private static RunReader reader(String format) {
    return new RunReader(
        RunFormat.valueOf(format.toUpperCase(java.util.Locale.ROOT)), "--run-format");
  }

  private Run read(String format, String text) throws IOException {
    Path file = Files.writeString(folder.resolve("run"), text);
    return Run.read(file.toString(), reader(format), HADOOP);
  }

  private String convert(String format, Target target, String text) throws IOException {
    Path in = Files.writeString(folder.resolve("in"), text);
    Path out = folder.resolve("out");
    new RunConverter(new RunReader(reader(format).format(), "--from"), target, false, "t")
        .convert(in.toString(), out.toString(), IfExists.OVERWRITE, HADOOP);
    return Files.readString(out);
  }
}
