package dev.rankspark.reranker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rankspark.InputException;
import dev.rankspark.OptionException;
import dev.rankspark.checkpoint.TokenHead;
import dev.rankspark.prompt.ByteTokenizer;
import dev.rankspark.prompt.FramedPrompt;
import dev.rankspark.prompt.MxbaiPrompt;
import dev.rankspark.prompt.PairPrompt;
import dev.rankspark.prompt.PromptOptions;
import dev.rankspark.prompt.WholePrompt;
import dev.rankspark.prompt.ZerankRendering;
import dev.rankspark.reranker.RecipeOptions.Score;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.apache.commons.io.FileUtils;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** By what a reranker's recipe is found, and what is asked for that it cannot have. */
class RecipesTest {
  private static final TokenHead YES_NO = new TokenHead(ByteTokenizer.YES, ByteTokenizer.NO);
  private static final TokenHead ONE_ZERO = new TokenHead(ByteTokenizer.ONE, ByteTokenizer.ZERO);
  private static final PromptOptions PREFIXES = new PromptOptions("q: ", "d: ", 512, false);

  @TempDir private Path folder;
  private Path model;

  @BeforeEach
  void write() throws IOException {
    model = SmallModels.causal(folder.resolve("model"));
  }

  @Test
  void optionsCountMoreThanFilesTheseMoreThanTheNameAndTheNameMoreThanTevatron()
      throws IOException {
    Path named = SmallModels.causal(folder.resolve("Qwen3-Reranker-0.6B"));
    assertThat(open(named).notes())
        .containsExactly("prompt qwen3-reranker by the model's name; the scores are raw");
    assertThat(open(named).prompt()).isInstanceOf(FramedPrompt.class);
    assertThat(open(named).head()).isEqualTo(YES_NO);

    SmallModels.withSentenceTransformers(named);
    assertThat(open(named).notes())
        .containsExactly("prompt and head by sentence-transformers' files; the scores are raw");
    assertThat(open(named).prompt()).isInstanceOf(WholePrompt.class);
    assertThat(open(named).head()).isEqualTo(YES_NO);

    Recipe chosen = open(named, "--prompt", "mxbai-rerank-v2");
    assertThat(chosen.notes()).isEmpty();
    assertThat(chosen.prompt()).isEqualTo(new MxbaiPrompt("", 5_000, 5_000));
    assertThat(chosen.head()).isEqualTo(ONE_ZERO);

    Recipe tevatron = open(named, "--prompt", "tevatron", "--true-token", "yes");
    assertThat(tevatron.notes()).isEmpty();
    assertThat(tevatron.prompt()).isEqualTo(PromptOptions.plain());
    assertThat(tevatron.head()).isEqualTo(new TokenHead(ByteTokenizer.YES, TokenHead.NO_TOKEN));
    assertThat(open(named, PREFIXES, "--true-token", "no", "--false-token", "yes"))
        .isEqualTo(
            new Recipe(
                PREFIXES,
                new TokenHead(ByteTokenizer.NO, ByteTokenizer.YES),
                Activation.IDENTITY,
                "prompt tevatron",
                true));
  }

  @Test
  void wordsOfTheOptionsCountMoreThanTheFilesAndTheNames() throws IOException {
    Path named = SmallModels.causal(folder.resolve("zerank-1"));
    assertThat(open(named).head())
        .isEqualTo(new TokenHead(ByteTokenizer.UPPER_YES, TokenHead.NO_TOKEN));
    assertThat(open(named, "--true-token", "1", "--false-token", "0").head()).isEqualTo(ONE_ZERO);
    SmallModels.withSentenceTransformers(named);
    assertThat(open(named, "--true-token", "1", "--false-token", "0").head()).isEqualTo(ONE_ZERO);
    assertThat(open(named, "--true-token", "yes").head().hasFalse()).isFalse();
  }

