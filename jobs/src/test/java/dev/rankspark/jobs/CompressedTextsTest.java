package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Compressed files: read whole, or refused as cut or misnamed. */
class CompressedTextsTest extends PreparedTextsTest {
  @Test
  void zstdEverywhere() throws IOException {
    String expected = prepared();
    Path input = write("in.jsonl", expected);
    queries = zstd(queries);
    corpus = zstd(corpus);
    run = zstd(run);
    assertThat(prepared()).isEqualTo(expected);
    Files.delete(output);
    Path scores = outputs.resolve("scores.txt");
    Cli.Result result = Cli.run(rerank(zstd(input)));
    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(scores).content().hasLineCount(2);
    Path converted = folder.resolve("converted.trec");
    result =
        Cli.run("convert", "--input", zstd(scores).toString(), "--output", converted.toString());
    assertThat(result.exitCode()).as(result.err()).isZero();
    Path qrels = write("qrels.txt", "310 0 d1 1\n24 0 d2 1\n");
    result =
        Cli.run("evaluate", "-m", "recip_rank", zstd(qrels).toString(), zstd(converted).toString());
    assertThat(result.out()).contains("1.0000");
  }

  /** However Spark splits it, and though it may pass over broken files where it is told to. */
  @Test
  void cutAndMisnamedFilesThroughSpark() throws IOException {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < 20_000; i++) {
      text.append(passage("docid", "d" + i, "Title " + i, "text " + i * 7919L));
    }
    var hadoop = Cli.startSpark().sparkContext().hadoopConfiguration();
    String splits = "mapreduce.input.fileinputformat.split.maxsize";
    hadoop.set(splits, "20000");
    try {
      for (String ending : List.of("gz", "bz2", "zst")) {
        Path whole = folder.resolve("whole.jsonl." + ending);
        CompressedFiles.write(whole, text.toString());
        corpus = whole;
        assertThat(prepared()).contains("\"text 7919\"");
        Files.delete(output);
        corpus = folder.resolve("cut.jsonl." + ending);
        byte[] bytes = Files.readAllBytes(whole);
        Files.write(corpus, Arrays.copyOf(bytes, bytes.length / 2));
        assertRefused(prepare(), corpus + " is cut: it ends within its compressed data");
        corpus = write("plain.jsonl." + ending, text.toString());
        assertRefused(
            prepare(),
            corpus + ": expected ",
            "if it is plain text, take the ." + ending + " off its name");
      }
    } finally {
      hadoop.unset(splits);
    }
  }

  Path zstd(Path file) throws IOException {
    Path packed = folder.resolve(file.getFileName() + ".zst");
    CompressedFiles.write(packed, Files.readString(file));
    return packed;
  }

  List<String> rerank(Path input) {
    return List.of(
        "rerank",
        "--model-name-or-path",
        Cli.reference("mistral"),
        "--dataset-path",
        input.toString(),
        "--rerank-output-path",
        outputs.resolve("scores.txt").toString());
  }
}
