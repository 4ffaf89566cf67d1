package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Rerankers that answer with words, where the prompt or the words are wrong, missing or of another
 * kind than these. The reference's base has an output, and {@code a} and {@code the} as words.
 */
class BadRecipeTest extends RefusedCommandTest {
  private static final String TEMPLATE = "chat_template.jinja";

  private Path model;

  @BeforeEach
  void copyModel() throws IOException {
    model = copyFolder("base");
  }

  @Test
  void aModelThatAnswersWithWordsWithoutARecipe() {
    assertRefused(
        words(),
        "no head: score.weight is neither in " + model + "/model.safetensors nor in an adapter",
        "(--prompt, --true-token, --false-token)");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          --prompt qwen3 | --prompt: expected one of tevatron, qwen3-reranker, mxbai-rerank-v2, zerank-1, got qwen3
          --prompt qwen3-reranker --true-token a --query-prefix q: | --prompt qwen3-reranker has its own texts: --query-prefix
          --prompt mxbai-rerank-v2 --true-token a --append-eos-token | --prompt mxbai-rerank-v2 has its own texts
          --prompt zerank-1 --instruction kind | --instruction: the prompt zerank-1 has none
          --true-token a --instruction kind | --instruction: Tevatron's prompt has none; --prompt names one that has
          --false-token a | --false-token has no meaning without --true-token
          --true-token a --score best | --score: expected raw or published, got best
          --prompt qwen3-reranker --true-token a --rerank-max-len 20 | --rerank-max-len: expected more than the
          """)
  void aWrongOption(String options, String message) {
    assertRefused(words(options.split(" ", -1)), Main.USAGE, message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          --true-token unheard | --true-token: the vocabulary of
          --true-token a --false-token unheard | --false-token: the vocabulary of
          --prompt qwen3-reranker | has no single token for "yes": expected one, got [
          """)
  void aWordThatIsNotOneToken(String options, String message) {
    assertRefused(words(options.split(" ", -1)), message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          "llama" | "qwen3_moe" | model_type "qwen3_moe" is not supported; supported: llama, mistral, qwen2, qwen3 (nearest to it: qwen3)
          "llama" | "gemma2" | model_type "gemma2" is not supported; supported: llama, mistral, qwen2, qwen3
          "LlamaForCausalLM" | "JinaForRanking" | architectures ["JinaForRanking"] is not supported: a listwise reranker
          "LlamaForCausalLM" | "LayerWiseMiniCPMForCausalLM" | architectures ["LayerWiseMiniCPMForCausalLM"] is not supported: a reranker whose own code
          "LlamaForCausalLM" | "CostWiseGemmaForCausalLM" | architectures ["CostWiseGemmaForCausalLM"] is not supported: a reranker whose own code
          "LlamaForCausalLM" | "MineForCausalLM" | architectures ["MineForCausalLM"] is not supported; supported: LlamaForCausalLM
          """)
  void aModelOfAnotherKind(String of, String to, String message) throws IOException {
    Path config = model.resolve("config.json");
    Files.writeString(config, Files.readString(config).replace(of, to));
    assertRefused(words("--true-token", "a"), message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {{ raise_exception('only user turns') }} | /chat_template.jinja:1: | only user turns
          {{ messages.nothing.x }} | /chat_template.jinja:1: | nothing
          {% include 'x' %} | this chat template is not supported | include
          {{ messages[0].content }} | does not render the message of role document | --prompt
          """)
  void aTemplateThatCannotCarryAPair(String template, String message, String also)
      throws IOException {
    makeSentenceTransformer(270);
    Files.writeString(model.resolve(TEMPLATE), template);
    assertRefused(words(), message, also);
  }

  @Test
  void aWordOfFilesThatTheModelHasNot() throws IOException {
    makeSentenceTransformer(1_200);
    assertRefused(words(), "token 1200 has no row in lm_head.weight (float16 [1200, 32]) of ");
  }

  /** Code beside a model is never run: it is scored by its architecture, with the same scores. */
  @Test
  void remoteCodeBesideAnArchitectureOfOursIsIgnored() throws IOException {
    List<String> args = words("--true-token", "a", "--overwrite");
    Path run = outputs.resolve("run.txt");
    assertThat(Cli.run(args).exitCode()).isZero();
    String scores = Cli.read(run);
    Path config = model.resolve("config.json");
    Files.writeString(
        config,
        Files.readString(config)
            .replaceFirst(
                "\\{",
                "{\"auto_map\": {\"AutoModelForCausalLM\": \"modeling_mine.MineForCausalLM\"},"));
    Cli.Result result = Cli.run(args);
    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(Cli.read(run)).isEqualTo(scores);
  }

  /** The same command, with what is right, is not refused. */
  @Test
  void allElseWorks() throws IOException {
    makeSentenceTransformer(270);
    Cli.Result files = Cli.run(words("--overwrite"));
    assertThat(files.exitCode()).as(files.err()).isZero();
    Cli.Result options =
        Cli.run(words("--overwrite", "--prompt", "qwen3-reranker", "--true-token", "a"));
    assertThat(options.exitCode()).as(options.err()).isZero();
    assertThat(options.err()).as("the model's positions").contains(" cut at 2048 tokens (");
  }

  private void makeSentenceTransformer(int trueToken) throws IOException {
    Files.createDirectory(model.resolve("1_LogitScore"));
    Files.writeString(
        model.resolve("1_LogitScore/config.json"), "{\"true_token_id\": %d}".formatted(trueToken));
    Files.writeString(
        model.resolve("modules.json"),
        """
        [{"path": "", "type": "sentence_transformers.base.modules.transformer.Transformer"},
         {"path": "1_LogitScore",
          "type": "sentence_transformers.cross_encoder.modules.logit_score.LogitScore"}]
        """);
    Files.writeString(
        model.resolve("config_sentence_transformers.json"), "{\"model_type\": \"CrossEncoder\"}");
    Files.writeString(
        model.resolve("sentence_bert_config.json"), "{\"modality_config\": {\"message\": {}}}");
    Files.writeString(
        model.resolve(TEMPLATE), "{{ messages[0].content }}\n{{ messages[1].content }}");
  }

  /** A {@code rerank} by the model alone. */
  private List<String> words(String... more) {
    List<String> args = new ArrayList<>(rerank("--model-name-or-path", model, more));
    int at = args.indexOf("--lora-name-or-path");
    args.subList(at, at + 2).clear();
    return args;
  }
}
