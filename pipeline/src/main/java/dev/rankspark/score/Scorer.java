package dev.rankspark.score;

import dev.rankspark.DeviceException;
import dev.rankspark.InputException;
import dev.rankspark.cluster.ExecutorModels;
import dev.rankspark.model.BatchModel;
import dev.rankspark.model.CrossEncoder;
import dev.rankspark.model.DeviceMemoryException;
import dev.rankspark.model.Hardware;
import dev.rankspark.progress.ByteCount;
import dev.rankspark.progress.Progress;
import dev.rankspark.progress.ProgressListener;
import dev.rankspark.prompt.PairEncoder;
import dev.rankspark.prompt.PairTokens;
import dev.rankspark.reranker.Activation;
import dev.rankspark.reranker.OpenedModel;
import dev.rankspark.reranker.Reranker;
import java.nio.LongBuffer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;

/** Pair texts to scores on one device: tokenizer, batch plan and model. Serves several threads. */
final class Scorer implements ExecutorModels.Model<Scorer> {
  private final PairEncoder tokenizer;
  private final PlannedModel model;
  private final Activation activation;
  private final int batchRows;

  private final int askedTokens;

  /** Becomes less when the device's memory is full, for all that follows in this job. */
  private volatile int batchTokens;

  Scorer(PairEncoder tokenizer, BatchModel model, int batchRows, int batchTokens) {
    this(tokenizer, PlannedModel.of(model), Activation.IDENTITY, batchRows, batchTokens);
  }

  Scorer(
      PairEncoder tokenizer,
      PlannedModel model,
      Activation activation,
      int batchRows,
      int batchTokens) {
    this.tokenizer = tokenizer;
    this.model = model;
    this.activation = activation;
    this.batchRows = batchRows;
    this.askedTokens = batchTokens;
    this.batchTokens = batchTokens;
  }

  /** With the tokens of a batch as they were asked for. */
  @Override
  public Scorer forAnotherJob() {
    return new Scorer(tokenizer, model, activation, batchRows, askedTokens);
  }

  /**
   * Texts ready to be computed.
   *
   * @param distinct token ids, those of equal texts once
   * @param distinctOfText for each text which of them are its own
   * @param plan of the distinct ones
   * @param tokens tokens of all texts
   * @param longest tokens of the longest text
   * @param truncated texts that were cut at {@code --rerank-max-len}
   * @param tokenizeSeconds spent on the tokenizer
   * @param planSeconds spent on the batch plan
   */
  record Prepared(
      List<long[]> distinct,
      int[] distinctOfText,
      BatchPlan.Plan plan,
      long tokens,
      int longest,
      long truncated,
      double tokenizeSeconds,
      double planSeconds) {}

  /**
   * The scores of a list of texts.
   *
   * @param scores one per text, in their order
   * @param prepared what was computed
   * @param batchTokens the most tokens of a batch, less than asked for if the device's memory was
   *     full
   */
  record Scores(float[] scores, Prepared prepared, int batchTokens) {}

  /**
   * Loads tokenizer and model.
   *
   * @param assigned the GPU that Spark assigned to this task
   * @param threads libtorch's threads
   * @param told of the weights' bytes
   * @throws InputException if a file has changed since the reranker was opened
   * @throws DeviceException if the device has no memory for the model
   */
  static Scorer load(
      Scoring scoring,
      Optional<String> assigned,
      int threads,
      Configuration hadoop,
      ByteCount told) {
    Reranker reranker = scoring.reranker();
    Hardware hardware = scoring.hardware();
    OpenedModel opened = reranker.reopen(hadoop);
    CrossEncoder model;
    try {
      model =
          CrossEncoder.load(
              opened.weights(),
              opened.config(),
              hardware,
              hardware.device(assigned),
              reranker.prompt().maxLength(),
              threads,
              told);
    } catch (DeviceMemoryException e) {
      throw e.ofModel(reranker.path(), hardware, "a smaller --dtype, or fewer models");
    }
    try {
      reranker.checkUnchanged(hadoop); // while they were read
      return new Scorer(
          opened.loadTokenizer(),
          PlannedModel.of(model),
          reranker.recipe().activation(),
          scoring.batchRows(),
          scoring.batchTokens());
    } catch (RuntimeException e) {
      model.close(); // gigabytes
      throw e;
    }
  }

  /** Told of what is scored, as it goes on. */
  @FunctionalInterface
  interface Count {
    /** Nobody counts. */
    Count NONE = (pairs, tokens, cut) -> {};

    /**
     * More is done.
     *
     * @param pairs that have a score now
     * @param tokens of them
     * @param cut texts that were cut
     */
    void add(long pairs, long tokens, long cut);

    /**
     * One that tells a listener.
     *
     * @param all pairs that are to be scored, each as often as it is
     */
    static Count telling(long all, ProgressListener listener) {
      return new Count() {
        private Progress.Scoring now = new Progress.Scoring(0, all, 0, 0);

        @Override
        public void add(long pairs, long tokens, long cut) {
          now =
              new Progress.Scoring(now.done() + pairs, all, now.tokens() + tokens, now.cut() + cut);
          listener.at(now);
        }
      };
    }
  }

  /** Scores texts: {@link #prepare}, then {@link #compute}. */
  Scores score(List<String> texts, int threads) {
    return compute(prepare(texts), threads, Count.NONE);
  }

