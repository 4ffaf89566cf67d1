package dev.rankspark.score;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.greatest;
import static org.apache.spark.sql.functions.least;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.octet_length;

import dev.rankspark.corpus.Pairs;
import dev.rankspark.model.Architecture;
import dev.rankspark.model.DecoderConfig;
import java.io.Serializable;
import org.apache.spark.sql.Column;

/**
 * What scoring a pair costs, in tokens through the model: those of the passage, as the query's are
 * shared, and attention's part, which grows with the square of the text's length.
 *
 * @param maxLength tokens at which a text is cut
 * @param attended so many tokens that a token looks at cost as much as one through the products
 */
record PairCost(int maxLength, long attended) implements Serializable {
  /**
   * Bytes of UTF-8 a token, for an estimate before the tokenizer: 4.2 in MS MARCO's passages by
   * Llama-2's vocabulary, 3 to 4 in Cyrillic and Chinese.
   */
  private static final int BYTES_PER_TOKEN = 4;

  /** Costs are whole numbers, so that their sums do not depend on the order of adding. */
  private static final int UNITS_PER_TOKEN = 100;

  /** The costs of a model of this shape. */
  static PairCost of(DecoderConfig config, int maxLength) {
    // A token costs 2 operations a parameter, and 4 a head's element for each token it looks at.
    long width = (long) config.heads() * config.headDim();
    return new PairCost(
        maxLength, Math.max(1, Architecture.of(config).layerParameters() / (2 * width)));
  }

  /** An estimate from the pair's texts, in hundredths of a token; at least 1. */
  Column estimate() {
    Column query = octet_length(col(Pairs.QUERY)).divide(BYTES_PER_TOKEN);
    Column passage =
        octet_length(col(Pairs.TITLE)).plus(octet_length(col(Pairs.TEXT))).divide(BYTES_PER_TOKEN);
    Column text = least(query.plus(passage), lit(maxLength));
    Column own = greatest(text.minus(query), lit(1));
    return own.multiply(text.divide(attended).plus(1)).multiply(UNITS_PER_TOKEN).cast("long");
  }

  /** The true cost, in tokens, of what a batch plan computes. */
  double of(long computedTokens, long attendedTokens) {
    return computedTokens + (double) attendedTokens / attended;
  }
}
