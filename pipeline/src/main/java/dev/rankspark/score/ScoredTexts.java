package dev.rankspark.score;

import dev.rankspark.files.Shown;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.function.Function;

/**
 * The rows of one task with the scores of their texts, in their order, the first before the last
 * row is read. A row waits until all its texts are scored; the model is taken at the first text.
 */
public final class ScoredTexts<T> implements Iterator<ScoredTexts.Scored<T>> {
  /**
   * Rows that wait at most, those without a text among them: of these the batch at hand would read
   * on without an end.
   */
  private static final int MOST_WAITING = 1 << 14;

  private final TextScorer scorer;
  private final Iterator<T> rows;
  private final Function<T, List<String>> texts;
  private final ArrayDeque<Waiting<T>> waiting = new ArrayDeque<>();
  private Waiting<T> last; // whose texts are being read; null before the first row
  private ScoreTask<Text<T>> task; // null where nothing is computed

  /**
   * Of the calling task.
   *
   * @param rows of which many are held at once: none may be a buffer that the next one fills
   * @param texts of a row, formatted, of which one may be null; null for a row without any
   */
  public ScoredTexts(TextScorer scorer, Iterator<T> rows, Function<T, List<String>> texts) {
    this.scorer = scorer;
    this.rows = rows;
    this.texts = texts;
  }

  /**
   * A row and the scores of its texts.
   *
   * @param scores in the texts' order, null where the text is; null where the row has no texts
   */
  public record Scored<T>(T row, Float[] scores) {}

  private static final class Waiting<T> {
    final T row;
    final List<String> texts;
    final Float[] scores; // null where the row has no texts
    int read;
    int missing;

    Waiting(T row, List<String> texts) {
      this.row = row;
      this.texts = texts == null ? List.of() : texts;
      this.scores = texts == null ? null : new Float[texts.size()];
      this.missing = (int) this.texts.stream().filter(text -> text != null).count();
    }

    /** The number of the next text to read; the number of texts at their end. */
    int next() {
      while (read < texts.size() && texts.get(read) == null) {
        read++;
      }
      return read;
    }
  }

  /** A text by its row and its number there. */
  private record Text<T>(Waiting<T> row, int number) {
    @Override
    public String toString() {
      return "\"" + Shown.text(row.texts.get(number)) + "\"";
    }
  }

  /** The texts of rows that are read as they are asked for. */
  private final class Texts implements Iterator<ScorePipeline.Pair<Text<T>>> {
    @Override
    public boolean hasNext() {
      while (last == null || last.next() == last.texts.size()) {
        if (waiting.size() >= MOST_WAITING || !rows.hasNext()) {
          return false;
        }
        T row = rows.next();
        last = new Waiting<>(row, texts.apply(row));
        waiting.add(last);
      }
      return true;
    }

    @Override
    public ScorePipeline.Pair<Text<T>> next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      int number = last.read++;
      return new ScorePipeline.Pair<>(new Text<>(last, number), last.texts.get(number));
    }
  }

  @Override
  public boolean hasNext() {
    while (waiting.isEmpty() || waiting.element().missing > 0) {
      if (task != null && task.hasNext()) {
        ScorePipeline.Chunk<Text<T>> chunk = task.next();
        for (int i = 0; i < chunk.pairs().size(); i++) {
          Text<T> text = chunk.pairs().get(i);
          text.row.scores[text.number] = chunk.scores().scores()[i];
          text.row.missing--;
        }
      } else {
        Texts more = new Texts();
        if (more.hasNext()) {
          task = scorer.begin(more);
        } else if (waiting.isEmpty()) {
          return false;
        }
      }
    }
    return true;
  }

  @Override
  public Scored<T> next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    Waiting<T> done = waiting.remove();
    return new Scored<>(done.row, done.scores);
  }
}
