package dev.rankspark.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rankspark.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LlamaConfigTest {
  private static final String MINIMAL =
      """
      {"model_type": "llama", "vocab_size": 32000, "hidden_size": 64, "intermediate_size": 176,
       "num_hidden_layers": 3, "num_attention_heads": 4}
      """;

  @Test
  void absentKeysHaveTransformersDefaults() {
    LlamaConfig config = parse(json());
    assertThat(config.kvHeads()).isEqualTo(4);
    assertThat(config.headDim()).isEqualTo(16);
    assertThat(config.normEps()).isEqualTo(1e-6);
    assertThat(config.ropeTheta()).isEqualTo(10_000.0);
  }

  @Test
  void mistralHasEightKeyValueHeadsUnlessItSaysOtherwise() {
    assertThat(parse(json().put("model_type", "mistral").put("num_attention_heads", 32)).kvHeads())
        .isEqualTo(8);
  }

  @Test
  void headDimNeedNotBeHiddenByHeads() {
    LlamaConfig config = parse(json().put("head_dim", 12).put("num_key_value_heads", 2));
    assertThat(config.weightShapes().get("model.layers.0.self_attn.q_proj.weight"))
        .containsExactly(48, 64);
    assertThat(config.weightShapes().get("model.layers.0.self_attn.k_proj.weight"))
        .containsExactly(24, 64);
    assertThat(config.weightShapes().get("model.layers.2.self_attn.o_proj.weight"))
        .containsExactly(64, 48);
  }

  @Test
  void anUnknownModelTypeIsNamedWithWhatWorks() {
    assertThatThrownBy(() -> parse(json().put("model_type", "gpt_neox")))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "m/config.json: model_type \"gpt_neox\" is not supported; supported: llama, mistral");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          hidden_act | "gelu" | m/config.json: hidden_act "gelu" is not supported; supported: silu
          attention_bias | true | m/config.json: attention_bias true is not supported
          mlp_bias | true | m/config.json: mlp_bias true is not supported
          rope_scaling | {"factor":2.0} | m/config.json: rope_scaling {"factor":2.0} is not supported
          hidden_size | "64" | m/config.json: hidden_size: expected a whole number above 0, got "64"
          rms_norm_eps | 0 | m/config.json: rms_norm_eps: expected a number above 0, got 0
          num_key_value_heads | 3 | config.json: num_attention_heads 4 is not a multiple of num_key_value_heads 3
          """)
  void whatIsNotSupportedIsRefusedByName(String key, String value, String message)
      throws JsonProcessingException {
    ObjectNode config = json();
    config.set(key, new ObjectMapper().readTree(value));
    assertThatThrownBy(() -> parse(config)).hasMessage(message);
  }

  @Test
  void aSlidingWindowMattersOnlyBelowTheLongestText() {
    ObjectNode config =
        json()
            .put("model_type", "mistral")
            .put("num_key_value_heads", 4)
            .put("sliding_window", 256);
    assertThat(LlamaConfig.parse(config, "m/config.json", 256).layers()).isEqualTo(3);
    assertThatThrownBy(() -> LlamaConfig.parse(config, "m/config.json", 257))
        .hasMessageStartingWith(
            "m/config.json: sliding_window 256 is below the longest text of 257");
  }

  private static ObjectNode json() {
    try {
      return (ObjectNode) new ObjectMapper().readTree(MINIMAL);
    } catch (JsonProcessingException e) {
      throw new AssertionError(e);
    }
  }

  private static LlamaConfig parse(ObjectNode config) {
    return LlamaConfig.parse(config, "m/config.json", 512);
  }
}
