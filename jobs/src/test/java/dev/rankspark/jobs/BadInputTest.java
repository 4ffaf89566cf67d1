package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Lines that are not what is expected. Each test changes one thing in a command that works. */
class BadInputTest extends RefusedCommandTest {
  @Test
  void aRunLineOfAnotherColumnCount() throws IOException {
    Path run = copy("data/run.trec");
    replaceLine(run, 17, "q1 Q0 D7 3 11.2");
    assertRefused(
        triple("--retrieval-results", run),
        Main.INPUT,
        run
            + ":17: expected 3, 4 or 6 columns (\"qid Q0 docid rank score tag\"), got 5: \"q1 Q0 D7 3"
            + " 11.2\"");
  }

  @Test
  void aRunLineWithoutANumber() throws IOException {
    Path run = copy("data/run.trec");
    replaceLine(run, 3, "q1 Q0 D7 3 high tag");
    assertRefused(triple("--retrieval-results", run), Main.INPUT, run + ":3: ", "high");
  }

  @Test
  void aDocidWithoutPassage() throws IOException {
    Path run = copy("data/run.trec");
    String first = Files.readAllLines(run).get(0);
    replaceLine(run, 1, first.replaceFirst("Q0 \\S+", "Q0 nowhere"));
    String qid = first.split(" ")[0];
    assertRefused(
        triple("--retrieval-results", run),
        Main.INPUT,
        "1 of 140 candidates have no passage, first docid nowhere of query "
            + qid
            + " ("
            + Cli.reference("data/corpus.jsonl")
            + "); add --allow-missing to skip them");

    Cli.Result allowed = Cli.run(triple("--retrieval-results", run), "--allow-missing");
    assertThat(allowed.exitCode()).as(allowed.err()).isZero();
    assertThat(allowed.err()).contains("1 without a passage were skipped");
    assertThat(outputs.resolve("run.txt")).content().hasLineCount(139);
  }

  @Test
  void aBrokenJsonLine() throws IOException {
    Path input = copy("expected/rerank_input.jsonl");
    replaceLine(input, 30, "{\"query_id\": ");
    assertRefused(rerank("--dataset-path", input), Main.INPUT, input + ":30: broken JSON: ");
  }

  @Test
  void aJsonLineWithoutAField() throws IOException {
    Path input = copy("expected/rerank_input.jsonl");
    replaceLine(input, 2, "{\"query_id\": \"q\", \"docid\": \"d\", \"text\": \"t\"}");
    assertRefused(
        rerank("--dataset-path", input),
        Main.INPUT,
        input + ":2: expected a text in \"query\", got none");
  }

  @Test
  void halfASurrogatePair() throws IOException {
    Path input = copy("expected/rerank_input.jsonl");
    replaceLine(
        input,
        5,
        "{\"query_id\": \"q\", \"query\": \"q\", \"docid\": \"d\", \"text\": \"a \\ud83d b\"}");
    assertRefused(
        rerank("--dataset-path", input),
        Main.INPUT,
        input + ":5: expected Unicode text in \"text\", got half a surrogate pair");
  }

  @Test
  void bytesThatAreNotUtf8() throws IOException {
    Path input = folder.resolve("latin1.jsonl");
    Files.write(input, new byte[] {'{', '}', '\n', '"', (byte) 0xe4, '"', '\n'});
    assertRefused(rerank("--dataset-path", input), Main.INPUT, input + ":", "expected");
  }

  @Test
  void anInputThatDoesNotExist() {
    Path nowhere = folder.resolve("nowhere.jsonl");
    assertRefused(
        rerank("--dataset-path", nowhere),
        Main.INPUT,
        "--dataset-path: " + nowhere + " does not exist");
  }

  @Test
  void aFirstStageScoreThatIsNotFinite() throws IOException {
    Path run = copy("data/run.trec");
    replaceLine(run, 4, "q1 Q0 D7 3 nan tag");
    assertRefused(
        triple("--retrieval-results", run),
        Main.INPUT,
        run + ":4: expected a finite number as score, got \"nan\"");
    replaceLine(run, 4, "q1 Q0 D7 3 1e999 tag");
    assertRefused(triple("--retrieval-results", run), Main.INPUT, run + ":4: ", "1e999");
    Path input = copy("expected/rerank_input.jsonl");
    for (String score : List.of("NaN", "-Infinity", "1e999", "\"3\"")) {
      replaceLine(
          input,
          9,
          "{\"query_id\": \"q\", \"query\": \"q\", \"docid\": \"d\", \"text\": \"t\", \"score\": "
              + score
              + "}");
      assertRefused(rerank("--dataset-path", input), Main.INPUT, input + ":9: ");
    }
  }

  @Test
  void bytesThatAreNotUtf8NameTheLine() throws IOException {
    Path run = copy("data/run.trec");
    byte[] bytes = Files.readAllBytes(run);
    int third = 0;
    for (int line = 1; line < 3; third++) {
      line += bytes[third] == '\n' ? 1 : 0;
    }
    bytes[third] = (byte) 0xe9;
    Files.write(run, bytes);
    String message = run + ":3: expected UTF-8, got other bytes; convert the file";
    assertRefused(triple("--retrieval-results", run), Main.INPUT, message);
    assertRefused(
        List.of("convert", "--input", run.toString(), "--output", outputs + "/x"),
        Main.INPUT,
        message);
  }

  @Test
  void brokenQrelsBeforeAnythingIsScored() throws IOException {
    Path qrels = copy("data/qrels.txt");
    replaceLine(qrels, 2, "q1 0 D7");
    assertRefused(
        rerank("--dtype", Path.of("float32"), "--qrels", qrels.toString()),
        Main.INPUT,
        qrels + ":2: expected 4 columns \"qid iter docid grade\"");
  }

  @Test
  void aStackTraceOnlyOnRequest() {
    Cli.Result result =
        Cli.run(rerank("--model-name-or-path", folder.resolve("nowhere")), "--stacktrace");
    assertThat(result.exitCode()).isEqualTo(Main.INPUT);
    assertThat(result.err()).contains("\tat dev.rankspark.");
    assertThat(result.lastLine()).startsWith("rankspark: ").contains("nowhere does not exist");
  }
}
