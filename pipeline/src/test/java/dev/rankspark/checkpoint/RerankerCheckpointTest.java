package dev.rankspark.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rankspark.InputException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RerankerCheckpointTest {
  private static final String Q = "model.layers.0.self_attn.q_proj";
  private static final Map<String, long[]> SHAPES = new LinkedHashMap<>();

  static {
    SHAPES.put("model.embed_tokens.weight", new long[] {5, 4});
    SHAPES.put(Q + ".weight", new long[] {6, 4});
    SHAPES.put("model.norm.weight", new long[] {4});
    SHAPES.put("score.weight", new long[] {1, 4});
  }

  @TempDir Path directory;

  @BeforeEach
  void writeBaseAndAdapter() throws IOException {
    write("base/config.json", "{\"hidden_size\": 4}");
    write("base/model.safetensors", base("model.").bytes());
    writeAdapter("some/adapter", "base", Q, true);
  }

  @Test
  void bindsAWholeModelWithItsOwnHead() throws IOException {
    write("base/model.safetensors", base("model.").addFloats("score.weight", 1, 4).bytes());

    var checkpoint = open("base", "");
    var bound = checkpoint.bind(SHAPES);

    assertThat(bound.keySet()).containsExactlyElementsOf(SHAPES.keySet());
    assertThat(bound.values()).allSatisfy(weight -> assertThat(weight.lora()).isEmpty());
    assertThat(bound.get("score.weight").stored().file()).endsWith("base/model.safetensors");
    assertThat(checkpoint.config().get("hidden_size").intValue()).isEqualTo(4);
    assertThat(checkpoint.pooling()).isEqualTo("last");
    assertThat(checkpoint.adapter()).isEmpty();
  }

  @Test
  void theHeadOfTheAdapterComesBeforeTheBasesOwn() throws IOException {
    write("base/model.safetensors", base("model.").addFloats("score.weight", 1, 4).bytes());

    var bound = open("base", "some/adapter").bind(SHAPES);

    assertThat(bound.get("score.weight").stored().file())
        .endsWith("some/adapter/adapter_model.safetensors");
    assertThat(bound.get(Q + ".weight").lora().orElseThrow().scaling()).isEqualTo(8.0);
    assertThat(bound.get("model.norm.weight").lora()).isEmpty();
  }

  @Test
  void anAdapterDirectoryNamesItsBaseRelativeToTheDirectoriesAboveIt() {
    var checkpoint = open("some/adapter", "");

    assertThat(checkpoint.base().path()).endsWith("/base");
    assertThat(checkpoint.bind(SHAPES).get(Q + ".weight").lora()).isPresent();
  }

  @Test
  void theOptionForTheBaseComesBeforeTheNameInTheAdapter() throws IOException {
    writeAdapter("some/adapter", "meta-llama/Llama-2-7b-hf", Q, true);

    assertThat(open("some/adapter", "", "base").bind(SHAPES)).hasSize(4);
    assertThatThrownBy(() -> open("some/adapter", "", "absent"))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "%s/absent does not exist: --base-model-name-or-path takes a directory with a model's"
                + " files",
            directory);
    assertThatThrownBy(() -> open("base", "", "base"))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("--base-model-name-or-path has no meaning for it");
  }

  @Test
  void aBaseThatIsNotThereIsNamedWithTheOption() throws IOException {
    for (String name :
        new String[] {"meta-llama/Llama-2-7b-hf", "hdfs://nowhere:1/base", "a:b", "x\\u0000y"}) {
      writeAdapter("some/adapter", name, Q, true);
      assertThatThrownBy(() -> open("some/adapter", ""))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("adapter_config.json names the base model \"" + name + "\"")
          .hasMessageEndingWith("download it and name it with --base-model-name-or-path");
    }
  }

  @Test
  void aDirectoryWithAModelAndAnAdapterIsAmbiguous() throws IOException {
    write("some/adapter/model.safetensors", base("model.").bytes());

    assertThatThrownBy(() -> open("some/adapter", ""))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("both a model (model.safetensors) and an adapter");
  }

  @Test
  void twoAdaptersAreRefused() {
    assertThatThrownBy(() -> open("some/adapter", "some/adapter"))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("is an adapter, and --lora-name-or-path names another one");
  }

  @Test
  void theTokenizerIsTheGivenDirectorysIfItHasOne() throws IOException {
    assertThat(open("some/adapter", "").tokenizerDirectory().path()).endsWith("/base");

    write("some/adapter/tokenizer.json", "{}");
    assertThat(open("some/adapter", "").tokenizerDirectory().path()).endsWith("some/adapter");
  }

  @Test
  void bindsABackboneWithItsHeadFile() throws IOException {
    writeBackbone("{\"reranker_model_type\": \"backbone\", \"reranker_pooling\": \"cls\"}");

    var checkpoint = open("backbone", "");

    assertThat(checkpoint.pooling()).isEqualTo("cls");
    assertThat(checkpoint.bind(SHAPES).get("score.weight").stored().file())
        .endsWith("backbone/reranker_head.pt");
    assertThat(checkpoint.bind(SHAPES).get("model.norm.weight").stored().name())
        .isEqualTo("norm.weight");
  }

  @Test
  void anAdapterOfABackboneFitsABackboneOnly() throws IOException {
    writeBackbone("{\"reranker_model_type\": \"backbone\"}");
    writeAdapter("lora", "backbone", "layers.0.self_attn.q_proj", false);
    writeAdapter("whole", "backbone", Q, false);

    assertThat(open("backbone", "lora").bind(SHAPES).get(Q + ".weight").lora()).isPresent();
    assertBindRefused("backbone", "whole")
        .hasMessageContaining("was trained on a whole model, but")
        .hasMessageContaining("is used as a backbone");
    assertBindRefused("backbone", "some/adapter")
        .hasMessageContaining("holds a head score.weight, but a backbone reranker has it in");
    write("base/model.safetensors", base("model.").addFloats("score.weight", 1, 4).bytes());
    assertBindRefused("base", "lora").hasMessageContaining("was trained on a backbone, but");
  }

  @Test
  void aBackboneWithoutItsHeadIsRefused() throws IOException {
    writeBackbone("{\"reranker_model_type\": \"backbone\"}");
    Files.delete(directory.resolve("backbone/reranker_head.pt"));

    assertBindRefused("backbone", "")
        .hasMessageContaining("backbone/reranker_head.pt does not exist")
        .hasMessageContaining("score.weight");

    write("backbone/reranker_head.pt", TorchBytes.dictionary().floats("bias", 1).bytes());
    assertBindRefused("backbone", "").hasMessageContaining("expected one tensor, weight, got bias");
  }

  @Test
  void unknownKindsOfRerankerAreNamed() throws IOException {
    writeBackbone("{\"reranker_model_type\": \"bm25\"}");
    assertThatThrownBy(() -> open("backbone", ""))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "%s/backbone/reranker_config.json: reranker_model_type \"bm25\" is not supported,"
                + " expected \"sequence_classification\" or \"backbone\"",
            directory);

    writeBackbone("{\"reranker_pooling\": \"mean\"}");
    assertThatThrownBy(() -> open("backbone", ""))
        .hasMessageContaining("reranker_pooling \"mean\" is not supported");
  }

  @Test
  void thereIsNeverARandomHead() {
    assertBindRefused("base", "")
        .hasMessage(
            "no head: score.weight is neither in %s/base/model.safetensors nor in an adapter; give"
                + " the adapter that was trained with it (--lora-name-or-path), or of a model that"
                + " answers with words the prompt or the words (--prompt, --true-token,"
                + " --false-token)",
            directory);
  }

  @Test
  void leftOversByDesignAreIgnoredAndOthersNamed() throws IOException {
    var tensors =
        base("model.")
            .addFloats("score.weight", 1, 4)
            .addFloats("lm_head.weight", 5, 4)
            .addFloats("model.layers.0.self_attn.rotary_emb.inv_freq", 2);
    write("base/model.safetensors", tensors.bytes());
    assertThat(open("base", "").bind(SHAPES)).hasSize(4);

    tensors.addFloats("score.bias", 1).addFloats(Q + ".bias", 6);
    write("base/model.safetensors", tensors.bytes());
    assertBindRefused("base", "")
        .hasMessageContaining("holds 2 weights that the model of its config.json does not have")
        .hasMessageContaining("score.bias, " + Q + ".bias");
  }

  @Test
  void missingWeightsAreNamed() throws IOException {
    write(
        "base/model.safetensors", new SafetensorsBytes().addFloats("model.norm.weight", 4).bytes());

    assertBindRefused("base", "some/adapter")
        .hasMessageContaining("lacks 2 of 4 weights: model.embed_tokens.weight, %s.weight", Q);
  }

  @Test
  void weightsOfAnotherShapeOrTypeAreNamed() throws IOException {
    var shapes = new LinkedHashMap<>(SHAPES);
    shapes.put("model.norm.weight", new long[] {8});
    assertThatThrownBy(() -> open("base", "some/adapter").bind(shapes))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "model.norm.weight: expected shape [8] by %s/base/config.json, got model.norm.weight"
                + " (float32 [4]) of %s/base/model.safetensors",
            directory, directory);

    write(
        "base/model.safetensors",
        new SafetensorsBytes()
            .addFloats("model.embed_tokens.weight", 5, 4)
            .add(Q + ".weight", "I8", new long[] {6, 4}, new byte[24])
            .addFloats("model.norm.weight", 4)
            .bytes());
    assertBindRefused("base", "some/adapter")
        .hasMessageStartingWith(
            "expected float16, bfloat16 or float32, got " + Q + ".weight (int8");
  }

  @Test
  void anAdapterOfAnotherShapeIsNamed() throws IOException {
    var shapes = new LinkedHashMap<>(SHAPES);
    shapes.put(Q + ".weight", new long[] {6, 8});
    write(
        "base/model.safetensors",
        new SafetensorsBytes()
            .addFloats("model.embed_tokens.weight", 5, 4)
            .addFloats(Q + ".weight", 6, 8)
            .addFloats("model.norm.weight", 4)
            .bytes());

    assertThatThrownBy(() -> open("base", "some/adapter").bind(shapes))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(
            "the adapter does not fit " + Q + ".weight of shape [6, 8]: lora_A is ");
  }

  @Test
  void anAdapterForModulesThatTheBaseLacksIsNamed() throws IOException {
    writeAdapter("some/adapter", "base", "model.layers.7.self_attn.q_proj", true);

    assertBindRefused("some/adapter", "")
        .hasMessageContaining("holds weights of 1 modules that")
        .hasMessageEndingWith("does not have: model.layers.7.self_attn.q_proj");
  }

  @Test
  void aWholeWeightOfTheAdapterTakesThePlaceOfTheBases() throws IOException {
    writeAdapterWith("model.embed_tokens.weight", 5, 4);
    Map<String, Weight> bound = open("base", "some/adapter").bind(SHAPES);
    assertThat(bound.get("model.embed_tokens.weight").stored().toString()).contains("some/adapter");
    assertThat(bound.get(Q + ".weight").lora()).isPresent();

    writeAdapterWith("model.embed_tokens.weight", 7, 4);
    assertBindRefused("base", "some/adapter")
        .hasMessageContaining("model.embed_tokens.weight: expected shape [5, 4]")
        .hasMessageContaining("float32 [7, 4]");
    writeAdapterWith("model.embed_tokens_2.weight", 5, 4);
    assertBindRefused("base", "some/adapter")
        .hasMessageEndingWith("does not have: model.embed_tokens_2");
    writeAdapterWith("embed_tokens.weight", 5, 4);
    assertThatThrownBy(() -> open("base", "some/adapter"))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("holds modules of a whole model and of a bare backbone");
  }

  private void writeAdapterWith(String tensor, int rows, int width) throws IOException {
    writeAdapter("some/adapter", "base", Q, true);
    write(
        "some/adapter/adapter_model.safetensors",
        new SafetensorsBytes()
            .addFloats("base_model.model." + Q + ".lora_A.weight", 2, 4)
            .addFloats("base_model.model." + Q + ".lora_B.weight", 6, 2)
            .addFloats("base_model.model.score.weight", 1, 4)
            .addFloats("base_model.model." + tensor, rows, width)
            .bytes());
  }

  /** Rows are 0 1 2 3, 4 5 6 7 and so on. */
  @Test
  void theHeadOfWordsIsOneRowOfTheOutputLessTheOther() throws IOException {
    write("base/model.safetensors", base("model.").addFloats("lm_head.weight", 5, 4).bytes());
    assertThat(head(new TokenHead(3, 1))).containsExactly(8, 8, 8, 8);
    assertThat(head(new TokenHead(1, 3))).containsExactly(-8, -8, -8, -8);
    assertThat(head(new TokenHead(4, TokenHead.NO_TOKEN))).containsExactly(16, 17, 18, 19);
    assertThat(head(new TokenHead(0, TokenHead.NO_TOKEN))).containsExactly(0, 1, 2, 3);
  }

  /** Version 4 of transformers would take the embedding, version 5 what is stored as the output. */
  @Test
  void theOutputIsTheEmbeddingWhereTheConfigurationTiesThem() throws IOException {
    write("base/config.json", "{\"tie_word_embeddings\": true}");
    assertThat(head(new TokenHead(2, 1))).containsExactly(4, 4, 4, 4);
    write(
        "base/model.safetensors",
        base("model.")
            .add("lm_head.weight", "F32", new long[] {5, 4}, new byte[80])
            .add("score.weight", "F32", new long[] {1, 4}, new byte[16])
            .bytes());
    assertThatThrownBy(() -> head(new TokenHead(2, 1)))
        .isInstanceOf(InputException.class)
        .hasMessageContaining(
            "says tie_word_embeddings, but lm_head.weight is not the embedding's");
    write("base/config.json", "{\"tie_word_embeddings\": false}");
    assertThat(head(new TokenHead(2, 1))).containsExactly(0, 0, 0, 0);
  }

  /** As PEFT has it: the adapter trains a copy, which the output does not see. */
  @Test
  void anAdaptersEmbeddingIsNotTheTiedOutput() throws IOException {
    write("base/config.json", "{\"tie_word_embeddings\": true}");
    write(
        "some/adapter/adapter_model.safetensors",
        new SafetensorsBytes()
            .addFloats("base_model.model." + Q + ".lora_A.weight", 2, 4)
            .addFloats("base_model.model." + Q + ".lora_B.weight", 6, 2)
            .add(
                "base_model.model.model.embed_tokens.weight",
                "F32",
                new long[] {5, 4},
                new byte[80])
            .bytes());
    var bound = open("base", "some/adapter").bind(SHAPES, new TokenHead(2, 1));
    assertThat(floats(bound)).containsExactly(4, 4, 4, 4);
    assertThat(bound.get("model.embed_tokens.weight").stored().floats(4, 4))
        .containsExactly(0, 0, 0, 0);
  }

  @Test
  void aModelWithoutAnOutputHasNoHeadOfWords() {
    assertHeadRefused(new TokenHead(2, 1))
        .hasMessage(
            "no head: %s/base has no lm_head.weight, and its config.json does not say"
                + " tie_word_embeddings",
            directory);
  }

  @Test
  void aTokenBeyondTheRowsIsRefused() throws IOException {
    write("base/model.safetensors", base("model.").addFloats("lm_head.weight", 5, 4).bytes());
    String matrix = " has no row in lm_head.weight (float32 [5, 4]) of ";
    assertHeadRefused(new TokenHead(5, 1)).hasMessageStartingWith("token 5" + matrix);
    assertHeadRefused(new TokenHead(1, 5)).hasMessageStartingWith("token 5" + matrix);
    assertHeadRefused(new TokenHead(-7, 1)).hasMessageStartingWith("token -7" + matrix);
    write("base/model.safetensors", base("model.").addFloats("lm_head.weight", 20).bytes());
    assertHeadRefused(new TokenHead(1, 2)).hasMessageContaining("no row in lm_head.weight");
    write("base/model.safetensors", base("model.").addFloats("lm_head.weight", 5, 3).bytes());
    assertHeadRefused(new TokenHead(1, 2))
        .hasMessageContaining("score.weight: expected shape [1, 4]");
  }

  /** The difference is of float32, as rows of 16 bits are widened. */
  @Test
  void rowsOf16BitsAreWidenedBeforeTheyAreTakenApart() throws IOException {
    byte[] halves = new byte[40];
    byte[] brains = new byte[40];
    for (int i = 0; i < 4; i++) {
      halves[8 + 2 * i + 1] = 0x3c; // 1
      halves[16 + 2 * i] = 1; // 2^-24
      brains[8 + 2 * i] = (byte) 0x80; // 1
      brains[8 + 2 * i + 1] = 0x3f;
      brains[16 + 2 * i + 1] = 0x34; // 2^-23
    }
    write(
        "base/model.safetensors",
        base("model.").add("lm_head.weight", "F16", new long[] {5, 4}, halves).bytes());
    float half = 1 - 0x1p-24f;
    assertThat(head(new TokenHead(1, 2))).containsExactly(half, half, half, half);
    write(
        "base/model.safetensors",
        base("model.").add("lm_head.weight", "BF16", new long[] {5, 4}, brains).bytes());
    float brain = 1 - 0x1p-23f;
    assertThat(head(new TokenHead(1, 2))).containsExactly(brain, brain, brain, brain);
    write(
        "base/model.safetensors",
        base("model.").add("lm_head.weight", "I8", new long[] {5, 4}, new byte[20]).bytes());
    assertHeadRefused(new TokenHead(1, 2))
        .hasMessageStartingWith("expected float16, bfloat16 or float32, got lm_head.weight (int8");
  }

  @Test
  void anAdapterThatTrainsTheHeadIsRefusedBesideWords() throws IOException {
    write("base/model.safetensors", base("model.").addFloats("lm_head.weight", 5, 4).bytes());
    assertThatThrownBy(() -> open("base", "some/adapter").bind(SHAPES, new TokenHead(2, 1)))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "%s/some/adapter/adapter_model.safetensors trains score.weight, but the head is made of"
                + " rows of lm_head.weight: merge the adapter with PEFT first",
            directory);
    writeAdapter("some/adapter", "base", "lm_head", false);
    assertThatThrownBy(() -> open("base", "some/adapter").bind(SHAPES, new TokenHead(2, 1)))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("trains lm_head.weight, but the head is made of rows");
    writeAdapter("some/adapter", "base", Q, false);
    var bound = open("base", "some/adapter").bind(SHAPES, new TokenHead(2, 1));
    assertThat(bound.get(Q + ".weight").lora()).isPresent();
    assertThat(floats(bound)).containsExactly(4, 4, 4, 4);
  }

  private float[] head(TokenHead tokens) {
    return floats(open("base", "").bind(SHAPES, tokens));
  }

  private static float[] floats(Map<String, Weight> bound) {
    return bound.get("score.weight").stored().floats(0, 4);
  }

  private AbstractThrowableAssert<?, ?> assertHeadRefused(TokenHead tokens) {
    return assertThatThrownBy(() -> head(tokens)).isInstanceOf(InputException.class);
  }

  @Test
  void aBaseWithoutConfigurationIsNamed() throws IOException {
    Files.delete(directory.resolve("base/config.json"));

    assertThatThrownBy(() -> open("base", ""))
        .isInstanceOf(InputException.class)
        .hasMessage("%s/base/config.json does not exist", directory);
  }

  private AbstractThrowableAssert<?, ?> assertBindRefused(String model, String lora) {
    return assertThatThrownBy(() -> open(model, lora).bind(SHAPES))
        .isInstanceOf(InputException.class)
        .hasMessageNotContaining("\n");
  }

  private RerankerCheckpoint open(String model, String lora) {
    return open(model, lora, "");
  }

  private RerankerCheckpoint open(String model, String lora, String base) {
    return RerankerCheckpoint.open(
        directory + "/" + model, path(lora), path(base), new Configuration(false));
  }

  private Optional<String> path(String name) {
    return name.isEmpty() ? Optional.empty() : Optional.of(directory + "/" + name);
  }

  private static SafetensorsBytes base(String prefix) {
    return new SafetensorsBytes()
        .addFloats(prefix + "embed_tokens.weight", 5, 4)
        .addFloats(prefix + "layers.0.self_attn.q_proj.weight", 6, 4)
        .addFloats(prefix + "norm.weight", 4);
  }

  private void writeBackbone(String rerankerConfig) throws IOException {
    write("backbone/config.json", "{}");
    write("backbone/reranker_config.json", rerankerConfig);
    write("backbone/model.safetensors", base("").bytes());
    write("backbone/reranker_head.pt", TorchBytes.dictionary().floats("weight", 1, 4).bytes());
  }

  private void writeAdapter(String name, String base, String module, boolean hasHead)
      throws IOException {
    write(
        name + "/adapter_config.json",
        """
        {"peft_type": "LORA", "r": 2, "lora_alpha": 16, "target_modules": ["q_proj"],
        "base_model_name_or_path": "%s"}
        """
            .formatted(base));
    var tensors =
        new SafetensorsBytes()
            .addFloats("base_model.model." + module + ".lora_A.weight", 2, 4)
            .addFloats("base_model.model." + module + ".lora_B.weight", 6, 2);
    if (hasHead) {
      tensors.addFloats("base_model.model.score.weight", 1, 4);
    }
    write(name + "/adapter_model.safetensors", tensors.bytes());
  }

  private void write(String name, String text) throws IOException {
    write(name, text.getBytes(StandardCharsets.UTF_8));
  }

  private void write(String name, byte[] bytes) throws IOException {
    Path file = directory.resolve(name);
    Files.createDirectories(file.getParent());
    Files.write(file, bytes);
  }
}
