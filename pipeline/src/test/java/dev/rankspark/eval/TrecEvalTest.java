package dev.rankspark.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rankspark.OptionException;
import dev.rankspark.run.Qrels;
import dev.rankspark.run.Run;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Against the real trec_eval, which jtreceval brings as native code. */
class TrecEvalTest {
  private static final List<String> MEASURES =
      List.of(
          "num_q",
          "num_ret",
          "num_rel",
          "num_rel_ret",
          "map",
          "recip_rank",
          "P",
          "recall.3,10",
          "ndcg",
          "ndcg_cut",
          "map_cut.5");

  @TempDir private Path folder;

  @Test
  void noCharacterDiffersOnRandomRuns() throws IOException {
    for (long seed = 0; seed < 100; seed++) {
      Random random = new Random(seed);
      Path qrels = folder.resolve("qrels");
      Path run = folder.resolve("run");
      writeRandom(random, qrels, run);
      TrecEvalOptions options =
          new TrecEvalOptions(
              MEASURES,
              random.nextBoolean(),
              random.nextBoolean(),
              1 + random.nextInt(3),
              random.nextBoolean() ? 1 + random.nextInt(8) : Integer.MAX_VALUE);
      assertThat(ours(qrels, run, options))
          .as("seed %d, %s", seed, options)
          .containsExactlyElementsOf(theirs(qrels, run, options));
    }
  }

  @Test
  void equalScoresStandInDescendingOrderOfDocids() throws IOException {
    Path qrels = Files.writeString(folder.resolve("qrels"), "q 0 a 1\n");
    Path run = Files.writeString(folder.resolve("run"), "q Q0 a 1 0.5 t\nq Q0 b 2 0.5 t\n");
    assertThat(ours(qrels, run, options("recip_rank")))
        .containsExactly("recip_rank            \tall\t0.5000");
  }

  @Test
  void doublesThatAreTheSameFloatAreTies() throws IOException {
    Path qrels = Files.writeString(folder.resolve("qrels"), "q 0 a 1\n");
    Path run = Files.writeString(folder.resolve("run"), "q Q0 a 1 0.50000001 t\nq Q0 b 2 0.5 t\n");
    assertThat(ours(qrels, run, options("recip_rank")))
        .containsExactly("recip_rank            \tall\t0.5000");
  }

  @Test
  void theRelevanceLevelDoesNotChangeGains() throws IOException {
    Path qrels = Files.writeString(folder.resolve("qrels"), "q 0 a 1\nq 0 b 3\n");
    Path run = Files.writeString(folder.resolve("run"), "q Q0 a 1 2 t\nq Q0 b 2 1 t\n");
    TrecEvalOptions strict =
        new TrecEvalOptions(List.of("ndcg", "map"), true, false, 2, Integer.MAX_VALUE);
    assertThat(ours(qrels, run, strict))
        .containsExactly(
            "map                   \tall\t0.5000", "ndcg                  \tall\t0.7967");
  }

  @Test
  void unknownMeasuresAreRefusedWithThoseThatAreKnown() {
    assertThatThrownBy(() -> options("ndgc_cut.10"))
        .isInstanceOf(OptionException.class)
        .hasMessageStartingWith("-m: unknown measure \"ndgc_cut\"; known: num_q, ");
    assertThatThrownBy(() -> options("ndcg_cut.0"))
        .hasMessage("-m: expected ranks after the point, got \"ndcg_cut.0\"");
    assertThatThrownBy(() -> options("map.10"))
        .hasMessage("-m: map has no cutoffs, got \"map.10\"");
  }

  @Tag("conformance")
  @ParameterizedTest
  @CsvSource({
    "1, 0.7384, 0.5347, 0.9884, 0.8070, 0.8294",
    "2, 0.7384, 0.5298, 0.9138, 0.6535, 0.8721"
  })
  void repLlamasDl19Run(
      int level, String ndcg, String map, String reciprocalRank, String precision, String recall) {
    Path data = Path.of(System.getProperty("rankspark.shared"), "data/msmarco-mini");
    Path qrels = data.resolve("qrels.dl19-passage.txt");
    Path run = data.resolve("run.repllama.psg.dl19.txt");
    TrecEvalOptions options =
        new TrecEvalOptions(
            List.of("ndcg_cut.10", "map", "recip_rank", "P.10", "recall.1000"),
            true,
            true,
            level,
            Integer.MAX_VALUE);
    List<String> lines = ours(qrels, run, options);
    assertThat(lines).containsExactlyElementsOf(theirs(qrels, run, options));
    assertThat(lines.subList(lines.size() - 5, lines.size()))
        .extracting(line -> line.split("\t")[2])
        .containsExactly(map, reciprocalRank, precision, recall, ndcg);
  }

  private static TrecEvalOptions options(String... measures) {
    return new TrecEvalOptions(List.of(measures), true, false, 1, Integer.MAX_VALUE);
  }

  private static List<String> ours(Path qrels, Path run, TrecEvalOptions options) {
    Configuration hadoop = new Configuration();
    return TrecEval.lines(
        Qrels.read(qrels.toString(), hadoop), Run.read(run.toString(), hadoop), options);
  }

  private static List<String> theirs(Path qrels, Path run, TrecEvalOptions options) {
    List<String> args = new ArrayList<>();
    options.measures().forEach(measure -> args.addAll(List.of("-m", measure)));
    if (options.complete()) {
      args.add("-c");
    }
    if (options.perQuery()) {
      args.add("-q");
    }
    args.addAll(List.of("-l", Integer.toString(options.relevanceLevel())));
    if (options.depth() < Integer.MAX_VALUE) {
      args.addAll(List.of("-M", Integer.toString(options.depth())));
    }
    args.addAll(List.of(qrels.toString(), run.toString()));
    String[][] output =
        new uk.ac.gla.terrier.jtreceval.trec_eval().runAndGetOutput(args.toArray(String[]::new));
    return Arrays.stream(output).map(columns -> line(columns)).toList();
  }

  /** jtreceval splits the lines at blanks; trec_eval's own format puts the name in 22 columns. */
  private static String line(String[] columns) {
    return String.format(Locale.ROOT, "%-22s\t%s\t%s", columns[0].strip(), columns[1], columns[2]);
  }

  /** Ties, floats of one value, missing and extra queries, negative and graded judgements. */
  private static void writeRandom(Random random, Path qrels, Path run) throws IOException {
    List<String> judgements = new ArrayList<>();
    List<String> results = new ArrayList<>();
    for (int query = 0; query < 6; query++) {
      String qid = "q" + (query * 7 % 12);
      boolean judged = query == 0 || random.nextInt(5) > 0;
      boolean retrieved = query == 0 || random.nextInt(5) > 0;
      for (int doc = 0; doc < 12; doc++) {
        String docid = (doc % 3 == 0 ? "é" : "D") + doc;
        if (judged && (doc == 0 || random.nextInt(3) > 0)) {
          judgements.add(qid + " 0 " + docid + " " + (doc == 0 ? 1 : random.nextInt(5) - 1));
        }
        if (retrieved && (doc == 1 || random.nextInt(3) > 0)) {
          String score =
              random.nextInt(4) == 0
                  ? "0." + (50_000_000 + random.nextInt(3))
                  : Double.toString(random.nextInt(4) / 4.0);
          results.add(qid + " Q0 " + docid + " 1 " + score + " tag");
        }
      }
    }
    Collections.shuffle(results, random);
    Files.write(qrels, judgements);
    Files.write(run, results);
  }
}