  @Test
  void aHeadOfItsOwnIsUsedUnlessWordsAreNamed() throws IOException {
    Path named = SmallModels.withHead(folder.resolve("Qwen3-Reranker-0.6B-seq-cls"));
    assertThat(open(named).prompt()).isInstanceOf(FramedPrompt.class);
    assertThat(open(named).head()).isEqualTo(TokenHead.NONE);
    assertThatThrownBy(() -> open(named, "--true-token", "yes"))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "no head: %s has no lm_head.weight, and its config.json does not say"
                + " tie_word_embeddings",
            named);
    SmallModels.set(named.resolve("config.json"), "tie_word_embeddings", "true");
    assertThat(open(named, "--true-token", "yes", "--false-token", "no").head()).isEqualTo(YES_NO);
  }

  @Test
  void rankLlamasPrefixesAreThoseThatItWasTrainedWith() throws IOException {
    Path named = SmallModels.withHead(folder.resolve("rankllama-v1-7b-lora-passage"));
    assertThat(open(named))
        .isEqualTo(
            new Recipe(
                new PromptOptions("query: ", "document: ", 512, false),
                TokenHead.NONE,
                Activation.IDENTITY,
                "prompt tevatron by the model's name",
                false));
    assertThat(open(named, PREFIXES).prompt()).isEqualTo(PREFIXES);
    assertThat(open(named, "--prompt", "tevatron").prompt()).isEqualTo(PromptOptions.plain());
  }

  /** Tevatron's README names the base and the adapter. */
  @Test
  void anAdapterBesideItsBaseIsKnownByItsName() throws IOException {
    Path reference = Path.of("..", "reference").toAbsolutePath().normalize();
    Path adapter = Files.createDirectory(folder.resolve("rankllama-v1-7b-lora-passage"));
    for (String name : List.of("adapter_config.json", "adapter_model.safetensors")) {
      Files.copy(reference.resolve("adapter").resolve(name), adapter.resolve(name));
    }
    String base = reference.resolve("base").toString();
    ModelPaths beside =
        new ModelPaths(base, Optional.of(adapter.toString()), Optional.empty(), Optional.empty());
    ModelPaths itself =
        new ModelPaths(adapter.toString(), Optional.empty(), Optional.of(base), Optional.empty());
    for (ModelPaths paths : List.of(beside, itself)) {
      assertThat(Reranker.open(paths, PromptOptions.plain(), new Configuration(false)).prompt())
          .isEqualTo(new PromptOptions("query: ", "document: ", 512, false));
    }
  }

  @Test
  void aLinkToAPublishedModelIsOne() throws IOException {
    Path named = SmallModels.causal(folder.resolve("Qwen3-Reranker-0.6B"));
    Path link = Files.createSymbolicLink(folder.resolve("current"), named);
    assertThat(open(link)).isEqualTo(open(named));
  }

  @Test
  void tevatronsWayWithoutAWordOfItIsTold() throws IOException {
    assertThat(open(SmallModels.withHead(folder.resolve("some"))).notes())
        .containsExactly(
            "prompt tevatron without prefixes: neither options nor the model's files and name say"
                + " another; the scores are raw");
  }

  /** It does not say whether it was trained on two texts or on a template. */
  @Test
  void aModelOfAnOlderSentenceTransformersAsksForThePrompt() throws IOException {
    Path older = SmallModels.withHead(folder.resolve("older"));
    SmallModels.set(
        older.resolve("config.json"), "sentence_transformers", "{\"version\": \"5.1.2\"}");
    assertThatThrownBy(() -> open(older))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "%s/config.json: sentence-transformers before 5.4 saved this model, and not how it reads"
                + " a pair; name the prompt by --prompt, or save it again by a newer one",
            older);
    assertThat(open(older, PREFIXES).prompt()).isEqualTo(PREFIXES);
  }

  /** Nobody knows whether that head was trained with the publisher's prompt. */
  @Test
  void aHeadThatAnAdapterBringsToAPublishedModelAsksForThePrompt() throws IOException {
    Path reference = Path.of("..", "reference").toAbsolutePath().normalize();
    Path base = folder.resolve("Qwen3-Reranker-0.6B");
    FileUtils.copyDirectory(reference.resolve("base").toFile(), base.toFile());
    String adapter = reference.resolve("adapter").toString();
    ModelPaths paths =
        new ModelPaths(base.toString(), Optional.of(adapter), Optional.empty(), Optional.empty());
    assertThatThrownBy(() -> Reranker.open(paths, PromptOptions.plain(), new Configuration(false)))
        .hasMessage(
            "--prompt: %s has a head of its own, which may not have been trained with the prompt of"
                + " %s; name the one that it was trained with, such as --prompt tevatron",
            adapter, base);
    assertThat(Reranker.open(paths, PREFIXES, new Configuration(false)).prompt())
        .isEqualTo(PREFIXES);
  }

  @Test
  void withoutALengthItIsThePublishersWithinTheModelsPositions() throws IOException {
    assertThat(open(model, "--prompt", "qwen3-reranker").prompt().maxLength()).isEqualTo(5_000);
    SmallModels.set(model.resolve("config.json"), "max_position_embeddings", "40960");
    assertThat(open(model, "--prompt", "qwen3-reranker").prompt().maxLength()).isEqualTo(8_192);
    assertThat(open(model, "--prompt", "zerank-1").prompt().maxLength()).isEqualTo(16_384);
    assertThat(open(model, "--prompt", "zerank-1", "--rerank-max-len", "600").prompt())
        .isEqualTo(new WholePrompt(ZerankRendering.ZERANK_1, true, 600));
    assertThat(open(model, "--prompt", "mxbai-rerank-v2", "--rerank-max-len", "60").prompt())
        .isEqualTo(new MxbaiPrompt("", 60, 40_960));
    assertThat(
            Reranker.open(
                    ModelPaths.of(SmallModels.causal(folder.resolve("zerank-1")).toString()),
                    new PromptOptions("", "", 196, false),
                    new Configuration(false))
                .prompt()
                .maxLength())
        .as("a prompt that has one")
        .isEqualTo(196);
    SmallModels.withSentenceTransformers(model);
    assertThat(open(model).prompt().maxLength()).as("the tokenizer's").isEqualTo(4_000);
    assertThat(open(model, "--rerank-max-len", "60").prompt().maxLength()).isEqualTo(60);
    SmallModels.set(model.resolve("config.json"), "max_position_embeddings", "300");
    assertThat(open(model).prompt().maxLength()).isEqualTo(300);
  }

  @Test
  void thePublishedScoreIsOfTheRecipe() throws IOException {
    Map<String, Activation> published =
        Map.of(
            "qwen3-reranker", Activation.SIGMOID,
            "mxbai-rerank-v2", Activation.IDENTITY,
            "zerank-1", Activation.SIGMOID_OF_FIFTH);
    published.forEach(
        (name, activation) -> {
          assertThat(open(model, "--prompt", name, "--score", "published").activation())
              .isEqualTo(activation);
          assertThat(open(model, "--prompt", name).activation()).isEqualTo(Activation.IDENTITY);
        });
    assertThat(
            open(model, "--prompt", "tevatron", "--true-token", "yes", "--score", "published")
                .activation())
        .isEqualTo(Activation.IDENTITY);
  }

  /** Nothing is guessed. */
  @Test
  void aModelThatAnswersWithWordsNeedsARecipe() {
    assertThatThrownBy(() -> open(model))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "no head: score.weight is neither in %s/model.safetensors nor in an adapter; give the"
                + " adapter that was trained with it (--lora-name-or-path), or of a model that"
                + " answers with words the prompt or the words (--prompt, --true-token,"
                + " --false-token)",
            model);
  }

  @ParameterizedTest
  @CsvSource({
    "--prompt=tevatron --true-token=yes, --instruction: Tevatron's prompt has none; --prompt names one that has",
    "--true-token=yes, --instruction: Tevatron's prompt has none; --prompt names one that has",
    "--prompt=zerank-1, --instruction: the prompt zerank-1 has none"
  })
  void anInstructionIsForPromptsThatHaveOne(String options, String message) {
    String[] with = (options.replace('=', ' ') + " --instruction judge").split(" ", -1);
    assertThatThrownBy(() -> open(model, with))
        .isInstanceOf(OptionException.class)
        .hasMessage(message);
  }

  @Test
  void anInstructionOfFilesIsForTemplatesThatReadIt() throws IOException {
    SmallModels.withSentenceTransformers(model);
    assertThat(text(open(model))).isEqualTo("<system>judge<query>q<document>d<|im_end|>");
    assertThat(text(open(model, "--instruction", "d")))
        .isEqualTo("<system>d<query>q<document>d<|im_end|>");
    assertThat(text(open(model, "--instruction", ""))).isEqualTo("<query>q<document>d<|im_end|>");
    Files.writeString(
        model.resolve("chat_template.jinja"),
        "{{ messages[-2].content }} {{ messages[-1].content }}");
    assertThatThrownBy(() -> open(model, "--instruction", "q"))
        .isInstanceOf(OptionException.class)
        .hasMessage("--instruction: the chat template of %s has none", model);
  }

  /** As sentence-transformers puts a prompt before a query. */
  @Test
  void anInstructionOfAPairIsPutBeforeTheQuery() throws IOException {
    Path pairs = SmallModels.withSentenceTransformers(SmallModels.withHead(folder.resolve("p")));
    Files.writeString(
        pairs.resolve("modules.json"),
        "[{\"path\": \"\", \"type\": \"sentence_transformers.models.Transformer\"}]");
    Files.writeString(pairs.resolve("sentence_bert_config.json"), "{}");
    assertThat(open(pairs).prompt()).isEqualTo(new PairPrompt("judge", 4_000));
    assertThat(open(pairs, "--instruction", "be kind: ").prompt())
        .isEqualTo(new PairPrompt("be kind: ", 4_000));
    assertThat(open(pairs).head()).isEqualTo(TokenHead.NONE);
  }

  @Test
  void aPublishedPromptHasTextsOfItsOwn() {
    for (PromptOptions plain :
        List.of(
            new PromptOptions("q: ", "", 512, false),
            new PromptOptions("", "d: ", 512, false),
            new PromptOptions("", "", 512, true))) {
      assertThatThrownBy(() -> open(model, plain, "--prompt", "zerank-1"))
          .isInstanceOf(OptionException.class)
          .hasMessage(
              "--prompt zerank-1 has its own texts: --query-prefix, --passage-prefix and"
                  + " --append-eos-token are of --prompt tevatron");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          --prompt Qwen3-Reranker | --prompt: expected one of tevatron, qwen3-reranker, mxbai-rerank-v2, zerank-1, got Qwen3-Reranker
          --prompt QWEN3_RERANKER | --prompt: expected one of tevatron, qwen3-reranker, mxbai-rerank-v2, zerank-1, got QWEN3_RERANKER
          --score sigmoid | --score: expected raw or published, got sigmoid
          --score RAW | --score: expected raw or published, got RAW
          --false-token no | --false-token has no meaning without --true-token
          """)
  void aWrongValueIsToldWithTheRightOnes(String options, String message) {
    assertThatThrownBy(() -> open(model, options.split(" ", -1)))
        .isInstanceOf(OptionException.class)
        .hasMessage(message);
  }

  @Test
  void aWordThatIsNoTokenIsTold() {
    assertThatThrownBy(() -> open(model, "--true-token", "maybe"))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(
            "--true-token: the vocabulary of " + model + " has no single token");
    assertThatThrownBy(() -> open(model, "--true-token", "yes", "--false-token", "maybe"))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith("--false-token: the vocabulary of");
  }

  @Test
  void theIdentityTellsEachSettingOfARecipeApart() throws IOException {
    SmallModels.set(model.resolve("config.json"), "tie_word_embeddings", "true");
    Stream<String> given =
        Stream.of(
            "--true-token yes",
            "--true-token no",
            "--true-token yes --false-token no",
            "--prompt qwen3-reranker",
            "--prompt qwen3-reranker --instruction judge",
            "--prompt qwen3-reranker --rerank-max-len 600",
            "--prompt qwen3-reranker --score published",
            "--prompt qwen3-reranker --true-token yes",
            "--prompt mxbai-rerank-v2",
            "--prompt mxbai-rerank-v2 --instruction judge",
            "--prompt mxbai-rerank-v2 --rerank-max-len 600",
            "--prompt zerank-1",
            "--prompt zerank-1 --rerank-max-len 600",
            "--prompt zerank-1 --score published");
    assertThat(given.map(options -> identity(options.split(" ", -1)).text()))
        .doesNotHaveDuplicates();
  }

  @Test
  void theIdentityTellsEachSettingOfFilesApart() throws IOException {
    SmallModels.withSentenceTransformers(model);
    Map<String, String> texts = new HashMap<>();
    texts.put("as they are", settings());
    texts.put("instruction", settings("--instruction", "be kind"));
    texts.put("length", settings("--rerank-max-len", "60"));
    Files.writeString(
        model.resolve("sentence_bert_config.json"),
        Files.readString(model.resolve("sentence_bert_config.json"))
            .replaceFirst(
                "\\{",
                "{\"processing_kwargs\": {\"chat_template\": {\"add_generation_prompt\": true}},"));
    texts.put("variable", settings());
    Files.writeString(model.resolve("chat_template.jinja"), "{{ messages }}");
    texts.put("template", settings());
    SmallModels.set(model.resolve("1_LogitScore/config.json"), "false_token_id", "null");
    texts.put("head", settings());
    assertThat(texts.values()).doesNotHaveDuplicates();
  }

  /** What is beside the files' sums. */
  private String settings(String... options) {
    return identity(options).text().replaceAll("(?m)^file .*\n", "");
  }

  private Identity identity(String... options) {
    return Reranker.open(
            ModelPaths.of(model.toString()),
            PromptOptions.plain(),
            options(options),
            new Configuration(false))
        .identity(FileSums.in(folder.resolve("sums")), new Configuration(false));
  }

  private static String text(Recipe recipe) {
    return recipe.prompt().format().format("q", "", "d");
  }

  private static Recipe open(Path model, String... options) {
    return open(model, PromptOptions.plain(), options);
  }

  private static Recipe open(Path model, PromptOptions plain, String... options) {
    return Reranker.open(
            ModelPaths.of(model.toString()), plain, options(options), new Configuration(false))
        .recipe();
  }

  private static RecipeOptions options(String... namesAndValues) {
    Map<String, String> options = new HashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      options.put(namesAndValues[i], namesAndValues[i + 1]);
    }
    assertThat(
            List.of(
                "--prompt",
                "--instruction",
                "--true-token",
                "--false-token",
                "--rerank-max-len",
                "--score"))
        .as(Arrays.toString(namesAndValues))
        .containsAll(options.keySet());
    String length = options.get("--rerank-max-len");
    return new RecipeOptions(
        Optional.ofNullable(options.get("--prompt")),
        Optional.ofNullable(options.get("--instruction")),
        Optional.ofNullable(options.get("--true-token")),
        Optional.ofNullable(options.get("--false-token")),
        length == null ? OptionalInt.empty() : OptionalInt.of(Integer.parseInt(length)),
        Score.parse(options.getOrDefault("--score", "raw")));
  }
}
