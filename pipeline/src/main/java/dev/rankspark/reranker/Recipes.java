package dev.rankspark.reranker;

import dev.rankspark.InputException;
import dev.rankspark.OptionException;
import dev.rankspark.checkpoint.LoraAdapter;
import dev.rankspark.checkpoint.ModelDirectory;
import dev.rankspark.checkpoint.RerankerCheckpoint;
import dev.rankspark.checkpoint.TokenHead;
import dev.rankspark.prompt.Prompt;
import dev.rankspark.prompt.PromptOptions;
import dev.rankspark.prompt.SingleToken;
import dev.rankspark.reranker.RecipeOptions.Score;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Finds a reranker's recipe: what the options say, else the files of sentence-transformers, else
 * what is known of the model's name, else Tevatron's way for a model that has a head. Nothing is
 * guessed.
 */
final class Recipes {
  /** Tevatron's, which were trained with its example's prefixes. */
  private static final List<String> RANKLLAMA =
      List.of(
          "castorini/rankllama-v1-7b-lora-passage",
          "castorini/rankllama-v1-7b-lora-doc",
          "castorini/rankllama-v1-13b-lora-passage");

  private static final String ASKED_FOR = "";
  private static final String BY_NAME = " by the model's name";
  private static final String BY_DEFAULT =
      " without prefixes: neither options nor the model's files and name say another";

  private final RerankerCheckpoint checkpoint;
  private final ModelDirectory tokenizer;
  private final PromptOptions plain;
  private final RecipeOptions options;
  private final int positions;

  private Recipes(
      RerankerCheckpoint checkpoint,
      ModelDirectory tokenizer,
      PromptOptions plain,
      RecipeOptions options) {
    this.checkpoint = checkpoint;
    this.tokenizer = tokenizer;
    this.plain = plain;
    this.options = options;
    this.positions = checkpoint.config().path("max_position_embeddings").asInt(Integer.MAX_VALUE);
  }

  /**
   * The recipe of a checkpoint.
   *
   * @param plain Tevatron's prompt, as the options have it
   * @throws InputException if a model that answers with words comes without a recipe, or a word is
   *     no token
   */
  static Recipe find(
      RerankerCheckpoint checkpoint,
      ModelDirectory tokenizer,
      PromptOptions plain,
      RecipeOptions options) {
    return new Recipes(checkpoint, tokenizer, plain, options).find();
  }

  private Recipe find() {
    Optional<PublishedPrompt> known = nameOf(checkpoint.model());
    if (options.prompt().isPresent() || plain.isGiven()) {
      return byOptions();
    }
    boolean hasFiles = SentenceTransformersFiles.areIn(checkpoint.model());
    if (hasFiles || known.isPresent()) {
      refuseAnotherHead();
    }
    if (hasFiles) {
      return new SentenceTransformersFiles(
              checkpoint.model(), tokenizer, options, givenHead(), positions)
          .recipe();
    }
    if (known.isPresent()) {
      return published(known.get(), BY_NAME);
    }
    ModelDirectory trained =
        checkpoint.adapter().map(LoraAdapter::directory).orElse(checkpoint.model());
    if (names(trained).anyMatch(name -> PublishedPrompt.isOne(name, RANKLLAMA))) {
      PromptOptions prefixes =
          new PromptOptions("query: ", "document: ", plain.maxLength(), plain.appendEos());
      return tevatron(prefixes, BY_NAME);
    }
    refuseOlder();
    return tevatron(plain, BY_DEFAULT);
  }

  /** The published model that a directory is by its name, if it is one. */
  private static Optional<PublishedPrompt> nameOf(ModelDirectory directory) {
    return names(directory).flatMap(name -> PublishedPrompt.ofModel(name).stream()).findFirst();
  }

  /** As it was given, and where it is: "." has a name, too. */
  private static Stream<String> names(ModelDirectory directory) {
    return Stream.of(directory.path(), directory.realPath());
  }

  /** sentence-transformers before 5.4 does not write how its model reads a pair. */
  private void refuseOlder() {
    boolean isItsOwn = checkpoint.adapter().isEmpty();
    if (isItsOwn && checkpoint.config().has("sentence_transformers")) {
      throw InputException.of(
          "%s/config.json: sentence-transformers before 5.4 saved this model, and not how it reads a"
              + " pair; name the prompt by --prompt, or save it again by a newer one",
          checkpoint.model().path());
    }
  }

  /** A head that was trained on this base later, with whichever prompt. */
  private void refuseAnotherHead() {
    String base = checkpoint.model().path();
    checkpoint
        .adapter()
        .filter(adapter -> !adapter.path().equals(base) && adapter.head().isPresent())
        .ifPresent(
            adapter -> {
              throw OptionException.of(
                  "--prompt: %s has a head of its own, which may not have been trained with the"
                      + " prompt of %s; name the one that it was trained with, such as --prompt %s",
                  adapter.path(), base, RecipeOptions.TEVATRON);
            });
  }

  private Recipe byOptions() {
    String name = options.prompt().orElse(RecipeOptions.TEVATRON);
    if (name.equals(RecipeOptions.TEVATRON)) {
      return tevatron(plain, ASKED_FOR);
    }
    if (plain.isGiven()) {
      throw OptionException.of(
          "--prompt %s has its own texts: --query-prefix, --passage-prefix and --append-eos-token"
              + " are of --prompt %s",
          name, RecipeOptions.TEVATRON);
    }
    return published(PublishedPrompt.of(name), ASKED_FOR);
  }

  private Recipe published(PublishedPrompt published, String origin) {
    int length = options.maxLength().orElse(Math.min(published.defaultLength(), positions));
    Prompt prompt = published.prompt(options.instruction(), length, positions);
    TokenHead head =
        givenHead()
            .orElseGet(
                () ->
                    checkpoint.hasHead()
                        ? TokenHead.NONE
                        : head(published.trueWord(), published.falseWord()));
    return new Recipe(
        prompt,
        head,
        options.score() == Score.PUBLISHED ? published.activation() : Activation.IDENTITY,
        "prompt " + published.title() + origin,
        origin.equals(ASKED_FOR));
  }

  private Recipe tevatron(PromptOptions prompt, String origin) {
    if (options.instruction().isPresent()) {
      throw OptionException.of(
          "--instruction: Tevatron's prompt has none; --prompt names one that has");
    }
    return new Recipe(
        prompt,
        givenHead().orElse(TokenHead.NONE),
        Activation.IDENTITY,
        "prompt " + RecipeOptions.TEVATRON + origin,
        origin.equals(ASKED_FOR));
  }

  private Optional<TokenHead> givenHead() {
    return options.trueToken().map(word -> head(word, options.falseToken()));
  }

  private TokenHead head(String trueWord, Optional<String> falseWord) {
    int trueId = SingleToken.id(tokenizer, trueWord, "--true-token");
    int falseId =
        falseWord
            .map(word -> SingleToken.id(tokenizer, word, "--false-token"))
            .orElse(TokenHead.NO_TOKEN);
    return new TokenHead(trueId, falseId);
  }
}
