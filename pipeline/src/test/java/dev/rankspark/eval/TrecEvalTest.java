package dev.rankspark.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.rankspark.InputException;
import dev.rankspark.OptionException;
import dev.rankspark.run.Qrels;
import dev.rankspark.run.Run;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Against the real trec_eval, which jtreceval brings as native code. */
class TrecEvalTest {
  private static final Configuration HADOOP = new Configuration();

  private static final List<String> ALL_MEASURES =
      Arrays.stream(Measure.values()).map(Measure::trecName).toList();

  /** Parameters for the random runs, of measures that have some. */
  private static final Map<String, List<String>> PARAMETERS =
      Map.of(
          "P", List.of("1", "10,5", "3,7,1000", "007"),
          "recall", List.of("2", "9,4"),
          "ndcg", List.of("1=3.5", "2=0.5,1=.25", "0=1", "3=-1,4=0", "-1=2,1=1,1=2", "7=1e1"),
          "ndcg_cut", List.of("1", "3,2", "10"),
          "map_cut", List.of("5,4,3", "1"),
          "success", List.of("2", "3,1"),
          "iprec_at_recall", List.of("0.5", "1,.25,0.333", "-1,2"),
          "set_F", List.of("0.5", "2", "-0.5,x", "1.0"));

  @TempDir private Path folder;
  private RealTrecEval trecEval;
  private Path qrels;
  private Path run;

  @BeforeEach
  void unpack() throws IOException {
    trecEval = new RealTrecEval(folder);
    qrels = folder.resolve("qrels");
    run = folder.resolve("run");
  }

