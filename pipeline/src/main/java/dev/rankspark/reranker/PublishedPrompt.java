package dev.rankspark.reranker;

import dev.rankspark.OptionException;
import dev.rankspark.hub.HubSnapshot;
import dev.rankspark.prompt.FramedPrompt;
import dev.rankspark.prompt.MxbaiPrompt;
import dev.rankspark.prompt.Prompt;
import dev.rankspark.prompt.WholePrompt;
import dev.rankspark.prompt.ZerankRendering;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A prompt that a publisher gives as code, with the words that its models answer with, what becomes
 * of their score, and the models that are known to want it.
 */
enum PublishedPrompt {
  /** The README of QwenLM/Qwen3-Embedding, Transformers Usage. */
  QWEN3_RERANKER(
      "yes",
      "no",
      Activation.SIGMOID,
      8_192,
      "Qwen/Qwen3-Reranker-0.6B",
      "Qwen/Qwen3-Reranker-4B",
      "Qwen/Qwen3-Reranker-8B",
      "tomaarsen/Qwen3-Reranker-0.6B-seq-cls",
      "tomaarsen/Qwen3-Reranker-4B-seq-cls",
      "tomaarsen/Qwen3-Reranker-8B-seq-cls") {
    @Override
    Prompt prompt(Optional<String> instruction, int maxLength, int positions) {
      return new FramedPrompt(
          "<|im_start|>system\nJudge whether the Document meets the requirements based on the Query"
              + " and the Instruct provided. Note that the answer can only be \"yes\" or"
              + " \"no\".<|im_end|>\n<|im_start|>user\n",
          "<Instruct>: ",
          "\n<Query>: ",
          "\n<Document>: ",
          "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n",
          instruction.orElse(
              "Given a web search query, retrieve relevant passages that answer the query"),
          maxLength);
    }
  },

  /** Package mxbai-rerank 0.1.6, {@code mxbai_rerank_v2.py}. */
  MXBAI_RERANK_V2(
      "1",
      "0",
      Activation.IDENTITY,
      8_192,
      "mixedbread-ai/mxbai-rerank-base-v2",
      "mixedbread-ai/mxbai-rerank-large-v2") {
    @Override
    Prompt prompt(Optional<String> instruction, int maxLength, int positions) {
      return new MxbaiPrompt(instruction.orElse(""), maxLength, Math.max(positions, 1));
    }
  },

  /** zeroentropy/zerank-1-small, {@code modeling_zeranker.py}. */
  ZERANK_1(
      "Yes",
      null,
      Activation.SIGMOID_OF_FIFTH,
      16_384,
      "zeroentropy/zerank-1",
      "zeroentropy/zerank-1-reranker",
      "zeroentropy/zerank-1-small",
      "zeroentropy/zerank-1-small-reranker",
      "zeroentropy/zerank-2",
      "zeroentropy/zerank-2-reranker") {
    @Override
    Prompt prompt(Optional<String> instruction, int maxLength, int positions) {
      if (instruction.isPresent()) {
        throw OptionException.of("--instruction: the prompt zerank-1 has none");
      }
      return new WholePrompt(ZerankRendering.ZERANK_1, /* addSpecialTokens= */ true, maxLength);
    }
  };

  private final String trueWord;
  private final String falseWord; // null for none
  private final Activation activation;
  private final int defaultLength;
  private final String models; // one after the other: an enum keeps no list

  PublishedPrompt(
      String trueWord,
      String falseWord,
      Activation activation,
      int defaultLength,
      String... models) {
    this.trueWord = trueWord;
    this.falseWord = falseWord;
    this.activation = activation;
    this.defaultLength = defaultLength;
    this.models = String.join(" ", models);
  }

  /** As {@code --prompt} names it. */
  String title() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  static PublishedPrompt of(String title) {
    return valueOf(title.toUpperCase(Locale.ROOT).replace('-', '_'));
  }

  /** That of the model in a directory, by its name. */
  static Optional<PublishedPrompt> ofModel(String directory) {
    return Stream.of(values())
        .filter(prompt -> isOne(directory, List.of(prompt.models.split(" ", -1))))
        .findFirst();
  }

  /**
   * Whether a directory is one of some models: a hub's snapshot by its repository, another by the
   * repository's name without its owner.
   */
  static boolean isOne(String directory, List<String> models) {
    Optional<String> repository = HubSnapshot.of(directory).map(HubSnapshot::name);
    String last = directory.replaceFirst("/+$", "").replaceFirst(".*/", "");
    return repository.isPresent()
        ? models.contains(repository.get())
        : models.stream().anyMatch(name -> name.endsWith("/" + last));
  }

  /**
   * The prompt.
   *
   * @param instruction in place of the default
   * @param positions the model's {@code max_position_embeddings}
   */
  abstract Prompt prompt(Optional<String> instruction, int maxLength, int positions);

  String trueWord() {
    return trueWord;
  }

  Optional<String> falseWord() {
    return Optional.ofNullable(falseWord);
  }

  /** What the publisher makes of the raw score. */
  Activation activation() {
    return activation;
  }

  /** The publisher's maximum in tokens; of zerank-1 what its maximum in characters may have. */
  int defaultLength() {
    return defaultLength;
  }
}
