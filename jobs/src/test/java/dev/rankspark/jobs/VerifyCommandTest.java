package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What {@code verify} says of reference scores: those that transformers and PEFT computed of 140
 * pairs, as they are and changed.
 */
class VerifyCommandTest {
  private static final JsonMapper JSON = new JsonMapper();

  private static final String INPUT = Cli.reference("expected/rerank_input.jsonl");

  private static final String RUN = Cli.reference("expected/adapter.txt");

  private static final int PAIRS = 140;

  @TempDir private Path folder;

  @Test
  void theReferencesOwnScoresAreWithin() throws IOException {
    Cli.Result result = verify(jsonLines(pair -> {}));

    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(result.out())
        .contains(
            "140 pairs of 14 queries by ",
            " on CPU, float32, beside \"score\" of " + folder.resolve("scores.jsonl"),
            "; 5 cut at 196 tokens\n",
            "\norder of the first 10: the same in all 14 queries\n",
            "\nfloat32 may differ by 1e-4 * max(1, |score|)\n",
            "\nwithin: no difference is beyond 1e-4 * max(1, |score|), the largest is ");
    assertThat(figure(result, "the reference and ours: largest difference (\\S+) "))
        .isBetween(1e-8, 2e-5);
    assertThat(figure(result, "the reference and ours: .*, mean (\\S+)\n")).isBetween(1e-9, 1e-5);
  }

  @ParameterizedTest
  @ValueSource(strings = {"%1$s\t%2$s\t%4$s", "%1$s Q0 %2$s %3$d %4$s tag", "%1$s %2$s %3$d %4$s"})
  void aRunHasItsTextsInRerankInput(String format) throws IOException {
    List<String> lines = new ArrayList<>();
    for (String line : Files.readAllLines(Path.of(RUN))) {
      String[] columns = line.split("\t");
      lines.add(String.format(format, columns[0], columns[1], lines.size() + 1, columns[2]));
    }
    Path run = Files.write(folder.resolve("run"), lines);

    Cli.Result result = verify(run, "--dataset-path", INPUT);

    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(result.out()).contains("140 pairs of 14 queries by ", "\nwithin: ");
    assertThat(result.err()).doesNotContain("not compared");
  }

  @Test
  void aRunMayHaveFewerPairsThanTheRerankInputWhichIsSaid() throws IOException {
    Path run =
        Files.write(folder.resolve("run"), Files.readAllLines(Path.of(RUN)).subList(0, PAIRS / 2));

    Cli.Result result = verify(run, "--dataset-path", INPUT);

    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(result.out()).contains("70 pairs of 7 queries by ");
    assertThat(result.err())
        .contains(
            "rankspark: 70 pairs of the rerank input have no score in " + run + " and were not");
  }

  @Test
  void aConstantOffIsFoundThoughTheOrderIsTheSame() throws IOException {
    Path file = jsonLines(pair -> add(pair, 0.01));

    Cli.Result result = verify(file);

    assertThat(result.exitCode()).isEqualTo(Main.DIFFERENT);
    assertThat(result.out())
        .contains("order of the first 10: the same in all 14 queries")
        .doesNotContain("within");
    assertThat(figure(result, "the reference and ours: .*, mean (\\S+)\n")).isEqualTo(0.01);
    assertThat(result.lastLine())
        .matches(
            "rankspark: "
                + Pattern.quote(file.toString())
                + ":\\d+: query \\S+, docid \\S+: expected a score within"
                + " 1e-4 \\* max\\(1, \\|score\\|\\) of the reference's \\S+, got \\S+; 140 of 140"
                + " pairs are beyond; what decides them is the prompt .*");
  }

  @Test
  void theToleranceMayBeAnother() throws IOException {
    Path file = jsonLines(pair -> add(pair, 0.01));

    assertThat(verify(file, "--tolerance", "0.0101").exitCode()).isZero();
    assertThat(verify(file, "--tolerance", "0.0005").exitCode()).isEqualTo(Main.DIFFERENT);
  }

  @ParameterizedTest
  @CsvSource({"4.0, 100.0, 0", "0.0, 1.0, 6"})
  void inFloat32ADifferenceIsHeldAgainstTheScoreOrOne(double from, double to, int exitCode)
      throws IOException {
    // 1.5e-4 is within 1e-4 of 4 and not of 1
    Path file =
        jsonLines(
            pair -> {
              double size = Math.abs(pair.path("score").doubleValue());
              add(pair, size >= from && size < to ? 1.5e-4 : 0);
            });

    assertThat(verify(file).exitCode()).isEqualTo(exitCode);
  }

