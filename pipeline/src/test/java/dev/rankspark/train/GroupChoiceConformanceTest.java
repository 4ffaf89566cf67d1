package dev.rankspark.train;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.rankspark.corpus.Passage;
import dev.rankspark.corpus.TrainItem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The groups that Tevatron's own dataset made, which lie outside this repository. */
@Tag("conformance")
class GroupChoiceConformanceTest {
  private static final Path TRAIN =
      Path.of(System.getProperty("rankspark.shared"), "fixtures", "train");
  private static final JsonMapper JSON = new JsonMapper();

  @Test
  void everyChoiceOfTevatron() throws IOException {
    List<TrainItem> items = items();
    List<JsonNode> choices = lines("choices.jsonl");
    assertThat(choices).hasSize(720);
    for (JsonNode expected : choices) {
      var choice =
          new GroupChoice(
              expected.get("train_group_size").intValue(),
              expected.get("positive_passage_no_shuffle").booleanValue(),
              expected.get("negative_passage_no_shuffle").booleanValue(),
              expected.get("seed").longValue());
      TrainItem item = items.get(expected.get("item").intValue());
      assertThat(item.negatives()).hasSizeGreaterThanOrEqualTo(choice.trainGroupSize());
      assertThat(choice.group(item, expected.get("epoch").intValue()))
          .as(expected::toString)
          .extracting(Passage::docid)
          .containsExactlyElementsOf(docids(expected));
    }
  }

  private static List<TrainItem> items() throws IOException {
    List<TrainItem> items = new ArrayList<>();
    for (JsonNode line : lines("train.jsonl")) {
      items.add(
          new TrainItem(
              items.size(),
              line.get("query_id").textValue(),
              line.get("query").textValue(),
              passages(line.get("positive_passages")),
              passages(line.get("negative_passages"))));
    }
    return items;
  }

  private static List<Passage> passages(JsonNode list) {
    return StreamSupport.stream(list.spliterator(), false)
        .map(
            passage ->
                new Passage(
                    passage.get("docid").textValue(),
                    passage.get("title").textValue(),
                    passage.get("text").textValue()))
        .toList();
  }

  private static List<String> docids(JsonNode expected) {
    return StreamSupport.stream(expected.get("docids").spliterator(), false)
        .map(JsonNode::textValue)
        .toList();
  }

  private static List<JsonNode> lines(String name) throws IOException {
    List<JsonNode> lines = new ArrayList<>();
    for (String line : Files.readAllLines(TRAIN.resolve(name))) {
      lines.add(JSON.readTree(line));
    }
    return lines;
  }
}
