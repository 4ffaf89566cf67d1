package dev.rankspark.jobs;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rankspark.checkpoint.LoraAdapter;
import dev.rankspark.checkpoint.ModelDirectory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;

/** A training set of the project's own reference data, and what a training leaves. */
public final class TrainingFiles {
  private static final JsonMapper JSON = new JsonMapper();

  /** Queries of the reference data, each with positive and negative passages. */
  public static final int ITEMS = 14;

  private TrainingFiles() {}

  /** Writes Tevatron's training format: a line a query, its relevant passages and the others. */
  public static Path write(Path file) {
    try {
      Map<String, JsonNode> passages = new LinkedHashMap<>();
      for (String line : lines("data/corpus.jsonl")) {
        JsonNode passage = JSON.readTree(line);
        passages.put(passage.path("docid").asText(), passage);
      }
      List<String> items = new ArrayList<>();
      for (String query : lines("data/queries.tsv")) {
        String[] fields = query.split("\t");
        ObjectNode item = JSON.createObjectNode();
        item.put("query_id", fields[0]).put("query", fields[1]);
        ArrayNode positives = item.putArray("positive_passages");
        ArrayNode negatives = item.putArray("negative_passages");
        for (String judgement : lines("data/qrels.txt")) {
          String[] columns = judgement.split(" ");
          if (columns[0].equals(fields[0])) {
            (columns[3].equals("0") ? negatives : positives).add(passages.get(columns[2]));
          }
        }
        items.add(item.toString());
      }
      return Files.write(file, items);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<String> lines(String name) throws IOException {
    return Files.readAllLines(Path.of(Cli.reference(name)));
  }

  /** A training of few steps on the reference's base. */
  public static List<String> train(Path dataset, Path output) {
    return new ArrayList<>(
        List.of(
            "train",
            "--model-name-or-path",
            Cli.reference("base"),
            "--lora",
            "--dataset-path",
            dataset.toString(),
            "--query-prefix",
            "query: ",
            "--passage-prefix",
            "document: ",
            "--rerank-max-len",
            "96",
            "--train-group-size",
            "4",
            "--per-device-train-batch-size",
            "2",
            "--learning-rate",
            "1e-3",
            "--max-steps",
            "8",
            "--logging-steps",
            "1",
            "--save-steps",
            "3",
            "--output-dir",
            output.toString()));
  }

  /** All numbers of an adapter, by module and factor. */
  public static Map<String, float[]> adapter(Path directory) {
    LoraAdapter adapter =
        LoraAdapter.open(ModelDirectory.open(directory.toString(), new Configuration()));
    Map<String, float[]> numbers = new LinkedHashMap<>();
    adapter
        .factors()
        .forEach(
            (module, factors) -> {
              numbers.put(module + " A", factors.a().floats());
              numbers.put(module + " B", factors.b().floats());
            });
    numbers.put("head", adapter.head().orElseThrow().floats());
    return numbers;
  }
}