  @Test
  void twoThatChangePlacesAreCountedAndTheLargestDifferenceIsNamed() throws IOException {
    // the first two of query 1005 have 4.97 and 4.04
    Map<String, Double> swapped =
        Map.of("danube-3", 4.035502910614014, "amazon-2", 4.966592788696289);
    Path file =
        jsonLines(
            pair -> {
              Double other = swapped.get(pair.path("docid").asText());
              if (other != null && pair.path("qid").asText().equals("1005")) {
                pair.put("score", other);
              }
            });

    Cli.Result result = verify(file);

    assertThat(result.exitCode()).isEqualTo(Main.DIFFERENT);
    assertThat(result.out())
        .contains(
            "order of the first 10: another in 1 of 14 queries, the first is 1005; another document"
                + " at 2 positions")
        .containsPattern(
            "the reference and ours: largest difference 0\\.931 \\(query 1005, docid"
                + " (danube-3: 4\\.0355\\d+ and 4\\.9665|amazon-2: 4\\.9665\\d+ and 4\\.0355)");
    assertThat(result.lastLine()).contains(": query 1005, docid ", "; 2 of 140 pairs are beyond");
  }

  @Test
  void anotherDtypeIsHeldAgainstWhatItCostsByItself() throws IOException {
    Path file = jsonLines(pair -> {});

    Cli.Result result = verify(file, "--dtype", "bfloat16");

    assertThat(result.exitCode()).as(result.err()).isZero();
    double own = figure(result, "\nours in float32 and in bfloat16: .*, mean (\\S+)\n");
    assertThat(own).isBetween(0.02, 0.08); // reference/README.md: the reference's own is 0.051
    assertThat(figure(result, "\nthe reference and ours: .*, mean (\\S+)\n"))
        .isBetween(0.95 * own, 1.05 * own);
    assertThat(figure(result, "\nthe reference and ours in float32: .* difference (\\S+) "))
        .isLessThan(2e-5);
    assertThat(result.out())
        .containsPattern(
            "\nwithin: the mean difference is \\S+, at most \\S+ \\(1\\.1 times the mean difference"
                + " of bfloat16 from float32, at least 1e-4\\)\n");
  }

  @Test
  void inAnotherDtypeAConstantOffIsFoundByTheMean() throws IOException {
    Path file = jsonLines(pair -> add(pair, 0.2));

    Cli.Result result = verify(file, "--dtype", "bfloat16");

    assertThat(result.exitCode()).isEqualTo(Main.DIFFERENT);
    assertThat(result.lastLine())
        .matches(
            "rankspark: "
                + Pattern.quote(file.toString())
                + ": expected a mean difference of at most 0\\.0\\d+ \\(1\\.1 times .*\\), got 0\\.\\d+;"
                + " what decides .*");
    assertThat(verify(file, "--dtype", "bfloat16", "--tolerance", "0.3").exitCode()).isZero();
  }

