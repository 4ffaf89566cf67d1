package dev.rankspark.score;

import dev.rankspark.DeviceException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.NoSuchElementException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Scores a task's pairs chunk by chunk: while one chunk is computed, the next one is tokenized and
 * planned on another thread, and what is done goes on to the writer.
 *
 * @param <T> what a pair is known by; its {@code toString} names it in messages
 */
final class ScorePipeline<T> implements Iterator<ScorePipeline.Chunk<T>>, AutoCloseable {
  /**
   * Pairs of a chunk, at least: many batches of a CPU, so that few are not full, and half of a
   * usual task, so that its second half is tokenized while the first is computed.
   */
  private static final int LEAST_PAIRS = 128;

  /** Of a short text: as many pairs as this fills a batch by its tokens. */
  private static final int TOKENS_PER_PAIR = 16;

  /** Full batches of a chunk, at least, where rows bound them before tokens do, as on a GPU. */
  private static final int BATCHES = 2;

  private final Iterator<Pair<T>> pairs;
  private final Scorer scorer;
  private final int chunkPairs;
  private final int threads;
  private final Scorer.Count count;
  private final ExecutorService tokenizing =
      Executors.newSingleThreadExecutor(
          task -> {
            Thread thread = new Thread(task, "rankspark-tokenizing");
            thread.setDaemon(true);
            return thread;
          });
  private Ahead<T> ahead;

  /** A pair and its text. */
  record Pair<T>(T id, String text) {}

  /**
   * Pairs and their scores, in input order. Texts are as large as all else: they are let go.
   *
   * @param readSeconds spent on reading the next chunk's pairs
   * @param waitSeconds spent on waiting for this chunk's tokens
   * @param computeSeconds spent in the model
   */
  record Chunk<T>(
      List<T> pairs,
      Scorer.Scores scores,
      double readSeconds,
      double waitSeconds,
      double computeSeconds) {}

  private record Ahead<T>(List<T> pairs, CompletableFuture<Scorer.Prepared> prepared) {}

  /**
   * Begins to tokenize.
   *
   * @param pairs read on the caller's thread only
   * @param batchTokens as asked for or decided, from which the chunks' size follows: texts of
   *     different chunks share no batch
   * @param threads libtorch's threads
   * @param count told after each batch
   */
  ScorePipeline(
      Iterator<Pair<T>> pairs, Scorer scorer, int batchTokens, int threads, Scorer.Count count) {
    this.pairs = pairs;
    this.scorer = scorer;
    this.chunkPairs =
        Math.max(
            LEAST_PAIRS, Math.min(batchTokens / TOKENS_PER_PAIR, BATCHES * scorer.batchRows()));
    this.threads = threads;
    this.count = count;
    this.ahead = read();
  }

  private Ahead<T> read() {
    List<T> ids = new ArrayList<>();
    List<String> texts = new ArrayList<>();
    while (ids.size() < chunkPairs && pairs.hasNext()) {
      Pair<T> pair = pairs.next();
      ids.add(pair.id);
      texts.add(pair.text);
    }
    return ids.isEmpty()
        ? null
        : new Ahead<>(ids, CompletableFuture.supplyAsync(() -> scorer.prepare(texts), tokenizing));
  }

  @Override
  public boolean hasNext() {
    return ahead != null;
  }

  /**
   * Computes the next chunk.
   *
   * @throws DeviceException if the device's memory is too small for one of its pairs
   */
  @Override
  public Chunk<T> next() {
    if (ahead == null) {
      throw new NoSuchElementException();
    }
    List<T> ids = ahead.pairs;
    long start = System.nanoTime();
    Scorer.Prepared prepared = joined(ahead.prepared);
    long prepares = System.nanoTime();
    ahead = read();
    long reads = System.nanoTime();
    try {
      Scorer.Scores scores = scorer.compute(prepared, threads, count);
      return new Chunk<>(
          ids,
          scores,
          (reads - prepares) / 1e9,
          (prepares - start) / 1e9,
          (System.nanoTime() - reads) / 1e9);
    } catch (Scorer.TextTooLargeException e) {
      T id = ids.get(e.text());
      throw new DeviceException(
          String.format(
              Locale.ROOT,
              "%s: the device has no memory for this pair's %d tokens alone (%s);"
                  + " take a smaller --rerank-max-len, a smaller dtype or fewer tasks a device",
              id,
              e.tokens(),
              e.getMessage()),
          e);
    }
  }

  private static <T> T joined(CompletableFuture<T> future) {
    try {
      return future.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw e;
    }
  }

  /** Returns when no text is being tokenized: whoever closes this may close the tokenizer next. */
  @Override
  public void close() {
    tokenizing.shutdown();
    if (ahead != null) {
      ahead.prepared.handle((prepared, error) -> null).join(); // interrupts do not end native code
    }
  }
}
