package dev.rankspark.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rankspark.InputException;
import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DecoderConfigTest {
  private static final String MINIMAL =
      """
      {"model_type": "llama", "vocab_size": 32000, "hidden_size": 64, "intermediate_size": 176,
       "num_hidden_layers": 3, "num_attention_heads": 4}
      """;

  @Test
  void absentKeysHaveTransformersDefaults() {
    DecoderConfig config = parse(json());
    assertThat(config.kvHeads()).isEqualTo(4);
    assertThat(config.headDim()).isEqualTo(16);
    assertThat(config.normEps()).isEqualTo(1e-6);
    assertThat(config.rope().theta()).isEqualTo(10_000.0);
  }

  @Test
  void mistralHasEightKeyValueHeadsUnlessItSaysOtherwise() {
    assertThat(parse(json().put("model_type", "mistral").put("num_attention_heads", 32)).kvHeads())
        .isEqualTo(8);
  }

  @Test
  void headDimNeedNotBeHiddenByHeads() {
    DecoderConfig config = parse(json().put("head_dim", 12).put("num_key_value_heads", 2));
    assertThat(Architecture.of(config).weightShapes().get("model.layers.0.self_attn.q_proj.weight"))
        .containsExactly(48, 64);
    assertThat(Architecture.of(config).weightShapes().get("model.layers.0.self_attn.k_proj.weight"))
        .containsExactly(24, 64);
    assertThat(Architecture.of(config).weightShapes().get("model.layers.2.self_attn.o_proj.weight"))
        .containsExactly(64, 48);
  }

  /** Code beside a model is never run; by its architecture it is one of ours. */
  @Test
  void remoteCodeThatIsNamedBesideAnArchitectureOfOursIsNotMissed() {
    ObjectNode config = json();
    config.putArray("architectures").add("LlamaForCausalLM");
    config.putObject("auto_map").put("AutoModelForCausalLM", "modeling_mine.MineForCausalLM");
    assertThat(parse(config).layers()).isEqualTo(3);
  }

  @Test
  void aKeyOfTwoLinesIsToldOnOne() {
    ObjectNode config = json();
    config.putObject("rope_scaling").put("type", "default").put("two\nlines", 1);
    assertThatThrownBy(() -> parse(config)).hasMessageContaining(": two\\u000alines 1 is not");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          "num_attention_heads": null      | num_attention_heads is missing
          "hidden_size": 64.7              | hidden_size: expected a whole number above 0, got 64.7
          "vocab_size": NaN                | vocab_size: expected a whole number above 0, got "NaN"
          "num_hidden_layers": 2147483647  | num_hidden_layers: expected at most 10000, got 2147483647
          "rms_norm_eps": 1e999            | rms_norm_eps: expected a number above 0, got "Infinity"
          "rope_scaling": {"type": "linear", "factor": 1e999} | factor: expected a number above 0, got "Infinity"
          """)
  void numbersThatNoModelHasAreRefused(String key, String message) throws IOException {
    ObjectNode config =
        (ObjectNode)
            JsonMapper.builder()
                .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
                .build()
                .readTree("{" + key + "}");
    assertThatThrownBy(() -> parse(json().setAll(config)))
        .isInstanceOf(InputException.class)
        .hasMessageEndingWith(message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          "model_type": "gpt_neox"         | model_type "gpt_neox" is not supported; supported: llama, mistral, qwen2, qwen3
          "model_type": null               | model_type null is not supported; supported: llama, mistral, qwen2, qwen3
          "model_type": "qwen3_moe" | model_type "qwen3_moe" is not supported; supported: llama, mistral, qwen2, qwen3 (nearest to it: qwen3)
          "model_type": "qwen3_vl" | model_type "qwen3_vl" is not supported; supported: llama, mistral, qwen2, qwen3 (nearest to it: qwen3)
          "model_type": "qwen2_5_vl" | model_type "qwen2_5_vl" is not supported; supported: llama, mistral, qwen2, qwen3 (nearest to it: qwen2)
          "model_type": "Qwen2" | model_type "Qwen2" is not supported; supported: llama, mistral, qwen2, qwen3 (nearest to it: qwen2)
          "model_type": "ministral" | model_type "ministral" is not supported; supported: llama, mistral, qwen2, qwen3 (nearest to it: mistral)
          "model_type": "ministral3" | model_type "ministral3" is not supported; supported: llama, mistral, qwen2, qwen3 (nearest to it: mistral)
          "model_type": "mistral3" | model_type "mistral3" is not supported; supported: llama, mistral, qwen2, qwen3 (nearest to it: mistral)
          "model_type": "mixtral" | model_type "mixtral" is not supported; supported: llama, mistral, qwen2, qwen3 (nearest to it: mistral)
          "model_type": "llama4_text" | model_type "llama4_text" is not supported; supported: llama, mistral, qwen2, qwen3 (nearest to it: llama)
          "model_type": "gemma2" | model_type "gemma2" is not supported; supported: llama, mistral, qwen2, qwen3
          "model_type": "phi3" | model_type "phi3" is not supported; supported: llama, mistral, qwen2, qwen3
          "model_type": "qwen" | model_type "qwen" is not supported; supported: llama, mistral, qwen2, qwen3
          "model_type": "" | model_type "" is not supported; supported: llama, mistral, qwen2, qwen3
          "model_type": "my_llama" | model_type "my_llama" is not supported; supported: llama, mistral, qwen2, qwen3
          "model_type": "qwen3", "architectures": ["JinaForRanking"] | architectures ["JinaForRanking"] is not supported: a listwise reranker, whose scores of a query's documents depend on each other; rerankers of pairs are supported
          "model_type": "minicpm", "architectures": ["LayerWiseMiniCPMForCausalLM"] | architectures ["LayerWiseMiniCPMForCausalLM"] is not supported: a reranker whose own code reads scores from layers in between
          "model_type": "gemma2", "architectures": ["CostWiseGemmaForCausalLM"] | architectures ["CostWiseGemmaForCausalLM"] is not supported: a reranker whose own code leaves out tokens and reads scores from layers in between
          "model_type": "qwen3", "architectures": ["Qwen3ForRanking"] | architectures ["Qwen3ForRanking"] is not supported; supported: Qwen3ForCausalLM, Qwen3ForSequenceClassification, Qwen3Model
          "architectures": ["LlamaBidirectionalModel"] | architectures ["LlamaBidirectionalModel"] is not supported; supported: LlamaForCausalLM, LlamaForSequenceClassification, LlamaModel
          "architectures": ["MistralModel"] | architectures ["MistralModel"] is not supported; supported: LlamaForCausalLM, LlamaForSequenceClassification, LlamaModel
          "architectures": ["LlamaForSequenceClassification"], "id2label": {"0": "no", "1": "yes"} | id2label {"0":"no","1":"yes"} is not supported; supported: one label
          "architectures": ["LlamaForSequenceClassification"], "num_labels": 3 | num_labels 3 is not supported; supported: 1
          "hidden_act": "gelu"             | hidden_act "gelu" is not supported; supported: silu, swish
          "hidden_act": null               | hidden_act null is not supported; supported: silu, swish
          "model_type": "mistral", "num_key_value_heads": 4, "attention_bias": true | attention_bias true is not supported; supported: null, false
          "model_type": "qwen2", "num_key_value_heads": 4, "attention_bias": true | attention_bias true is not supported; supported: null, false
          "model_type": "qwen3", "num_key_value_heads": 4, "mlp_bias": true | mlp_bias true is not supported; supported: null, false
          "attention_bias": 1              | attention_bias 1 is not supported; supported: true, false, null
          "model_type": "qwen3", "num_key_value_heads": 4, "layer_types": ["chunked_attention"] | layer_types ["chunked_attention"] is not supported; supported: full_attention and sliding_attention
          "attention_multiplier": 0.0078   | attention_multiplier 0.0078 is not supported; supported: null, false
          "attn_logit_softcapping": 50.0   | attn_logit_softcapping 50.0 is not supported; supported: null, false
          "final_logit_softcapping": 30.0  | final_logit_softcapping 30.0 is not supported; supported: null, false
          "query_pre_attn_scalar": 256     | query_pre_attn_scalar 256 is not supported; supported: null, false
          "qk_norm": true                  | qk_norm true is not supported; supported: null, false
          "use_qk_norm": true              | use_qk_norm true is not supported; supported: null, false
          "use_bidirectional_attention": true | use_bidirectional_attention true is not supported; supported: null, false
          "is_causal": false               | is_causal false is not supported; supported: true
          "model_type": "qwen2", "num_key_value_heads": 4, "layer_types": ["full_attention", "sliding_attention", "full_attention"] | layer_types ["full_attention","sliding_attention","full_attention"] is not supported; supported: full_attention alone without a sliding_window
          "num_local_experts": 8           | num_local_experts 8 is not supported; supported: null, false
          "quantization_config": {"bits": 4} | quantization_config {"bits":4} is not supported; supported: null, false
          "embedding_multiplier": 12.0     | embedding_multiplier 12.0 is not supported; supported: null, 1
          "residual_multiplier": 0.22      | residual_multiplier 0.22 is not supported; supported: null, 1
          "logits_scaling": 8.0            | logits_scaling 8.0 is not supported; supported: null, 1
          "partial_rotary_factor": 0.5     | partial_rotary_factor 0.5 is not supported; supported: null, 1
          "rope_scaling": {"type": "dynamic", "factor": 2.0}, "max_position_embeddings": 511 | rope_scaling: rope_type "dynamic" makes scores depend on the batch where texts are longer than max_position_embeddings 511, which is not supported, and the longest has 512 tokens (--rerank-max-len); set --rerank-max-len 511 or less
          "rope_scaling": {"type": "dynamic"} | rope_scaling: factor: expected a number above 0, got (absent)
          "rope_scaling": {"rope_type": "yarn"} | rope_scaling: factor: expected a number above 0, got (absent)
          "rope_scaling": {"rope_type": "yarn", "factor": 2, "beta_fast": 0} | rope_scaling: beta_fast: expected a number above 0, got 0
          "rope_scaling": {"rope_type": "yarn", "factor": 2, "beta_slow": "1"} | rope_scaling: beta_slow: expected a number above 0, got "1"
          "rope_scaling": {"rope_type": "yarn", "factor": 2, "mscale": -1} | rope_scaling: mscale: expected a number above 0, got -1
          "rope_scaling": {"rope_type": "yarn", "factor": 2, "truncate": null} | rope_scaling: truncate: expected true or false, got null
          "rope_scaling": {"rope_type": "yarn", "factor": 2, "llama_4_scaling_beta": 0.1} | rope_scaling: llama_4_scaling_beta 0.1 is not supported by this rope_type
          "rope_scaling": {"rope_type": "yarn", "factor": 2, "original_max_position_embeddings": 64}, "original_max_position_embeddings": 32 | original_max_position_embeddings 32 is not supported; supported: null, or equal, beside rope_scaling
          "rope_scaling": {"rope_type": "yarn", "factor": 2}, "original_max_position_embeddings": 32 | original_max_position_embeddings 32 is not supported; supported: null, or equal, beside rope_scaling
          "rope_parameters": {"rope_type": "llama3", "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4, "original_max_position_embeddings": 64}, "original_max_position_embeddings": 32 | original_max_position_embeddings 32 is not supported; supported: null, or equal, beside rope_parameters
          "rope_scaling": {"rope_type": "longrope", "factor": 2.0} | rope_scaling: rope_type "longrope" is not supported; supported: default, dynamic, linear, llama3, yarn
          "rope_scaling": {"factor": 2.0}  | rope_scaling: rope_type (absent) is not supported; supported: default, dynamic, linear, llama3, yarn
          "rope_scaling": {"type": "linear", "rope_type": "llama3"} | rope_scaling: type "linear" is not supported beside rope_type "llama3"; supported: the same
          "rope_scaling": {"type": "linear"} | rope_scaling: factor: expected a number above 0, got (absent)
          "rope_scaling": {"type": "linear", "factor": 2.0, "attention_factor": 0.7} | rope_scaling: attention_factor 0.7 is not supported by this rope_type
          "rope_scaling": {"type": "linear", "factor": 2}, "rope_parameters": {"rope_type": "default"} | rope_scaling {"type":"linear","factor":2} is not supported; supported: null, or equal, beside rope_parameters
          "rope_theta": 5e5, "rope_parameters": {"rope_type": "default", "rope_theta": 1e4} | rope_theta 500000.0 is not supported; supported: null, or equal, beside rope_parameters
          "rope_parameters": {"rope_type": "default", "partial_rotary_factor": 0.5} | rope_parameters: partial_rotary_factor 0.5 is not supported by this rope_type
          "rope_parameters": {"rope_type": "default", "rope_theta": 0} | rope_parameters: rope_theta: expected a number above 0, got 0
          "rope_parameters": 1             | rope_parameters 1 is not supported; supported: an object
          "hidden_size": "64"              | hidden_size: expected a whole number above 0, got "64"
          "rms_norm_eps": 0                | rms_norm_eps: expected a number above 0, got 0
          "sliding_window": 0              | sliding_window: expected a whole number above 0, got 0
          "num_key_value_heads": 3         | num_attention_heads 4 is not a multiple of num_key_value_heads 3
          "head_dim": 7                    | head_dim 7 is not supported; supported: even numbers from 2 on
          "hidden_size": 3                 | head_dim 0 is not supported; supported: even numbers from 2 on
          """)
  void whatWouldChangeAScoreAndIsNotComputedIsRefusedByName(String changed, String message) {
    assertThatThrownBy(() -> parse(json(changed)))
        .isInstanceOf(InputException.class)
        .hasMessage("m/config.json: " + message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          "model_type": "mistral", "num_key_value_heads": null, "architectures": ["MistralModel"]
          "architectures": ["LlamaForCausalLM"], "id2label": {"0": "LABEL_0", "1": "LABEL_1"}
          "architectures": ["LlamaForSequenceClassification"], "id2label": {"0": "LABEL_0"}
          "architectures": ["LLaMAForCausalLM"]
          "architectures": null, "head_dim": null, "rope_scaling": null
          "hidden_act": "swish", "attention_bias": false, "mlp_bias": false, "qk_norm": false
          "partial_rotary_factor": 1.0, "logits_scaling": 1, "quantization_config": null
          "sliding_window": null, "attention_dropout": 0.1, "pretraining_tp": 2
          """)
  void whatChangesNoScoreIsAccepted(String changed) {
    assertThat(parse(json(changed)).kvHeads()).isEqualTo(4);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          "rope_theta": 5e5 | 500000 | None[]
          "rope_scaling": {"type": "default"} | 10000 | None[]
          "rope_scaling": {"type": "linear", "factor": 2} | 10000 | Linear[factor=2.0]
          "rope_scaling": {"rope_type": "llama3", "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4, "original_max_position_embeddings": 64} | 10000 | Llama3[factor=8.0, lowFactor=1.0, highFactor=4.0, positions=64.0]
          "rope_parameters": {"rope_type": "linear", "factor": 2, "rope_theta": 5e5} | 500000 | Linear[factor=2.0]
          "rope_theta": 5e5, "rope_parameters": {"rope_type": "default", "rope_theta": 500000} | 500000 | None[]
          "rope_theta": 5e5, "rope_parameters": {"factor": null} | 500000 | None[]
          "rope_scaling": {"type": "linear", "factor": 2}, "rope_parameters": {"rope_type": "linear", "factor": 2.0} | 10000 | Linear[factor=2.0]
          "rope_scaling": {"type": "dynamic", "factor": 2, "original_max_position_embeddings": 64}, "max_position_embeddings": 512 | 10000 | None[]
          "rope_scaling": {"type": "yarn", "factor": 2, "original_max_position_embeddings": 64} | 10000 | Yarn[factor=2.0, attention=1.0693147180559945, betaFast=32.0, betaSlow=1.0, positions=64.0, truncate=true]
          "rope_scaling": {"type": "yarn", "factor": 0.5, "beta_fast": 16, "beta_slow": 2, "mscale": 0.7, "truncate": false} | 10000 | Yarn[factor=0.5, attention=1.0, betaFast=16.0, betaSlow=2.0, positions=2048.0, truncate=false]
          "rope_scaling": {"type": "yarn", "factor": 2, "attention_factor": 1}, "model_type": "mistral", "num_key_value_heads": 4, "sliding_window": null | 10000 | Yarn[factor=2.0, attention=1.0, betaFast=32.0, betaSlow=1.0, positions=131072.0, truncate=true]
          "rope_parameters": {"rope_type": "yarn", "factor": 2, "attention_factor": 1, "rope_theta": 5e5}, "original_max_position_embeddings": 32 | 500000 | Yarn[factor=2.0, attention=1.0, betaFast=32.0, betaSlow=1.0, positions=32.0, truncate=true]
          "rope_scaling": {"type": "yarn", "factor": 2, "mscale": 3} | 10000 | Yarn[factor=2.0, attention=1.0693147180559945, betaFast=32.0, betaSlow=1.0, positions=2048.0, truncate=true]
          "rope_scaling": {"type": "yarn", "factor": 2, "attention_factor": 1}, "rope_parameters": {"rope_type": "yarn", "factor": 2.0, "attention_factor": 1.0} | 10000 | Yarn[factor=2.0, attention=1.0, betaFast=32.0, betaSlow=1.0, positions=2048.0, truncate=true]
          "original_max_position_embeddings": 32 | 10000 | None[]
          """)
  void rotaryFrequenciesAreScaled(String changed, double theta, String scaling) {
    DecoderConfig config = parse(json(changed));
    assertThat(config.rope().theta()).isEqualTo(theta);
    assertThat(config.rope().scaling()).hasToString(scaling);
  }

  @Test
  void aSlidingWindowThatTheFamilyDoesNotReadMattersOnlyBelowTheLongestText() {
    ObjectNode config = json().put("sliding_window", 256);
    assertThat(DecoderConfig.parse(config, "m/config.json", 256).layers()).isEqualTo(3);
    assertThatThrownBy(() -> DecoderConfig.parse(config, "m/config.json", 257))
        .hasMessageStartingWith(
            "m/config.json: sliding_window 256 is below the longest text of 257");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          "model_type": "mistral" | 4096 4096 4096
          "model_type": "mistral", "sliding_window": 5 | 5 5 5
          "model_type": "mistral", "sliding_window": null | - - -
          "model_type": "qwen2", "sliding_window": 5 | - - -
          "model_type": "qwen2", "sliding_window": 5, "use_sliding_window": true | - - -
          "model_type": "qwen2", "sliding_window": 5, "use_sliding_window": true, "max_window_layers": 2 | - - 5
          "model_type": "qwen3", "use_sliding_window": true, "max_window_layers": 0 | 4096 4096 4096
          "model_type": "qwen3", "sliding_window": 5, "use_sliding_window": true, "layer_types": ["sliding_attention", "full_attention", "full_attention"] | 5 - -
          """)
  void aWindowIsOfTheLayersThatTheFamilySays(String changed, String windows) {
    List<Integer> expected =
        Stream.of(windows.split(" "))
            .map(window -> window.equals("-") ? Family.ALL : Integer.valueOf(window))
            .toList();
    assertThat(parse(json(changed).put("num_key_value_heads", 4)).windows()).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          "model_type": "llama" |
          "model_type": "llama", "attention_bias": true | q_proj.bias k_proj.bias v_proj.bias o_proj.bias
          "model_type": "llama", "mlp_bias": true | gate_proj.bias up_proj.bias down_proj.bias
          "model_type": "mistral" |
          "model_type": "qwen2" | q_proj.bias k_proj.bias v_proj.bias
          "model_type": "qwen3" | q_norm.weight k_norm.weight
          "model_type": "qwen3", "attention_bias": true | q_proj.bias k_proj.bias v_proj.bias q_norm.weight k_norm.weight o_proj.bias
          """)
  void aFamilysLayersHaveBesideProductsAndTwoNorms(String changed, String weights) {
    DecoderConfig config = parse(json(changed).put("num_key_value_heads", 4));
    assertThat(
            Architecture.of(config).weightShapes().keySet().stream()
                .filter(name -> name.startsWith("model.layers.1."))
                .filter(name -> !name.matches(".*(_proj|layernorm)\\.weight"))
                .map(name -> name.replaceFirst(".*\\.(\\w+\\.\\w+)$", "$1")))
        .containsExactly(weights == null ? new String[0] : weights.split(" "));
  }

  @Test
  void aHeadOfQwen3IsWideUnlessItSaysOtherwise() {
    ObjectNode config = json().put("model_type", "qwen3").put("num_key_value_heads", 2);
    assertThat(parse(config).headDim()).isEqualTo(128);
    assertThat(Architecture.of(parse(config.put("head_dim", 32))).weightShapes())
        .containsEntry("model.layers.0.self_attn.k_norm.weight", new long[] {32})
        .containsEntry("model.layers.0.self_attn.o_proj.weight", new long[] {64, 128});
  }

  private static ObjectNode json() {
    return json("\"vocab_size\": 32000");
  }

  /** The smallest configuration with other or more members. */
  private static ObjectNode json(String changed) {
    ObjectMapper mapper = new ObjectMapper();
    try {
      ObjectNode config = (ObjectNode) mapper.readTree(MINIMAL);
      return config.setAll((ObjectNode) mapper.readTree("{" + changed + "}"));
    } catch (JsonProcessingException e) {
      throw new AssertionError(e);
    }
  }

  private static DecoderConfig parse(ObjectNode config) {
    return DecoderConfig.parse(config, "m/config.json", 512);
  }
}
