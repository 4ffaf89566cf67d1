package dev.rankspark.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Judgements by pyserini's names, in files as Anserini calls them. */
class QrelsNamesTest {
  private static final Configuration HADOOP = new Configuration();

  @TempDir private Path folder;

  @ParameterizedTest
  @CsvSource({
    "dl19-passage, qrels.dl19-passage.txt",
    "dl20-passage, qrels.dl20-passage.txt",
    "msmarco-passage-dev-subset, qrels.msmarco-passage.dev-subset.txt",
    "beir-v1.0.0-scifact-test, qrels.beir-v1.0.0-scifact.test.txt",
    "beir-v1.0.0-cqadupstack-android-test, qrels.beir-v1.0.0-cqadupstack-android.test.txt"
  })
  void aNameIsFoundInAnserinisFile(String name, String file) throws IOException {
    Path empty = Files.createDirectory(folder.resolve("empty"));
    Path there = Files.createFile(folder.resolve(file));
    QrelsNames names = new QrelsNames(List.of("/no/such", empty.toString(), folder.toString()));

    assertThat(QrelsNames.isName(name)).isTrue();
    assertThat(names.find(name, HADOOP)).hasValue(there.toString());
    assertThat(names.find("dl21-passage", HADOOP)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"qrels.txt", "my-qrels.txt", "a/b-c", "qrels", "my-qrels.tsv", "x-y.gz"})
  void aFilesNameIsNone(String text) {
    assertThat(QrelsNames.isName(text)).isFalse();
  }

  @Test
  void theFirstFolderThatHasItCounts() throws IOException {
    Path first = Files.createDirectory(folder.resolve("first"));
    Path second = Files.createDirectory(folder.resolve("second"));
    Files.createFile(first.resolve("qrels.dl19-passage.tsv"));
    Files.createFile(second.resolve("qrels.dl19-passage.txt"));

    assertThat(
            new QrelsNames(List.of(first.toString(), second.toString()))
                .find("dl19-passage", HADOOP))
        .hasValue(first.resolve("qrels.dl19-passage.tsv").toString());
  }
}
