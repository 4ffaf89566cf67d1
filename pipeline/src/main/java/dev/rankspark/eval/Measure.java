package dev.rankspark.eval;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/**
 * The measures, in the order in which trec_eval prints them ({@code measures.c}), with its formulas
 * ({@code m_*.c} of trec_eval 9). A measure with cutoffs is one value per cutoff, named {@code
 * measure_cutoff}.
 */
enum Measure {
  /** Queries; a count of the run, not of a query. */
  NUM_Q(Kind.QUERIES) {
    @Override
    double value(JudgedRanking ranking, int cutoff) {
      return 1;
    }
  },
  NUM_RET(Kind.COUNT) {
    @Override
    double value(JudgedRanking ranking, int cutoff) {
      return ranking.retrieved();
    }
  },
  NUM_REL(Kind.COUNT) {
    @Override
    double value(JudgedRanking ranking, int cutoff) {
      return ranking.relevant();
    }
  },
  NUM_REL_RET(Kind.COUNT) {
    @Override
    double value(JudgedRanking ranking, int cutoff) {
      return ranking.relevantRetrieved(ranking.retrieved());
    }
  },
  /**
   * Mean of the precision at each relevant document; those not retrieved count as 0 ({@code
   * m_map.c}).
   */
  MAP(Kind.MEAN) {
    @Override
    double value(JudgedRanking ranking, int cutoff) {
      return averagePrecision(ranking, ranking.retrieved());
    }
  },
  /** One over the rank of the first relevant document ({@code m_recip_rank.c}). */
  RECIP_RANK(Kind.MEAN) {
    @Override
    double value(JudgedRanking ranking, int cutoff) {
      for (int rank = 0; rank < ranking.retrieved(); rank++) {
        if (ranking.isRelevant(rank)) {
          return 1.0 / (rank + 1);
        }
      }
      return 0;
    }
  },
  /** Relevant documents among the first k, over k however few were retrieved ({@code m_P.c}). */
  P(Kind.MEAN, /* hasCutoffs= */ true) {
    @Override
    double value(JudgedRanking ranking, int cutoff) {
      return (double) ranking.relevantRetrieved(cutoff) / cutoff;
    }
  },
  /** Relevant documents among the first k, over all relevant ones ({@code m_recall.c}). */
  RECALL(Kind.MEAN, /* hasCutoffs= */ true) {
    @Override
    double value(JudgedRanking ranking, int cutoff) {
      int relevant = ranking.relevant();
      return relevant == 0 ? 0 : (double) ranking.relevantRetrieved(cutoff) / relevant;
    }
  },
  /** Discounted gain over that of the best order; the gain is the grade ({@code m_ndcg.c}). */
  NDCG(Kind.MEAN) {
    @Override
    double value(JudgedRanking ranking, int cutoff) {
      return normalizedGain(ranking, Integer.MAX_VALUE);
    }
  },
  /** Likewise of the first k ({@code m_ndcg_cut.c}). */
  NDCG_CUT(Kind.MEAN, /* hasCutoffs= */ true) {
    @Override
    double value(JudgedRanking ranking, int cutoff) {
      return normalizedGain(ranking, cutoff);
    }
  },
  /** As {@link #MAP}, of the first k ({@code m_map_cut.c}). */
  MAP_CUT(Kind.MEAN, /* hasCutoffs= */ true) {
    @Override
    double value(JudgedRanking ranking, int cutoff) {
      return averagePrecision(ranking, cutoff);
    }
  };

  /** How values of queries become one of the run. */
  enum Kind {
    /** The number of queries; no query has a value of its own. */
    QUERIES,
    /** Whole numbers, added up. */
    COUNT,
    /** Fractions, averaged. */
    MEAN
  }

  private final Kind kind;
  private final boolean hasCutoffs;

  Measure(Kind kind) {
    this(kind, false);
  }

  Measure(Kind kind, boolean hasCutoffs) {
    this.kind = kind;
    this.hasCutoffs = hasCutoffs;
  }

  /**
   * The value of one query.
   *
   * @param cutoff ignored by measures without
   */
  abstract double value(JudgedRanking ranking, int cutoff);

  Kind kind() {
    return kind;
  }

  /** Whether it is one value per cutoff. */
  boolean hasCutoffs() {
    return hasCutoffs;
  }

  /** trec_eval's name. */
  String trecName() {
    return this == P ? "P" : name().toLowerCase(Locale.ROOT);
  }

  static Optional<Measure> byName(String name) {
    return Arrays.stream(values()).filter(measure -> measure.trecName().equals(name)).findFirst();
  }

  private static double averagePrecision(JudgedRanking ranking, int depth) {
    double sum = 0;
    int found = 0;
    for (int rank = 0; rank < Math.min(depth, ranking.retrieved()); rank++) {
      if (ranking.isRelevant(rank)) {
        found++;
        sum += (double) found / (rank + 1);
      }
    }
    int relevant = ranking.relevant();
    return relevant == 0 ? 0 : sum / relevant;
  }

  /**
   * trec_eval's gains are the grades themselves, whatever the relevance level; negative ones gain
   * nothing.
   */
  private static double normalizedGain(JudgedRanking ranking, int depth) {
    int[] best = Arrays.stream(ranking.judged()).sorted().toArray();
    double ideal = 0;
    for (int rank = 0; rank < Math.min(depth, best.length); rank++) {
      ideal += discounted(best[best.length - 1 - rank], rank);
    }
    double gain = 0;
    for (int rank = 0; rank < Math.min(depth, ranking.retrieved()); rank++) {
      gain += discounted(ranking.grades()[rank], rank);
    }
    return ideal > 0 ? gain / ideal : 0;
  }

  private static double discounted(int grade, int rank) {
    return grade > 0 ? grade / (Math.log(rank + 2.0) / Math.log(2)) : 0;
  }
}
