package dev.rankspark.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rankspark.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LoraAdapterTest {
  private static final String PREFIX = "base_model.model.";
  private static final String Q = "model.layers.0.self_attn.q_proj";
  private static final String DOWN = "model.layers.0.mlp.down_proj";

  @TempDir Path directory;

  @Test
  void readsPairsHeadAndScaling() throws IOException {
    var adapter = open(config(""), pair(Q).addFloats(PREFIX + "score.weight", 1, 4));

    assertThat(adapter.baseModel()).contains("some/base");
    assertThat(adapter.scaling()).isEqualTo(8.0);
    assertThat(adapter.factors().keySet()).containsExactly(Q);
    assertThat(adapter.factors().get(Q).a().shape()).containsExactly(2, 4);
    assertThat(adapter.factors().get(Q).b().shape()).containsExactly(6, 2);
    assertThat(adapter.factors().get(Q).scaling()).isEqualTo(8.0);
    assertThat(adapter.head().orElseThrow().shape()).containsExactly(1, 4);
    assertThat(adapter.isForBackbone()).isFalse();
  }

  @Test
  void readsTheNamesOfUnpreparedStateDictionaries() throws IOException {
    for (String head :
        new String[] {"score.modules_to_save.weight", "score.modules_to_save.default.weight"}) {
      var tensors =
          new SafetensorsBytes()
              .addFloats(PREFIX + Q + ".lora_A.default.weight", 2, 4)
              .addFloats(PREFIX + Q + ".lora_B.default.weight", 6, 2)
              .addFloats(PREFIX + head, 1, 4);

      assertThat(open(config(""), tensors).factors()).containsOnlyKeys(Q);
      assertThat(open(config(""), tensors).head()).isPresent();
    }
  }

  @Test
  void modulesOfABackboneGetTheNamesOfAWholeModel() throws IOException {
    var adapter = open(config(""), pair("layers.0.self_attn.q_proj"));

    assertThat(adapter.factors()).containsOnlyKeys(Q);
    assertThat(adapter.isForBackbone()).isTrue();
    assertRefused(config(""), pair(Q, "layers.1.self_attn.q_proj"))
        .hasMessageContaining("modules of a whole model and of a bare backbone");
  }

  @Test
  void readsATorchArchiveUnlessThereIsSafetensors() throws IOException {
    Files.writeString(directory.resolve("adapter_config.json"), config(""));
    Files.write(
        directory.resolve("adapter_model.bin"),
        TorchBytes.dictionary()
            .floats(PREFIX + DOWN + ".lora_A.weight", 2, 4)
            .floats(PREFIX + DOWN + ".lora_B.weight", 6, 2)
            .bytes());
    assertThat(open().factors()).containsOnlyKeys(DOWN);

    Files.write(directory.resolve("adapter_model.safetensors"), pair(Q).bytes());
    assertThat(open().factors()).containsOnlyKeys(Q);
  }

  @Test
  void rankStabilizedScalingDividesByTheRoot() throws IOException {
    assertThat(open(config("\"use_rslora\": true,"), pair(Q)).scaling())
        .isEqualTo(16 / Math.sqrt(2));
  }

  @Test
  void patternsGiveAModuleItsOwnRankAndAlpha() throws IOException {
    String patterns =
        "\"rank_pattern\":{\"self_attn\\\\.q_proj\":4},\"alpha_pattern\":{\"%s\":2},"
            .formatted(DOWN);
    var tensors =
        pair(DOWN)
            .addFloats(PREFIX + Q + ".lora_A.weight", 4, 4)
            .addFloats(PREFIX + Q + ".lora_B.weight", 6, 4);

    var adapter = open(config(patterns), tensors);

    assertThat(adapter.scaling()).isEqualTo(8.0);
    assertThat(adapter.factors().get(Q).scaling()).isEqualTo(16.0 / 4);
    assertThat(adapter.factors().get(DOWN).scaling()).isEqualTo(2.0 / 2);
  }

  @Test
  void defaultsAreThoseOfPeft() throws IOException {
    String config = "{\"peft_type\":\"LORA\",\"target_modules\":\"all-linear\"}";
    var tensors =
        new SafetensorsBytes()
            .addFloats(PREFIX + Q + ".lora_A.weight", 8, 4)
            .addFloats(PREFIX + Q + ".lora_B.weight", 6, 8);

    assertThat(open(config, tensors).scaling()).isEqualTo(1.0);
    assertThat(open(config, tensors).baseModel()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          peft_type             | "IA3"
          peft_type             | "ADALORA"
          bias                  | "some"
          use_dora              | true
          fan_in_fan_out        | true
          lora_bias             | true
          layer_replication     | [[0,1]]
          megatron_config       | {"tensor_model_parallel_size":2}
          trainable_token_indices | [3]
          target_parameters     | ["experts.gate"]
          init_lora_weights     | "pissa"
          init_lora_weights     | "pissa_niter_4"
          init_lora_weights     | "olora"
          init_lora_weights     | "loftq"
          init_lora_weights     | "corda"
          corda_config          | {"corda_method":"ipm"}
          rank_pattern          | [1]
          alpha_pattern         | {"(.*)*x":2}
          layers_to_transform   | ["0"]
          layers_to_transform   | true
          layers_pattern        | "layers?"
          target_modules        | null
          use_rslora            | "yes"
          something_newer       | 1
          """)
  void whatWouldChangeAScoreAndIsNotComputedIsRefusedByName(String key, String value) {
    assertRefused(config("\"%s\": %s,".formatted(key, value)), pair(Q))
        .hasMessage(
            "%s/adapter_config.json: %s %s is not supported; merge the adapter with PEFT and give the"
                + " merged model",
            directory, key, value);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          model.layers.0.self_attn.q_proj.lora_magnitude_vector
          model.layers.0.self_attn.q_proj.lora_B.bias
          model.layers.0.self_attn.q_proj.bias
          model.embed_tokens.lora_embedding_A
          model.embed_tokens.token_adapter.trainable_tokens_delta
          """)
  void tensorsThatAreNeitherPairNorHeadAreNamed(String tensor) {
    assertRefused(config("\"bias\": \"all\","), pair(Q).addFloats(PREFIX + tensor, 4))
        .hasMessage(
            "%s/adapter_model.safetensors holds 1 tensors that are neither lora_A, lora_B nor a whole"
                + " weight of the model, such as the head score.weight: %s%s; merge the adapter with"
                + " PEFT",
            directory, PREFIX, tensor);
  }

  @Test
  void wholeWeightsTakeThePlaceOfTheBases() throws IOException {
    LoraAdapter adapter =
        open(
            config(""),
            pair(Q)
                .addFloats(PREFIX + "model.embed_tokens.weight", 5, 4)
                .addFloats(PREFIX + "model.norm.modules_to_save.default.weight", 4)
                .addFloats(PREFIX + "model.norm.original_module.weight", 4));
    assertThat(adapter.wholes()).containsOnlyKeys("model.embed_tokens", "model.norm");
    assertThat(adapter.head()).isEmpty();
    assertThat(adapter.notes())
        .containsExactly(
            ("%s/adapter_model.safetensors: the trained model.norm is taken from its name in"
                    + " training, %smodel.norm.modules_to_save.default.weight, which PEFT does not"
                    + " load")
                .formatted(directory, PREFIX));
  }

  @Test
  void aHeadUnderItsNameInTrainingIsTheTrainedOneAndSaidToBe() throws IOException {
    LoraAdapter adapter =
        open(
            config(""),
            pair(Q)
                .addFloats(PREFIX + "score.original_module.weight", 1, 4)
                .addFloats(PREFIX + "score.modules_to_save.default.weight", 1, 4));
    assertThat(adapter.head().orElseThrow().toString()).contains("modules_to_save.default");
    assertThat(adapter.wholes()).isEmpty();
    assertThat(adapter.notes()).singleElement().asString().contains("the trained score is taken");
  }

  @Test
  void aRerankerHasNoLmHead() throws IOException {
    LoraAdapter adapter = open(config(""), pair(Q).addFloats(PREFIX + "lm_head.weight", 5, 4));
    assertThat(adapter.wholes()).isEmpty();
    assertThat(adapter.factors()).containsOnlyKeys(Q);
    assertThat(adapter.notes())
        .containsExactly(
            directory + "/adapter_model.safetensors: lm_head is ignored, a reranker has none");
  }

  @Test
  void whereFactorsAreTheBaseLayerIsTheWholeWeight() throws IOException {
    assertThat(
            open(config(""), pair(Q).addFloats(PREFIX + Q + ".base_layer.weight", 6, 4)).wholes())
        .containsOnlyKeys(Q);
    assertRefused(config(""), pair(Q).addFloats(PREFIX + Q + ".weight", 6, 4))
        .hasMessageContaining(
            Q + ".weight, but also factors for that module; PEFT would not use it");
    assertRefused(config(""), pair(Q).addFloats(PREFIX + "model.norm.base_layer.weight", 4))
        .hasMessageContaining("but no factors for that module; PEFT would not use it");
    assertRefused(config(""), pair(Q).addFloats(PREFIX + "score.original_module.weight", 1, 4))
        .hasMessageContaining("holds 1 tensors that are neither");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          "use_dora": false, "lora_bias": false, "fan_in_fan_out": false
          "bias": "all"
          "bias": "lora_only"
          "layers_to_transform": null, "layers_pattern": null, "megatron_config": null
          "layers_to_transform": [], "layers_pattern": ""
          "layers_to_transform": 0
          "layers_to_transform": [2, 0], "layers_pattern": ["h", "layers"]
          "layers_to_transform": 1, "target_modules": ["model.layers.0.self_attn.q_proj"]
          "exclude_modules": ["down_proj"]
          "exclude_modules": ".*layers\\\\.1\\\\..*"
          "loftq_config": {}, "eva_config": {"rho": 2.0}, "init_lora_weights": "eva"
          "lora_dropout": 0.1, "megatron_core": "megatron.core", "task_type": "SEQ_CLS"
          "init_lora_weights": true, "modules_to_save": ["classifier", "score"]
          "something_newer": null
          """)
  void whatChangesNoScoreIsAccepted(String changed) throws IOException {
    assertThat(open(config(changed + ","), pair(Q)).factors()).containsOnlyKeys(Q);
  }

  @Test
  void pairsThatPeftWouldNotUseAreRefused() throws IOException {
    String list = "\"target_modules\": [\"q_proj\"],";
    assertThat(open(config(list), pair(Q)).factors()).containsOnlyKeys(Q);
    assertRefused(config(list), pair(Q, DOWN))
        .hasMessageContaining("holds a pair for " + DOWN + ", which target_modules");
    assertRefused(config("\"exclude_modules\": [\"q_proj\"],"), pair(Q))
        .hasMessageContaining("exclude_modules");
    for (String layers :
        new String[] {
          "\"layers_to_transform\": 1,",
          "\"layers_to_transform\": [1, 2], \"layers_pattern\": \"layers\",",
          "\"layers_to_transform\": 0, \"layers_pattern\": [\"h\"],"
        }) {
      assertRefused(config(layers), pair(Q))
          .hasMessage(
              "%s/adapter_model.safetensors holds a pair for %s, which target_modules,"
                  + " layers_to_transform or exclude_modules of adapter_config.json leave out; PEFT"
                  + " would not use it",
              directory, Q);
    }
    assertRefused(config("\"layers_to_transform\": 0,"), pair("layers.0.self_attn.q_proj"))
        .hasMessageContaining("PEFT would not use it");
  }

  @Test
  void anExpressionOfTargetsIsLeftToThePairsThatPeftStored() throws IOException {
    String expression = "\"target_modules\": \".*\\\\.(q|v)_proj\",";

    assertThat(open(config(expression), pair(Q)).factors()).containsOnlyKeys(Q);
  }

  @Test
  void halvesAndDoublesAreNamed() {
    assertRefused(config(""), pair(Q).addFloats(PREFIX + DOWN + ".lora_A.weight", 2, 4))
        .hasMessageContaining("holds lora_A without lora_B of " + DOWN);
    assertRefused(config(""), pair(Q).addFloats(PREFIX + DOWN + ".lora_B.weight", 6, 2))
        .hasMessageContaining("holds lora_B without lora_A of " + DOWN);
    assertRefused(config(""), pair(Q).addFloats(PREFIX + Q + ".lora_A.default.weight", 2, 4))
        .hasMessageContaining("under two names");
    assertRefused(
            config("\"modules_to_save\": [\"score\", \"embed_tokens\"],"),
            pair(Q)
                .addFloats(PREFIX + "model.embed_tokens.weight", 2, 4)
                .addFloats(PREFIX + "model.embed_tokens.modules_to_save.default.weight", 2, 4))
        .hasMessageContaining("under two names");
  }

  @Test
  void ranksMustAgree() {
    assertRefused(config("\"r\": 3,"), pair(Q))
        .hasMessageContaining("expected lora_A of shape (3, in) and lora_B of shape (out, 3)");
    assertRefused(config("\"r\": 0,"), pair(Q))
        .hasMessageContaining("expected a whole number from 1 on as r, got 0");
    assertRefused(config("\"r\": \"2\","), pair(Q)).hasMessageContaining("as r, got \"2\"");
    assertRefused(config("\"lora_alpha\": NaN,"), pair(Q))
        .hasMessageContaining("expected a number as lora_alpha, got");
  }

  @Test
  void missingFilesAreNamed() throws IOException {
    assertThatThrownBy(this::open)
        .isInstanceOf(InputException.class)
        .hasMessage("%s is not an adapter: it has no adapter_config.json", directory);
    Files.writeString(directory.resolve("adapter_config.json"), config(""));
    assertThatThrownBy(this::open)
        .isInstanceOf(InputException.class)
        .hasMessage(
            "%s has no adapter weights: looked for adapter_model.safetensors, adapter_model.bin",
            directory);
  }

  /** A configuration of rank 2 and alpha 16; what is changed comes last and therefore counts. */
  private static String config(String changed) {
    return """
        {"peft_type": "LORA", "bias": "none", "r": 2, "lora_alpha": 16,
        "base_model_name_or_path": "some/base", "target_modules": ["q_proj", "down_proj"],
        %s "inference_mode": true}
        """
        .formatted(changed);
  }

  /** A pair of rank 2 for each module, of shape (6, 4). */
  private static SafetensorsBytes pair(String... modules) {
    var tensors = new SafetensorsBytes();
    for (String module : modules) {
      tensors
          .addFloats(PREFIX + module + ".lora_A.weight", 2, 4)
          .addFloats(PREFIX + module + ".lora_B.weight", 6, 2);
    }
    return tensors;
  }

  private AbstractThrowableAssert<?, ?> assertRefused(String config, SafetensorsBytes tensors) {
    return assertThatThrownBy(() -> open(config, tensors))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(directory.toString())
        .hasMessageNotContaining("\n");
  }

  private LoraAdapter open(String config, SafetensorsBytes tensors) throws IOException {
    Files.writeString(directory.resolve("adapter_config.json"), config);
    Files.write(directory.resolve("adapter_model.safetensors"), tensors.bytes());
    return open();
  }

  private LoraAdapter open() {
    return LoraAdapter.open(ModelDirectory.open(directory.toString(), new Configuration(false)));
  }
}
