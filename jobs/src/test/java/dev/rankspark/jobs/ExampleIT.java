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
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.commons.io.FileUtils;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The commands of {@code docs/tevatron-example.md} as a user would paste them, over DL19, with a
 * small model under the name of the real one.
 */
@Tag("conformance")
class ExampleIT {
  /** A fenced block: its language and its text. */
  private static final Pattern BLOCK = Pattern.compile("(?ms)^```(\\w+)\n(.*?)^```$");

  private static final Path HOME = Path.of(System.getProperty("rankspark.home"));

  @TempDir private Path work;
  @TempDir private Path logs;

  /** A command of the page. */
  private record Block(String script, String expected) {}

  @Test
  void everyCommandOfThePageRunsAndPrintsWhatThePageSays() throws Exception {
    layOut(Path.of(System.getProperty("rankspark.shared")));
    List<Block> blocks = blocks(Files.readString(HOME.resolve("docs/tevatron-example.md")));
    assertThat(blocks).hasSize(8);
    for (Block block : blocks) {
      String printed =
          PythonIT.run(
              logs,
              Map.of("SPARK_HOME", ""),
              "bash",
              "-euc",
              "cd '" + work + "'\n" + block.script());
      if (block.expected() != null) {
        assertThat(printed).as(block.script()).isEqualTo(block.expected());
      }
    }
    double difference =
        Scores.read(work.resolve("run.rankllama.psg.dl19.txt"))
            .largestDifference(
                Scores.read(
                    Path.of(System.getProperty("rankspark.shared"))
                        .resolve("fixtures/rankllama/scores.txt")));
    System.out.println("the example's lines with --fp16, from Tevatron's float32: " + difference);
    assertThat(difference)
        .as("the base is stored in float16, the merged weights are not")
        .isLessThan(0.1);
  }

  /** The files that the page names. */
  private void layOut(Path shared) throws IOException {
    Path data = shared.resolve("data/msmarco-mini");
    Files.createSymbolicLink(work.resolve("bin"), HOME.resolve("bin"));
    Path queries = Files.createDirectories(work.resolve("Tevatron/msmarco-passage"));
    Files.copy(data.resolve("queries.dl19.tsv"), queries.resolve("queries.dl19.tsv"));
    Path corpus = Files.createDirectories(work.resolve("Tevatron/msmarco-passage-corpus"));
    Files.copy(data.resolve("corpus.dl19.jsonl.gz"), corpus.resolve("corpus.jsonl.gz"));
    for (String file : List.of("run.repllama.psg.dl19.txt", "qrels.dl19-passage.txt")) {
      Files.copy(data.resolve(file), work.resolve(file));
    }
    Path base = work.resolve("meta-llama/Llama-2-7b-hf");
    copy(shared.resolve("fixtures/rankllama/base"), base);
    Path adapter = work.resolve("castorini/rankllama-v1-7b-lora-passage");
    copy(shared.resolve("fixtures/rankllama/adapter"), adapter);
    Path config = adapter.resolve("adapter_config.json");
    JsonMapper json = new JsonMapper();
    ObjectNode fields = (ObjectNode) json.readTree(config.toFile());
    fields.put("base_model_name_or_path", "meta-llama/Llama-2-7b-hf");
    json.writeValue(config.toFile(), fields);
  }

  /** Into files of our own: the originals are read-only. */
  private static void copy(Path from, Path to) throws IOException {
    for (var file : FileUtils.listFiles(from.toFile(), null, false)) {
      Path copy = to.resolve(file.getName());
      Files.createDirectories(to);
      Files.write(copy, Files.readAllBytes(file.toPath()));
    }
  }

  private static List<Block> blocks(String page) {
    List<Block> blocks = new ArrayList<>();
    Matcher matcher = BLOCK.matcher(page);
    while (matcher.find()) {
      String text = matcher.group(2);
      if (matcher.group(1).equals("bash")) {
        blocks.add(new Block(text, null));
      } else if (matcher.group(1).equals("text")) {
        Block last = blocks.remove(blocks.size() - 1);
        blocks.add(new Block(last.script(), text));
      }
    }
    return blocks;
  }
}
