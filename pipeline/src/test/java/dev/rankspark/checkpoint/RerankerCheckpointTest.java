package dev.rankspark.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rankspark.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A model of one projection, width 2, and an adapter of rank 1. */
class RerankerCheckpointTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String QUERY = "model.layers.0.self_attn.q_proj";

  @TempDir private Path folder;

  private final Map<String, long[]> expected = new LinkedHashMap<>();

  @BeforeEach
  void makeModelAndAdapter() throws IOException {
    expected.put(QUERY + ".weight", new long[] {2, 2});
    expected.put("score.weight", new long[] {1, 2});
    Files.createDirectories(folder.resolve("models/base"));
    Files.createDirectories(folder.resolve("models/adapter"));
    Files.writeString(folder.resolve("models/base/config.json"), "{}");
    base("%s.weight", "[2, 2]");
    adapter("base_model.model." + QUERY + ".lora_A.weight", "[1, 2]");
    configure("base_model_name_or_path", "base");
  }

  @Test
  void theAdaptersPairAndHeadJoinTheBase() {
    Map<String, RerankerCheckpoint.Weight> weights = open("base", "adapter").bind(expected);
    LoraAdapter.LoraPair pair = weights.get(QUERY + ".weight").lora().orElseThrow();
    assertThat(pair.a().shape()).containsExactly(1, 2);
    assertThat(pair.b().shape()).containsExactly(2, 1);
    assertThat(pair.scaling()).isEqualTo(8.0);
    assertThat(weights.get("score.weight").stored().file()).endsWith("adapter_model.safetensors");
  }

  @Test
  void anAdapterAsModelFindsItsBaseAboveItself() {
    assertThat(open("adapter", null).base().path()).isEqualTo(folder + "/models/base");
  }

  @Test
  void aBaseThatIsNotThereIsNamedWithTheOption() throws IOException {
    configure("base_model_name_or_path", "meta-llama/Llama-2-7b-hf");
    assertThatThrownBy(() -> open("adapter", null))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("names the base \"meta-llama/Llama-2-7b-hf\"")
        .hasMessageContaining("--base-model-name-or-path");
  }

  @Test
  void rankStabilizedLoraDividesByTheRoot() throws IOException {
    configure("use_rslora", true);
    configure("r", 4);
    assertThat(open("base", "adapter").bind(expected).get(QUERY + ".weight").lora())
        .hasValueSatisfying(pair -> assertThat(pair.scaling()).isEqualTo(4.0));
  }

  @Test
  void withoutAHeadItIsAnErrorNotARandomHead() {
    assertThatThrownBy(() -> open("base", null).bind(expected))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith("no head: score.weight is neither in " + folder + "/models/base");
  }

  @Test
  void missingAndLeftOverWeightsAreNamed() throws IOException {
    base("model.layers.0.self_attn.q_norm.weight", "[2, 2]");
    assertThatThrownBy(() -> open("base", "adapter").bind(expected))
        .hasMessage(
            folder
                + "/models/base: the weights are not those of its config.json: 1 missing ("
                + QUERY
                + ".weight), 1 left over (model.layers.0.self_attn.q_norm.weight)");
  }

  @Test
  void theLanguageModelsHeadAndOldFrequenciesAreIgnored() throws IOException {
    CheckpointFiles.safetensors(
        folder.resolve("models/base/model.safetensors"),
        String.format(
            """
            {"%s.weight": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]},
             "lm_head.weight": {"dtype": "F32", "shape": [1], "data_offsets": [16, 20]},
             "model.layers.0.self_attn.rotary_emb.inv_freq": {"dtype": "F32", "shape": [1], "data_offsets": [20, 24]}}
            """,
            QUERY),
        new byte[24]);
    assertThat(open("base", "adapter").bind(expected)).hasSize(2);
  }

  @Test
  void weightsOfAnotherShapeAreNamedWithBoth() throws IOException {
    base("%s.weight", "[4]");
    assertThatThrownBy(() -> open("base", "adapter").bind(expected))
        .hasMessageContaining(QUERY + ".weight: expected shape [2, 2], got [4]");
  }

  @Test
  void anAdapterOfAnotherShapeIsNamedWithBoth() throws IOException {
    adapter("base_model.model." + QUERY + ".lora_A.weight", "[2, 1]");
    assertThatThrownBy(() -> open("base", "adapter").bind(expected))
        .hasMessageContaining("lora_A.weight: expected shape [2, 2], got [2, 1]");
  }

  @Test
  void tensorsOfAnotherMethodAreNamed() throws IOException {
    adapter("base_model.model." + QUERY + ".lora_magnitude_vector.weight", "[1, 2]");
    assertThatThrownBy(() -> open("base", "adapter").bind(expected))
        .hasMessageContaining("which is not supported: base_model.model." + QUERY)
        .hasMessageContaining("lora_magnitude_vector");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          peft_type | "LOHA" | peft_type "LOHA" is not supported; supported: LORA
          use_dora | true | use_dora true is not supported
          bias | "all" | bias "all" is not supported; supported: none
          rank_pattern | {"q_proj":4} | rank_pattern {"q_proj":4} is not supported
          init_lora_weights | "pissa_niter_4" | init_lora_weights "pissa_niter_4" is not supported
          r | 0 | expected r above 0
          """)
  void whatWouldChangeAScoreIsRefusedByName(String key, String value, String message)
      throws IOException {
    configure(key, JSON.readTree(value));
    assertThatThrownBy(() -> open("base", "adapter").bind(expected))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(folder + "/models/adapter/adapter_config.json: " + message);
  }

  private RerankerCheckpoint open(String model, String lora) {
    return RerankerCheckpoint.open(
        folder + "/models/" + model,
        Optional.ofNullable(lora).map(name -> folder + "/models/" + name),
        Optional.empty(),
        new Configuration());
  }

  /** Four floats under a name. */
  private void base(String name, String shape) throws IOException {
    CheckpointFiles.safetensors(
        folder.resolve("models/base/model.safetensors"),
        String.format(
            "{\""
                + name
                + "\": {\"dtype\": \"F32\", \"shape\": "
                + shape
                + ", \"data_offsets\": [0, 16]}}",
            QUERY),
        new byte[16]);
  }

  /** The first factor under a name, the second, and a head. */
  private void adapter(String name, String shape) throws IOException {
    CheckpointFiles.safetensors(
        folder.resolve("models/adapter/adapter_model.safetensors"),
        String.format(
            """
            {"%s": {"dtype": "F32", "shape": %s, "data_offsets": [0, 8]},
             "base_model.model.%s.lora_B.weight": {"dtype": "F32", "shape": [2, 1], "data_offsets": [8, 16]},
             "base_model.model.score.weight": {"dtype": "F32", "shape": [1, 2], "data_offsets": [16, 24]}}
            """,
            name, shape, QUERY),
        new byte[24]);
  }

  private void configure(String key, Object value) throws IOException {
    Path file = folder.resolve("models/adapter/adapter_config.json");
    ObjectNode config =
        Files.exists(file)
            ? (ObjectNode) JSON.readTree(file.toFile())
            : JSON.createObjectNode().put("r", 1).put("lora_alpha", 8);
    config.set(key, JSON.valueToTree(value));
    JSON.writeValue(file.toFile(), config);
  }
}