  /**
   * Tokenizes and plans. Texts of the same tokens are scored once: a product's last bit may depend
   * on the row that a text stands in, and equal texts are to have equal scores.
   */
  Prepared prepare(List<String> texts) {
    long start = System.nanoTime();
    List<PairTokens> encoded = tokenizer.encode(texts);
    long tokenized = System.nanoTime();
    Map<LongBuffer, Integer> numbers = new LinkedHashMap<>();
    int[] distinctOfText = new int[encoded.size()];
    long tokens = 0;
    long truncated = 0;
    int longest = 0;
    for (int text = 0; text < distinctOfText.length; text++) {
      PairTokens ids = encoded.get(text);
      int next = numbers.size();
      distinctOfText[text] = numbers.computeIfAbsent(LongBuffer.wrap(ids.ids()), key -> next);
      tokens += ids.ids().length;
      longest = Math.max(longest, ids.ids().length);
      truncated += ids.truncated() ? 1 : 0;
    }
    List<long[]> distinct = numbers.keySet().stream().map(LongBuffer::array).toList();
    BatchPlan.Plan plan = BatchPlan.plan(distinct, batchRows, batchTokens);
    return new Prepared(
        distinct,
        distinctOfText,
        plan,
        tokens,
        longest,
        truncated,
        (tokenized - start) / 1e9,
        (System.nanoTime() - tokenized) / 1e9);
  }

  /**
   * Computes.
   *
   * @param threads libtorch's threads
   * @param count told after each batch, and of the texts that were cut before the first
   * @throws TextTooLargeException if the device's memory is too small for one of the texts
   */
  Scores compute(Prepared prepared, int threads, Count count) {
    float[] distinct = new float[prepared.distinct.size()];
    int[] all = IntStream.range(0, distinct.length).toArray();
    count.add(0, 0, prepared.truncated);
    try {
      Part part = new Part(prepared.distinct, all, prepared.plan);
      compute(part, threads, distinct, counting(prepared, count));
    } catch (TextTooLargeException e) {
      int[] texts = prepared.distinctOfText;
      throw e.of(
          IntStream.range(0, texts.length)
              .filter(i -> texts[i] == e.text())
              .findFirst()
              .orElseThrow());
    }
    float[] scores = new float[prepared.distinctOfText.length];
    for (int text = 0; text < scores.length; text++) {
      scores[text] = activation.of(distinct[prepared.distinctOfText[text]]);
    }
    return new Scores(scores, prepared, batchTokens);
  }

  /** Counts the texts of a batch, of which its model computed distinct ones. */
  private static Consumer<int[]> counting(Prepared prepared, Count count) {
    long[] texts = new long[prepared.distinct.size()];
    for (int distinct : prepared.distinctOfText) {
      texts[distinct]++;
    }
    return batch -> {
      long pairs = 0;
      long tokens = 0;
      for (int distinct : batch) {
        pairs += texts[distinct];
        tokens += texts[distinct] * prepared.distinct.get(distinct).length;
      }
      count.add(pairs, tokens, 0);
    };
  }

  /**
   * Texts that are planned together.
   *
   * @param numbers where the score of each of the texts belongs
   */
  private record Part(List<long[]> texts, int[] numbers, BatchPlan.Plan plan) {}

  /**
   * Computes a plan's batches, in its order; when the device's memory is full, those that are left
   * by plans of half the tokens. The batch that did not fit is planned by itself: what it is split
   * into is always smaller, while a longer text elsewhere would raise the budget, so that the same
   * batch were planned for ever.
   *
   * @param done told the numbers of each batch's texts
   */
  private void compute(Part part, int threads, float[] scores, Consumer<int[]> done) {
    List<BatchPlan.Batch> batches = part.plan.batches();
    for (int i = 0; i < batches.size(); i++) {
      BatchPlan.Batch batch = batches.get(i);
      int[] rows = batch.texts();
      try {
        float[] batchScores = model.score(batch, part.texts, threads);
        for (int row = 0; row < rows.length; row++) {
          scores[part.numbers[rows[row]]] = batchScores[row];
        }
        done.accept(Arrays.stream(rows).map(row -> part.numbers[row]).toArray());
      } catch (DeviceMemoryException e) {
        if (rows.length == 1) {
          throw new TextTooLargeException(part.numbers[rows[0]], batch.tokens(), e);
        }
        halve(batch.tokens());
        compute(planned(part, List.of(batch)), threads, scores, done);
        compute(planned(part, batches.subList(i + 1, batches.size())), threads, scores, done);
        return;
      }
    }
  }

  /** The texts of some of a part's batches, planned again by what a batch may have now. */
  private Part planned(Part part, List<BatchPlan.Batch> batches) {
    int[] again = batches.stream().flatMapToInt(batch -> Arrays.stream(batch.texts())).toArray();
    List<long[]> texts = Arrays.stream(again).mapToObj(part.texts::get).toList();
    int[] numbers = Arrays.stream(again).map(text -> part.numbers[text]).toArray();
    return new Part(texts, numbers, BatchPlan.plan(texts, batchRows, batchTokens));
  }

  /** Other tasks may have met the same. */
  private synchronized void halve(int tokens) {
    batchTokens = Math.min(batchTokens, Math.max(1, tokens / 2));
  }

  /** One text that the device's memory is too small for, alone. */
  static final class TextTooLargeException extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final int text;
    private final int tokens;

    TextTooLargeException(int text, int tokens, Throwable cause) {
      super(cause.getMessage(), cause);
      this.text = text;
      this.tokens = tokens;
    }

    TextTooLargeException of(int other) {
      return new TextTooLargeException(other, tokens, getCause());
    }

    /** Its index. */
    int text() {
      return text;
    }

    int tokens() {
      return tokens;
    }
  }

  /** The most texts in a batch. */
  int batchRows() {
    return batchRows;
  }

  @Override
  public void close() {
    tokenizer.close();
    model.close();
  }
}
