package dev.rankspark.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rankspark.InputException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Judgements in the forms that people have them in. */
class QrelsTest {
  @TempDir private Path folder;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "q1 0 d1 2\nq1 0 d2 0\nq2 0 d1 1\n",
        "q1\tQ0\td1\t2\nq1\tQ0\td2\t0\nq2\tQ0\td1\t1\n",
        "query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td2\t0\nq2\td1\t1\n",
        "\ufeffquery-id\tcorpus-id\tscore\r\nq1\td1\t2\r\nq1\td2\t0\r\nq2\td1\t1\r\n\r\n",
        "query_id doc_id relevance iteration\nq1 d1 2 0\nq1 d2 0 0\nq2 d1 1 0\n",
        "qid\titer\tdocno\tlabel\nq1\t0\td1\t2\nq1\t0\td2\t0\nq2\t0\td1\t1\n",
        "query-id\tcorpus-id\tscore\nq1\td1\t2.0\nq1\td2\t0.0\nq2\td1\t1.0\n",
        "q1\td1\t2\nq1\td2\t0\nq2\td1\t1\n",
      })
  void trecsFormBeirsWithAHeaderAndThreeColumns(String text) throws IOException {
    Qrels qrels = read(text);
    assertThat(qrels.qids()).containsExactly("q1", "q2");
    assertThat(qrels.grades("q1")).isEqualTo(Map.of("d1", 2, "d2", 0));
    assertThat(qrels.grades("q2")).isEqualTo(Map.of("d1", 1));
  }

  @Test
  void compressedToo() throws IOException {
    Path file = folder.resolve("test.tsv.gz");
    try (OutputStream gzip = new GZIPOutputStream(Files.newOutputStream(file))) {
      gzip.write("query-id\tcorpus-id\tscore\nq\td\t1\n".getBytes(StandardCharsets.UTF_8));
    }
    assertThat(Qrels.read(file.toString(), new Configuration()).grades("q")).containsEntry("d", 1);
  }

  @Test
  void aHeaderAloneJudgesNothing() throws IOException {
    assertThat(read("query-id\tcorpus-id\tscore\n").qids()).isEmpty();
  }

  @Test
  void brokenLinesAreNamed() {
    assertRefused(
        "1 0 d 1\n1 0 e\n",
        ":2: expected 4 columns \"qid iter docid grade\" with a whole number as grade, got \"1 0 e\"");
    assertRefused(
        "query-id\tcorpus-id\tscore\nq\td\t0.5\n",
        ":2: expected 3 columns \"query-id corpus-id score\" with a whole number as grade, got");
    assertRefused(
        "query-id\tcorpus-id\tscore\nq\td\t1\nq\td e\t1\n",
        ":3: expected 3 columns \"query-id corpus-id score\"");
    assertRefused("query-id\tcorpus-id\tscores\nq\td\t1\n", ":1: expected 3 columns");
    assertRefused("q d 1\nq d 1\n", ":2: docid d of query q is judged twice");
  }

  /** At white space {@code q 1<tab>d<tab>1} would judge the document d of no query we know. */
  @Test
  void idsWithWhiteSpaceAreRefused() {
    assertRefused("q\tdanube 2\t1\n", ":1: ", "\"danube 2\" between tabs");
    assertRefused("q 1\td\t1\n", ":1: ", "\"q 1\" between tabs");
    assertRefused("q 0 d 1\n\ufeffq 0 d 1\n", ":2: ", "byte order mark");
  }

  @Test
  void threeColumnsOfWhichNoneIsAGrade() {
    assertRefused("1 0 7\n2 0 8\n", "second is 0 or Q0 in all: they have no grade");
  }

  private Qrels read(String text) throws IOException {
    Path file = Files.writeString(folder.resolve("qrels"), text);
    return Qrels.read(file.toString(), new Configuration());
  }

  private void assertRefused(String text, String... inMessage) {
    assertThatThrownBy(() -> read(text))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(folder + "/qrels:")
        .hasMessageContainingAll(inMessage);
  }
}
