package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Training data as people bring it, which lies outside this repository. */
@Tag("conformance")
class ReportedTrainingTest {
  private static final JsonMapper JSON = new JsonMapper();
  private static final Path REPORTED =
      Path.of(System.getProperty("rankspark.shared"), "reports/train");

  @TempDir private Path folder;

  @Test
  void theTextsOfFlagEmbeddingTrainAsTheSameInTevatronsForm() throws IOException {
    assertTrainsAs("flag.jsonl", "pos", "neg");
  }

  @Test
  void tripletsTrainAsTheSameInTevatronsForm() throws IOException {
    assertTrainsAs("triplet.jsonl", "positive", "negative");
  }

  /** Seven are drawn of the one, as Tevatron does. */
  @Test
  void oneNegativeIsEnough() {
    Cli.Result result = train(REPORTED.resolve("oneneg.jsonl"), folder.resolve("one"), "8");
    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(result.err()).contains("for 4 steps on 3 groups");
  }

  private void assertTrainsAs(String name, String positives, String negatives) throws IOException {
    List<String> lines = new ArrayList<>();
    for (String line : Files.readAllLines(REPORTED.resolve(name))) {
      JsonNode item = JSON.readTree(line);
      ObjectNode same = JSON.createObjectNode();
      same.put("query_id", "q").put("query", item.path("query").textValue());
      same.set("positive_passages", passages(item.path(positives)));
      same.set("negative_passages", passages(item.path(negatives)));
      lines.add(same.toString());
    }
    Path tevatron = Files.write(folder.resolve("tevatron.jsonl"), lines);

    Cli.Result expected = train(tevatron, folder.resolve("expected"), "4");
    Cli.Result result = train(REPORTED.resolve(name), folder.resolve("trained"), "4");

    assertThat(expected.exitCode()).as(expected.err()).isZero();
    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(folder.resolve("trained/adapter_model.safetensors"))
        .hasSameBinaryContentAs(folder.resolve("expected/adapter_model.safetensors"));
    assertThat(folder.resolve("trained/trainer_log.jsonl"))
        .hasSameTextualContentAs(folder.resolve("expected/trainer_log.jsonl"));
  }

  private static ArrayNode passages(JsonNode texts) {
    ArrayNode passages = JSON.createArrayNode();
    for (JsonNode text : texts.isArray() ? texts : JSON.createArrayNode().add(texts)) {
      passages.addObject().put("docid", "d").put("title", "").set("text", text);
    }
    return passages;
  }

  private static Cli.Result train(Path dataset, Path output, String groupSize) {
    return Cli.run(
        TrainingFiles.train(dataset, output), "--train-group-size", groupSize, "--max-steps", "4");
  }
}