  @Test
  void noCharacterDiffersOnRandomRuns() throws Exception {
    Map<Integer, Integer> exits = new HashMap<>();
    for (long seed = 0; seed < 300; seed++) {
      Random random = new Random(seed);
      writeRandom(random);
      TrecEvalOptions options =
          new TrecEvalOptions(
              randomMeasures(random),
              random.nextBoolean(),
              random.nextBoolean(),
              random.nextInt(8) > 0,
              random.nextInt(3) == 0 ? random.nextInt(7) - 2 : 1,
              random.nextBoolean() ? random.nextInt(9) : Integer.MAX_VALUE);
      exits.merge(assertSame(options, "seed " + seed), 1, Integer::sum);
    }
    // Most runs are good ones; the others are those that trec_eval refuses, too.
    assertThat(exits).containsOnlyKeys(0, 4, 7);
    assertThat(exits.get(0)).isGreaterThan(200);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "P.10,5",
        "P.5 P.10",
        "P P.3",
        "P.3 P.3,3",
        "P.05",
        "P.+5x",
        "P.2.5",
        "P.5,5",
        "P.0",
        "P.-3",
        "P.a",
        "P.",
        "P.5,",
        "P.,5",
        "P.99999",
        "map.7",
        "num_q.x",
        "map map",
        "official.3",
        "official P.3 set_F.2",
        "recip_rank map num_q",
        "iprec_at_recall.1,0,.5",
        "iprec_at_recall.0.1,.10",
        "iprec_at_recall.-0.001,123456.78,0.101,0.102",
        "iprec_at_recall.x,0x.8,1e-1,0x1p-2,0x",
        "set_F.0.5",
        "set_F.0.5,3",
        "set_F.abc",
        "set_F.é",
        "set_F.-1",
        "set_F.-2",
        "ndcg.1=3.5",
        "ndcg.1=3.5,2=9.0,4=7.0",
        "ndcg.=",
        "ndcg.x=y",
        "ndcg.1=.5,2=.9",
        "ndcg.0=.5,2=1.2",
        "ndcg.1=2,1=3",
        "ndcg.2=-1,3=0",
        "ndcg.9=-1",
        "ndcg.5",
        "ndcg.1=2,",
        "ndcg.1=2,,2=3",
        "ndcg.1==2",
        "ndcg.1=2,3",
        ".5",
        "p",
        "ndgc_cut.10",
        "MAP"
      })
  void measuresAreSpelledAndRefusedAsThere(String measures) throws Exception {
    Files.writeString(
        qrels,
        """
        q 0 a 1
        q 0 b 2
        q 0 c 0
        q 0 d 3
        q 0 e 1
        p 0 a 1
        p 0 f 0
        r 0 a -1
        r 0 b 4
        """);
    Files.writeString(
        run,
        """
        q Q0 a 1 9 t
        q Q0 c 1 8 t
        q Q0 b 1 7 t
        q Q0 x 1 6 t
        q Q0 d 1 5 t
        p Q0 f 1 9 t
        p Q0 a 1 8 t
        r Q0 a 1 4 t
        r Q0 b 1 3 t
        """);
    List<String> wishes = List.of(measures.split(" "));
    RealTrecEval.Answer theirs =
        trecEval.run(
            qrels, run, wishes.stream().flatMap(wish -> List.of("-m", wish).stream()).toList());
    if (theirs.exit() == 0) {
      assertThat(ours(options(wishes.toArray(String[]::new)))).isEqualTo(theirs.output());
    } else {
      assertThatThrownBy(() -> options(wishes.toArray(String[]::new)))
          .isInstanceOf(OptionException.class)
          .hasMessageStartingWith("-m");
    }
  }

  @Test
  void refusalsSayWhatWasExpected() {
    assertThatThrownBy(() -> options("ndgc_cut.10"))
        .hasMessage(
            "-m: unknown measure \"ndgc_cut\"; known: %s, official",
            String.join(", ", ALL_MEASURES));
    assertThatThrownBy(() -> options("ndcg_cut.0"))
        .hasMessage("-m ndcg_cut.0: expected ranks from 1 on, such as 5,10");
    assertThatThrownBy(() -> options("P.5,5")).hasMessage("-m P.5,5: rank 5 is there twice");
    assertThatThrownBy(() -> options("P."))
        .hasMessage("-m P.: expected parameters after the point");
    assertThatThrownBy(() -> options("iprec_at_recall.1,1.0"))
        .hasMessage("-m iprec_at_recall.1,1.0: 1.00 is there twice");
    assertThatThrownBy(() -> options("ndcg.5"))
        .hasMessage("-m ndcg.5: expected grade=gain, such as 1=3.5,2=9");
  }

  /** trec_eval takes these; what it makes of them is undefined in C, or a crash. */
  @Test
  void whereTrecEvalOverflowsOrCrashesIsRefused() {
    assertThatThrownBy(() -> options("P.1,99999999999"))
        .hasMessage("-m P.1,99999999999: expected ranks up to 1000000000");
    for (String measure : List.of("iprec_at_recall.nan", "set_F.-inf", "ndcg.1=1e300")) {
      assertThatThrownBy(() -> options(measure))
          .isInstanceOf(OptionException.class)
          .hasMessageStartingWith("-m " + measure + ": expected numbers up to 1e9, got \"");
    }
    assertThatThrownBy(() -> new TrecEvalOptions(List.of(), true, true, true, 1, -1))
        .hasMessage("-M: expected at least 0, got -1");
  }

  @Test
  void withoutMeasuresTheOfficialOnesArePrinted() throws Exception {
    Files.writeString(qrels, "q 0 a 1\n");
    Files.writeString(run, "q Q0 b 1 0.5 first\nq Q0 a 2 0.4 last\n");
    assertThat(ours(options()))
        .startsWith(
            """
            runid                 \tall\tlast
            num_q                 \tall\t1
            num_ret               \tall\t2
            """)
        .isEqualTo(trecEval.run(qrels, run, List.of()).output())
        .isEqualTo(ours(options("official")));
  }

  @Test
  void equalScoresStandInDescendingOrderOfDocids() throws IOException {
    Files.writeString(qrels, "q 0 a 1\n");
    Files.writeString(run, "q Q0 a 1 0.5 t\nq Q0 b 2 0.5 t\n");
    assertThat(ours(options("recip_rank"))).isEqualTo("recip_rank            \tall\t0.5000\n");
  }

  @ParameterizedTest
  @CsvSource({"0.50000001, 0.5", "0, -0.0", "1e39, 2e39"})
  void numbersThatAreTheSameFloatToCAreTies(String score, String other) throws Exception {
    Files.writeString(qrels, "q 0 a 1\n");
    Files.writeString(
        run, String.format("q Q0 a 1 %s t\nq Q0 b 2 %s t\nq Q0 c 3 %s t\n", score, other, score));
    assertThat(ours(options("recip_rank")))
        .isEqualTo(trecEval.run(qrels, run, List.of("-m", "recip_rank")).output())
        .isEqualTo("recip_rank            \tall\t0.3333\n");
  }

  @Test
  void queriesStandInTheOrderOfTheirBytes() throws Exception {
    // U+FF5E is below U+1F600 in UTF-8 and above it in Java's UTF-16.
    Files.writeString(qrels, "\uFF5E 0 a 1\n\uD83D\uDE00 0 a 0\n10 0 a 1\n9 0 a 0\n");
    Files.writeString(
        run, "\uD83D\uDE00 Q0 a 1 1 t\n\uFF5E Q0 a 1 1 t\n9 Q0 a 1 1 t\n10 Q0 a 1 1 t\n");
    TrecEvalOptions options =
        new TrecEvalOptions(List.of("map"), false, true, false, 1, Integer.MAX_VALUE);
    assertThat(ours(options))
        .isEqualTo(trecEval.run(qrels, run, List.of("-q", "-n", "-m", "map")).output());
    assertThat(ours(options).lines().map(line -> line.split("\t")[1]))
        .containsExactly("10", "9", "\uFF5E", "\uD83D\uDE00");
  }

  @Test
  void theRelevanceLevelDoesNotChangeGains() throws IOException {
    Files.writeString(qrels, "q 0 a 1\nq 0 b 3\n");
    Files.writeString(run, "q Q0 a 1 2 t\nq Q0 b 2 1 t\n");
    TrecEvalOptions strict =
        new TrecEvalOptions(List.of("ndcg", "map"), true, false, true, 2, Integer.MAX_VALUE);
    assertThat(ours(strict))
        .isEqualTo("map                   \tall\t0.5000\nndcg                  \tall\t0.7967\n");
  }

  @Test
  void aQueryWithNegativeGradesAloneIsWorthNothing() throws IOException {
    Files.writeString(qrels, "q 0 a -1\n");
    Files.writeString(run, "q Q0 a 1 2 t\nq Q0 b 2 1 t\n");
    assertThat(ours(options("map", "ndcg", "ndcg_cut.5", "bpref", "num_rel")).lines())
        .extracting(line -> line.split("\t")[2])
        .containsExactly("0", "0.0000", "0.0000", "0.0000", "0.0000");
  }

  @Test
  void aDocumentTwiceAmongTheFirstOfAJudgedQueryIsRefused() throws Exception {
    Files.writeString(qrels, "q 0 a 1\n");
    Files.writeString(
        run, "q Q0 a 1 3 t\nq Q0 b 2 2 t\nq Q0 a 3 1 t\nother Q0 a 1 1 t\nother Q0 a 2 1 t\n");
    assertThat(trecEval.run(qrels, run, List.of()).exit()).isEqualTo(4);
    assertThatThrownBy(() -> ours(options()))
        .isInstanceOf(InputException.class)
        .hasMessage("%s: docid a of query q is there twice; expected each document once", run);
    TrecEvalOptions firstTwo = new TrecEvalOptions(List.of(), true, true, true, 1, 2);
    assertThat(ours(firstTwo))
        .isEqualTo(trecEval.run(qrels, run, List.of("-c", "-q", "-M", "2")).output());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "\n \n", "other Q0 a 1 1 t\n"})
  void aRunWithoutAJudgedQueryIsRefused(String text) throws Exception {
    Files.writeString(qrels, "q 0 a 1\n");
    Files.writeString(run, text);
    RealTrecEval.Answer theirs = trecEval.run(qrels, run, List.of("-q", "-c"));
    assertThat(theirs.exit()).isNotZero();
    assertThat(theirs.output()).isEmpty();
    assertThatThrownBy(() -> ours(options()))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "%s: none of its %d queries is judged; expected judgements of the same query ids",
            run, text.isBlank() ? 0 : 1);
  }

  @Test
  void blankLinesAreSkippedInRunsAndRefusedInQrels() throws Exception {
    Files.writeString(qrels, "q 0 a 1\n");
    Files.writeString(run, "\n \t\nq Q0 a 1 3 t more and more\n\n");
    assertThat(ours(options())).isEqualTo(trecEval.run(qrels, run, List.of()).output());
    Files.writeString(qrels, "q 0 a 1\n\n");
    assertThat(trecEval.run(qrels, run, List.of()).exit()).isNotZero();
    assertThatThrownBy(() -> ours(options()))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(qrels + ":2: expected 4 columns");
  }

  @Test
  void runsOfThreeAndFourColumnsHaveNoRunid() throws IOException {
    Files.writeString(qrels, "q 0 a 1\n");
    Files.writeString(run, "q a 0.5\nq\tb\t2\t0.4\n");
    assertThat(ours(options("runid", "num_ret")))
        .isEqualTo("runid                 \tall\t-\nnum_ret               \tall\t2\n");
  }

  @Tag("conformance")
  @ParameterizedTest
  @CsvSource({
    "1, 0.7384, 0.5347, 0.9884, 0.8070, 0.8294",
    "2, 0.7384, 0.5298, 0.9138, 0.6535, 0.8721"
  })
  void repLlamasDl19Run(
      int level, String ndcg, String map, String reciprocalRank, String precision, String recall)
      throws Exception {
    useDl19();
    TrecEvalOptions options =
        new TrecEvalOptions(
            List.of("ndcg_cut.10", "map", "recip_rank", "P.10", "recall.1000"),
            true,
            true,
            true,
            level,
            Integer.MAX_VALUE);
    assertSame(options, "DL19");
    List<String> lines = ours(options).lines().toList();
    assertThat(lines.subList(lines.size() - 5, lines.size()))
        .extracting(line -> line.split("\t")[2])
        .containsExactly(map, reciprocalRank, precision, recall, ndcg);
  }

  @Tag("conformance")
  @ParameterizedTest
  @CsvSource({"1, false", "1, true", "2, false", "2, true"})
  void noCharacterDiffersOnDl19(int level, boolean perQuery) throws Exception {
    useDl19();
    for (List<String> measures : List.of(List.<String>of(), ALL_MEASURES)) {
      for (boolean complete : List.of(false, true)) {
        for (int depth : List.of(20, Integer.MAX_VALUE)) {
          TrecEvalOptions options =
              new TrecEvalOptions(measures, complete, perQuery, true, level, depth);
          assertThat(assertSame(options, "DL19")).isZero();
        }
      }
    }
  }

  private void useDl19() {
    Path data = Path.of(System.getProperty("rankspark.shared"), "data/msmarco-mini");
    qrels = data.resolve("qrels.dl19-passage.txt");
    run = data.resolve("run.repllama.psg.dl19.txt");
  }

  private static TrecEvalOptions options(String... measures) {
    return new TrecEvalOptions(List.of(measures), false, false, true, 1, Integer.MAX_VALUE);
  }

  private String ours(TrecEvalOptions options) {
    return TrecEval.lines(
            Qrels.read(qrels.toString(), HADOOP), Run.read(run.toString(), HADOOP), options)
        .stream()
        .map(line -> line + "\n")
        .collect(Collectors.joining());
  }

  /** Ours and theirs say the same, or refuse both; the exit status is theirs. */
  private int assertSame(TrecEvalOptions options, String name)
      throws IOException, InterruptedException {
    RealTrecEval.Answer theirs = trecEval.run(qrels, run, arguments(options));
    String description = name + ", " + options;
    switch (theirs.exit()) {
      case 0 -> assertThat(ours(options)).as(description).isEqualTo(theirs.output());
      case 4 ->
          assertThat(catchThrowable(() -> ours(options)))
              .as(description)
              .hasMessageEndingWith("is there twice; expected each document once");
      case 7 ->
          assertThat(catchThrowable(() -> ours(options)))
              .as(description)
              .hasMessageEndingWith("is judged; expected judgements of the same query ids");
      default -> throw new AssertionError(description + ": trec_eval's exit " + theirs.exit());
    }
    return theirs.exit();
  }

  private static List<String> arguments(TrecEvalOptions options) {
    List<String> arguments = new ArrayList<>();
    options.measures().forEach(measure -> arguments.addAll(List.of("-m", measure)));
    if (options.complete()) {
      arguments.add("-c");
    }
    if (options.perQuery()) {
      arguments.add("-q");
    }
    if (!options.summary()) {
      arguments.add("-n");
    }
    arguments.addAll(List.of("-l", Integer.toString(options.relevanceLevel())));
    if (options.depth() < Integer.MAX_VALUE) {
      arguments.addAll(List.of("-M", Integer.toString(options.depth())));
    }
    return arguments;
  }

  /** All with their defaults, the official ones, or some with parameters. */
  private static List<String> randomMeasures(Random random) {
    if (random.nextInt(4) == 0) {
      return random.nextBoolean() ? ALL_MEASURES : List.of();
    }
    List<String> measures = new ArrayList<>(List.of("num_ret"));
    for (String measure : ALL_MEASURES) {
      List<String> parameters = PARAMETERS.getOrDefault(measure, List.of());
      if (random.nextBoolean()) {
        measures.add(
            parameters.isEmpty() || random.nextBoolean()
                ? measure
                : measure + "." + parameters.get(random.nextInt(parameters.size())));
      }
    }
    Collections.shuffle(measures, random);
    return measures;
  }

  /**
   * Ties, doubles of one float, missing and extra queries, runs with no judged query, negative and
   * graded judgements, blank lines, and now and then a document twice. Every judged query has a
   * grade of at least 0: of one with negative grades alone trec_eval 9.0.4 prints what it finds in
   * memory ({@code num_rel_levels} of the query before), or crashes.
   */
  private void writeRandom(Random random) throws IOException {
    List<String> judgements = new ArrayList<>();
    List<String> results = new ArrayList<>();
    int documents = random.nextInt(5) == 0 ? 60 : 12;
    boolean disjoint = random.nextInt(15) == 0;
    for (int query = 0; query < 7; query++) {
      String qid = List.of("q", "\uFF5E", "\uD83D\uDE00").get(query % 3) + query * 7 % 12;
      boolean judged = disjoint ? query % 2 == 0 : query == 0 || random.nextInt(5) > 0;
      boolean retrieved = disjoint ? query % 2 == 1 : query == 0 || random.nextInt(5) > 0;
      int best = random.nextInt(5);
      for (int doc = 0; doc < documents; doc++) {
        String docid = List.of("D", "\uFF5E", "\uD83D\uDE00", "é").get(doc % 4) + doc;
        if (judged && (doc == 0 || random.nextInt(3) > 0)) {
          int grade = doc == 0 ? best : random.nextInt(best + 3) - 2;
          judgements.add(qid + " 0 " + docid + "\t" + grade);
        }
        if (retrieved && (doc == 1 || random.nextInt(3) > 0)) {
          results.add(qid + " Q0 " + docid + " 1 " + randomScore(random) + " tag" + doc);
        }
      }
    }
    Collections.shuffle(judgements, random);
    Collections.shuffle(results, random);
    if (random.nextInt(10) == 0) {
      results.add(random.nextInt(results.size()), results.get(0));
    }
    results.add(random.nextInt(results.size()), random.nextBoolean() ? "" : " \t");
    Files.write(qrels, judgements);
    Files.write(run, results);
  }

  private static String randomScore(Random random) {
    return switch (random.nextInt(6)) {
      case 0 -> "0." + (50_000_000 + random.nextInt(3));
      case 1 -> List.of("0", "-0.0", "1e39", "2e39", "-1e-50", "+3.5e-2").get(random.nextInt(6));
      case 2 -> Double.toString(random.nextGaussian());
      default -> Double.toString(random.nextInt(4) / 4.0);
    };
  }
}
