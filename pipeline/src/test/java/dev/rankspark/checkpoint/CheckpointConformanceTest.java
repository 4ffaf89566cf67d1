package dev.rankspark.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The checkpoints behind the reference scores, which lie outside this repository. */
@Tag("conformance")
class CheckpointConformanceTest {
  private static final String FIXTURES = System.getProperty("rankspark.shared") + "/fixtures/";

  @Test
  void rankllamaWithEitherFormOfItsAdapter() {
    for (String adapter : new String[] {"adapter", "adapter-bin"}) {
      var bound = bind(open("rankllama/base", Optional.of(FIXTURES + "rankllama/" + adapter)));

      assertThat(bound.values()).filteredOn(weight -> weight.lora().isPresent()).hasSize(3 * 7);
      assertThat(bound.get("model.norm.weight").stored().type()).isEqualTo(StorageType.FLOAT16);
      assertThat(bound.get("score.weight").stored().file()).contains(adapter + "/adapter_model.");
      assertThat(bound.get("model.layers.2.mlp.down_proj.weight").lora().orElseThrow().scaling())
          .isEqualTo(8.0);
    }
  }

  @Test
  void anAdapterDirectoryAsTheModel() {
    var checkpoint = open("rankllama/adapter", Optional.empty());

    assertThat(checkpoint.base().path()).endsWith("rankllama/base");
    assertThat(checkpoint.tokenizerDirectory().has("tokenizer.json")).isTrue();
    assertThat(bind(checkpoint)).hasSize(3 * 9 + 3);
  }

  @Test
  void rankmistralInShards() {
    var bound = bind(open("rankmistral", Optional.empty()));

    assertThat(bound.get("score.weight").stored().type()).isEqualTo(StorageType.BFLOAT16);
    assertThat(bound.get("model.embed_tokens.weight").stored().file()).contains("00001-of-00002");
  }

  @Test
  void aBackboneWithItsHeadFile() {
    var checkpoint = open("backbone", Optional.empty());

    assertThat(checkpoint.pooling()).isEqualTo("last");
    assertThat(bind(checkpoint).get("score.weight").stored().file()).endsWith("reranker_head.pt");
  }

  private static RerankerCheckpoint open(String model, Optional<String> lora) {
    return RerankerCheckpoint.open(
        FIXTURES + model, lora, Optional.empty(), new Configuration(false));
  }

  private static Map<String, Weight> bind(RerankerCheckpoint checkpoint) {
    return checkpoint.bind(shapes(checkpoint.config()));
  }

  private static Map<String, long[]> shapes(JsonNode config) {
    long hidden = config.get("hidden_size").longValue();
    long inner = config.get("intermediate_size").longValue();
    long headDim = config.get("head_dim").longValue();
    long queries = config.get("num_attention_heads").longValue() * headDim;
    long keys = config.get("num_key_value_heads").longValue() * headDim;
    Map<String, long[]> shapes = new LinkedHashMap<>();
    shapes.put(
        "model.embed_tokens.weight", new long[] {config.get("vocab_size").longValue(), hidden});
    for (int i = 0; i < config.get("num_hidden_layers").intValue(); i++) {
      String layer = "model.layers." + i + ".";
      shapes.put(layer + "input_layernorm.weight", new long[] {hidden});
      shapes.put(layer + "self_attn.q_proj.weight", new long[] {queries, hidden});
      shapes.put(layer + "self_attn.k_proj.weight", new long[] {keys, hidden});
      shapes.put(layer + "self_attn.v_proj.weight", new long[] {keys, hidden});
      shapes.put(layer + "self_attn.o_proj.weight", new long[] {hidden, queries});
      shapes.put(layer + "post_attention_layernorm.weight", new long[] {hidden});
      shapes.put(layer + "mlp.gate_proj.weight", new long[] {inner, hidden});
      shapes.put(layer + "mlp.up_proj.weight", new long[] {inner, hidden});
      shapes.put(layer + "mlp.down_proj.weight", new long[] {hidden, inner});
    }
    shapes.put("model.norm.weight", new long[] {hidden});
    shapes.put("score.weight", new long[] {1, hidden});
    return shapes;
  }
}
