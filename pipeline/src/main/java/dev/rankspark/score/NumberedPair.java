package dev.rankspark.score;

import dev.rankspark.corpus.Pairs;
import java.io.Serializable;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/**
 * A pair of a rerank job with its number, from 0, over all pairs. No record, as Kryo cannot read
 * those.
 */
final class NumberedPair implements Serializable {
  private static final long serialVersionUID = 1L;

  final long number;
  final long queryPosition;
  final String qid;
  final String docid;

  /** What the model sees; null once it is scored. */
  final String text;

  private NumberedPair(long number, long queryPosition, String qid, String docid, String text) {
    this.number = number;
    this.queryPosition = queryPosition;
    this.qid = qid;
    this.docid = docid;
    this.text = text;
  }

  static NumberedPair of(long number, Row row, PairRows texts) {
    return new NumberedPair(
        number,
        row.getAs(Pairs.QUERY_POSITION),
        row.getAs(Pairs.QID),
        row.getAs(Pairs.DOCID),
        texts.text(row));
  }

  /** Without the text, which is as large as all else. */
  NumberedPair withoutText() {
    return new NumberedPair(number, queryPosition, qid, docid, null);
  }

  /** A row of {@link ScorePartition#SCORED}. */
  Row scored(float score) {
    return RowFactory.create(number, queryPosition, qid, docid, score);
  }

  /** For messages. */
  @Override
  public String toString() {
    return "query " + qid + ", docid " + docid;
  }
}
