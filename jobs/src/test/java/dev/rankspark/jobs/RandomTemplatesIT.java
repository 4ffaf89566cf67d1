package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.rankspark.InputException;
import dev.rankspark.template.ChatTemplate;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Random chat templates, byte for byte as transformers 4.49 and 5 render them; {@code
 * reference/random_templates.py} draws them. Another seed by {@code -Drankspark.seed=N}.
 */
@Tag("python")
class RandomTemplatesIT {
  private static final long SEED = Long.getLong("rankspark.seed", 20261129);
  private static final int TEMPLATES = 1500;
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir private Path folder;

  @ParameterizedTest
  @ValueSource(ints = {4, 5})
  void textsEqualTransformersOrTheTemplateIsRefused(int version) throws Exception {
    Map<String, String> environment =
        new HashMap<>(Map.of("HF_HUB_OFFLINE", "1", "PYTHONWARNINGS", "ignore"));
    if (version == 5) {
      environment.put("PYTHONPATH", PythonIT.PYTHON.resolveSibling("python5").toString());
    }
    Path drawn = folder.resolve("templates.jsonl");
    PythonIT.run(
        folder,
        environment,
        PythonIT.PYTHON.resolve("bin/python").toString(),
        PythonIT.HOME.resolve("reference/random_templates.py").toString(),
        "--seed",
        Long.toString(SEED),
        "--templates",
        Integer.toString(TEMPLATES),
        "--output",
        drawn.toString());

    int rendered = 0;
    int failed = 0;
    int refused = 0;
    SoftAssertions all = new SoftAssertions();
    for (String line : Files.readAllLines(drawn)) {
      JsonNode template = JSON.readTree(line);
      boolean fails = template.get("rendered").isNull();
      try {
        String ours =
            ChatTemplate.parse(template.get("template").asText(), "chat_template.jinja")
                .render(JSON.convertValue(template.get("variables"), new TypeReference<>() {}));
        all.assertThat(ours)
            .as("version %d, seed %d, %s", version, SEED, line)
            .isEqualTo(fails ? null : template.get("rendered").asText());
        rendered++;
      } catch (InputException e) {
        if (fails) {
          failed++;
        } else {
          System.out.printf("version %d, seed %d, refused: %s%n", version, SEED, e.getMessage());
          refused++;
        }
      }
    }
    all.assertAll();
    assertThat(refused).as("refused beside %d equal", rendered).isLessThan(TEMPLATES / 10);
    assertThat(rendered).as("beside %d that fail", failed).isGreaterThan(TEMPLATES / 3);
  }
}
