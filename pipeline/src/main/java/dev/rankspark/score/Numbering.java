package dev.rankspark.score;

import dev.rankspark.corpus.Pairs;
import java.io.Serializable;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.NoSuchElementException;
import org.apache.spark.sql.Row;

/**
 * Numbers the pairs of a partition, which are sorted by query, and places them among the costs of
 * all. A query that stays whole lies where its middle lies, a larger one pair by pair: of a query
 * it holds no more than what is needed to know which.
 */
final class Numbering implements Iterator<Numbering.Placed> {
  /** The column of what a pair costs, a whole number. */
  static final String COST = "cost";

  /** How many pairs, and what they cost. No record, as Kryo cannot read those. */
  static final class Sum implements Serializable {
    private static final long serialVersionUID = 1L;
    final long pairs;
    final long cost;

    Sum(long pairs, long cost) {
      this.pairs = pairs;
      this.cost = cost;
    }

    static Sum of(Iterator<Row> rows) {
      long pairs = 0;
      long cost = 0;
      while (rows.hasNext()) {
        pairs++;
        cost += rows.next().<Long>getAs(COST);
      }
      return new Sum(pairs, cost);
    }

    Sum plus(Sum other) {
      return new Sum(pairs + other.pairs, cost + other.cost);
    }
  }

  /** A pair and its place, within one task. */
  static final class Placed {
    final Place place;
    final NumberedPair pair;

    Placed(Place place, NumberedPair pair) {
      this.place = place;
      this.pair = pair;
    }
  }

  /** Where a pair stands among all. No record, as Kryo cannot read those. */
  static final class Place implements Comparable<Place>, Serializable {
    private static final long serialVersionUID = 1L;
    final long middle;
    final long number;

    Place(long middle, long number) {
      this.middle = middle;
      this.number = number;
    }

    @Override
    public int compareTo(Place other) {
      return Long.compare(number, other.number);
    }
  }

  private final Iterator<Row> rows;
  private final double whole;
  private final PairRows texts;
  private long number;
  private Row ahead; // null at the end

  /** Rows of one query that were taken and not given yet. */
  private final ArrayDeque<Row> query = new ArrayDeque<>();

  private long position = -1;
  private boolean isWhole;

  /** What all earlier queries cost, and this one's rows that were taken, and given. */
  private long costBefore;

  private long taken;
  private long given;

  /**
   * @param start the sum of all partitions before
   * @param whole the most that a query costs that stays whole
   */
  Numbering(Iterator<Row> rows, Sum start, double whole, PairRows texts) {
    this.rows = rows;
    this.whole = whole;
    this.texts = texts;
    this.number = start.pairs;
    this.costBefore = start.cost;
    advance();
  }

  private void advance() {
    ahead = rows.hasNext() ? rows.next() : null;
  }

  @Override
  public boolean hasNext() {
    return !query.isEmpty() || ahead != null;
  }

  @Override
  public Placed next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    if (query.isEmpty()) {
      if (isOfQuery()) {
        take(); // of one that is too large to stay whole
      } else {
        begin();
      }
    }
    Row row = query.remove();
    long own = row.getAs(COST);
    given += own;
    long middle = isWhole ? taken / 2 : given - own / 2;
    return new Placed(
        new Place(costBefore + middle, number), NumberedPair.of(number++, row, texts));
  }

  private void begin() {
    costBefore += taken;
    taken = 0;
    given = 0;
    position = ahead.getAs(Pairs.QUERY_POSITION);
    do {
      take();
    } while (taken <= whole && isOfQuery());
    isWhole = taken <= whole;
  }

  private void take() {
    taken += ahead.<Long>getAs(COST);
    query.add(ahead);
    advance();
  }

  private boolean isOfQuery() {
    return ahead != null && ahead.<Long>getAs(Pairs.QUERY_POSITION) == position;
  }
}