  @Test
  void theScoreThatIsAskedForIsTheOneThatIsCompared() throws IOException {
    String model = withSigmoid();
    Path run = folder.resolve("raw.txt");
    List<String> rerank = new ArrayList<>(List.of("rerank", "--model-name-or-path", model));
    rerank.addAll(List.of("--dataset-path", INPUT, "--rerank-output-path", run.toString()));
    rerank.addAll(List.of("--dtype", "float32", "--rerank-max-len", "196"));
    assertThat(Cli.run(rerank).exitCode()).isZero();
    Scores raw = Scores.read(run);
    Path both =
        jsonLines(
            pair -> {
              double score =
                  raw.byQuery().get(pair.path("qid").asText()).get(pair.path("docid").asText());
              pair.put("raw", score).put("score", 1 / (1 + Math.exp(-score)));
            });

    Cli.Result byRaw = verifyModel(model, both);
    Cli.Result published = verifyModel(model, both, "--score", "published");

    assertThat(byRaw.exitCode()).as(byRaw.err()).isZero();
    assertThat(byRaw.out()).contains("beside \"raw\" of ");
    assertThat(published.exitCode()).as(published.err()).isZero();
    assertThat(published.out()).contains("beside \"score\" of ");

    Path publishedAlone = folder.resolve("published.jsonl");
    Files.writeString(
        publishedAlone, Files.readString(both).replaceAll("\"raw\":[^,}]*,|,\"raw\":[^,}]*", ""));
    Cli.Result wrong = verifyModel(model, publishedAlone);
    assertThat(wrong.exitCode()).isEqualTo(Main.DIFFERENT);
    assertThat(wrong.lastLine())
        .endsWith(
            "; the reference's scores are between 0 and 1, the others are not: compare with --score"
                + " published");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{'qid':'q','docid':'d','query':'a','text':'b'}|expected a finite number in \"score\", got"
            + " none; write the reference's score there, or leave the pair out",
        "{'qid':'q','docid':'d','query':'a','text':'b','score':'0.5'}|expected a finite number in"
            + " \"score\", got \"0.5\"; write the reference's score there, or leave the pair out",
        "{'qid':'q','docid':'d','query':'a','text':'b','score':NaN}|expected a finite number in"
            + " \"score\", got NaN; write the reference's score there, or leave the pair out",
        "{'qid':'q','docid':'d','query':'a','score':1}|expected the pair's texts in \"query\" and"
            + " \"text\", got no \"text\"; write what the reference scored, or give a run and its"
            + " rerank input",
        "{'qid':'q','docid':'d','text':'a','score':1}|expected the pair's texts in \"query\" and"
            + " \"text\", got no \"query\"; write what the reference scored, or give a run and its"
            + " rerank input",
        "{'docid':'d','query':'a','text':'b','score':1}|expected a text in \"qid\", got none",
        "{'qid':'q','docid':'d e','query':'a','text':'b','score':1}|expected an id as \"docid\", got"
            + " \"d e\" with white space (U+0020), at which the lines of a run are split; replace it"
            + " in all files",
        "{'qid':'q','docid':'d','query':'a','text':'b','score':1,'raw':1}|expected no \"raw\", as"
            + " FILE:1 has, got one; give all lines one, or none",
        "{'qid':'p','docid':'d','query':'a','text':'b','score':1}|expected each pair once, got query"
            + " p, docid d, which FILE:1 has as well; leave one of them out",
        "{'qid':'q|broken JSON: the line ends within a value; expected a whole object on each line"
      })
  void aLineThatIsWrongIsNamed(String line, String message) throws IOException {
    String good = "{'qid':'p','docid':'d','query':'a','text':'b','score':1}";
    Path file = folder.resolve("wrong.jsonl");
    Files.writeString(file, (good + "\n\n" + line + "\n").replace('\'', '"'));

    assertRefused(file + ":3: " + message.replace("FILE", file.toString()), verify(file));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "1005 danube-3 high|:2: expected a finite number as score, got \"high\"",
        "1005 amazon-2 1.5|:2: expected each pair once, got query 1005, docid amazon-2, which FILE:1"
            + " has as well; leave one of them out",
        "1005 nowhere-1 1.5|:2: expected the texts of query 1005, docid nowhere-1 in --dataset-path"
            + " INPUT, got none (so it is with 1 of 2 pairs); give the rerank input that the reference"
            + " scored",
        "1005 danube-3 2|: expected scores in the third column, got 1, 2, 3, ... in every query, as"
            + " ranks are; give a run with scores, or say --run-format tevatron if these are",
      })
  void aLineOfARunThatIsWrongIsNamed(String line, String message) throws IOException {
    Path run = Files.writeString(folder.resolve("run"), "1005 amazon-2 1\n" + line + "\n");

    assertRefused(
        run + message.replace("FILE", run.toString()).replace("INPUT", INPUT),
        verify(run, "--dataset-path", INPUT));
  }

  @Test
  void twoTextsOfOnePairAreRefused() throws IOException {
    Path run = Files.writeString(folder.resolve("run"), "q d 1.5\n");
    String pair = "{\"query_id\": \"q\", \"query\": \"a\", \"docid\": \"d\", \"text\": \"%s\"}\n";
    Path input = folder.resolve("input.jsonl");
    Files.writeString(input, String.format(pair, "b") + String.format(pair, "c"));

    assertRefused(
        "--dataset-path: "
            + input
            + ": expected one text of query q, docid d, got two that differ; leave one of them out",
        verify(run, "--dataset-path", input.toString()));
  }

  @Test
  void anEmptyFile() throws IOException {
    Path file = Files.writeString(folder.resolve("empty.jsonl"), "\n");
    assertRefused(
        file
            + ": expected a scored pair on each line, got an empty file; give the file that the"
            + " reference wrote",
        verify(file));
  }

  @Test
  void optionsThatDoNotFitTheFile() throws IOException {
    Path lines = jsonLines(pair -> {});
    assertUsage(
        "--dataset-path is missing: "
            + RUN
            + " is a run, which has no texts; give the rerank input that the reference scored",
        verify(Path.of(RUN)));
    assertUsage(
        "--dataset-path: " + lines + " has texts of its own; leave the option out",
        verify(lines, "--dataset-path", INPUT));
    assertUsage(
        "--run-format: expected tevatron, ranked or trec, got marco: ranks alone are no scores",
        verify(Path.of(RUN), "--run-format", "marco"));
    assertUsage(
        "--tolerance: expected a number from 0, got -1.0", verify(lines, "--tolerance", "-1"));
    assertUsage("--threads: expected at least 1, got 0", verify(lines, "--threads", "0"));
  }

  private static void assertRefused(String message, Cli.Result result) {
    assertThat(result.lastLine()).isEqualTo("rankspark: " + message);
    assertThat(result.exitCode()).isEqualTo(Main.INPUT);
    assertThat(result.out()).isEmpty();
  }

  private static void assertUsage(String message, Cli.Result result) {
    assertThat(result.lastLine()).startsWith("rankspark: " + message);
    assertThat(result.exitCode()).isEqualTo(Main.USAGE);
  }

  /** The number in the output. */
  private static double figure(Cli.Result result, String pattern) {
    Matcher matcher = Pattern.compile(pattern).matcher(result.out());
    assertThat(matcher.find()).as(pattern + " in " + result.out() + result.err()).isTrue();
    return Double.parseDouble(matcher.group(1));
  }

  private static void add(ObjectNode pair, double difference) {
    pair.put("score", pair.path("score").doubleValue() + difference);
  }

  /** The reference's pairs in the rerank input's order, each changed. */
  private Path jsonLines(Consumer<ObjectNode> change) throws IOException {
    Scores scores = Scores.read(Path.of(RUN));
    List<String> lines = new ArrayList<>();
    for (String line : Files.readAllLines(Path.of(INPUT))) {
      ObjectNode input = (ObjectNode) JSON.readTree(line);
      String qid = input.path("query_id").asText();
      ObjectNode pair = JSON.createObjectNode().put("qid", qid);
      for (String name : List.of("docid", "query", "title", "text")) {
        pair.set(name, input.get(name));
      }
      pair.put("score", scores.byQuery().get(qid).get(input.path("docid").asText()));
      change.accept(pair);
      lines.add(JSON.writeValueAsString(pair));
    }
    assertThat(lines).hasSize(PAIRS);
    return Files.write(folder.resolve("scores.jsonl"), lines);
  }

  /** A model whose publisher's score is a sigmoid, as sentence-transformers says it. */
  private String withSigmoid() throws IOException {
    Path model = Files.createDirectory(folder.resolve("model"));
    try (Stream<Path> files = Files.list(Path.of(Cli.reference("mistral")))) {
      for (Path file : files.toList()) {
        Files.copy(file, model.resolve(file.getFileName()));
      }
    }
    Files.writeString(
        model.resolve("modules.json"),
        "[{\"idx\": 0, \"name\": \"0\", \"path\": \"\", \"type\":"
            + " \"sentence_transformers.models.Transformer\"}]");
    Files.writeString(model.resolve("config_sentence_transformers.json"), "{}");
    Files.writeString(model.resolve("sentence_bert_config.json"), "{}");
    return model.toString();
  }

  private static Cli.Result verify(Path reference, String... more) {
    List<String> args = new ArrayList<>(List.of("verify", "--reference", reference.toString()));
    args.addAll(List.of("--model-name-or-path", Cli.reference("base")));
    args.addAll(List.of("--lora-name-or-path", Cli.reference("adapter"), "--threads", "2"));
    args.addAll(List.of("--query-prefix", "query: ", "--passage-prefix", "document: "));
    args.addAll(List.of("--rerank-max-len", "196", "--dtype", "float32"));
    return Cli.run(args, more);
  }

  private static Cli.Result verifyModel(String model, Path reference, String... more) {
    List<String> args = new ArrayList<>(List.of("verify", "--reference", reference.toString()));
    args.addAll(List.of("--model-name-or-path", model, "--threads", "2"));
    args.addAll(List.of("--rerank-max-len", "196", "--dtype", "float32"));
    return Cli.run(args, more);
  }
}
