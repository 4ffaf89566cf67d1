package dev.rankspark.eval;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.ToDoubleFunction;

/**
 * The measures, in the order in which trec_eval prints them ({@code measures.c}), each with the
 * formula of the file of trec_eval 9.0.4 that it names. Sums run in the same order, so that not
 * even the last bit differs.
 */
enum Measure {
  /** {@code m_runid.c}: the tag of the run's last line. */
  RUNID("runid", Summary.TAG, Parameters.none(ranking -> 0)),
  /** {@code m_num_q.c}: queries that count. */
  NUM_Q("num_q", Summary.QUERIES, Parameters.none(ranking -> 1)),
  /** {@code m_num_ret.c}: documents retrieved. */
  NUM_RET("num_ret", Summary.SUM, Parameters.none(JudgedRanking::retrieved)),
  /** {@code m_num_rel.c}: relevant documents, retrieved or not. */
  NUM_REL("num_rel", Summary.SUM_OF_RELEVANT, Parameters.none(JudgedRanking::relevant)),
  /** {@code m_num_rel_ret.c}: relevant documents retrieved. */
  NUM_REL_RET("num_rel_ret", Summary.SUM, Parameters.none(JudgedRanking::relevantRetrieved)),
  /** {@code m_map.c}: mean of the precision at each relevant document, 0 if not retrieved. */
  MAP(
      "map",
      Summary.MEAN,
      Parameters.none(ranking -> averagePrecision(ranking, ranking.retrieved()))),
  /** {@code m_gm_map.c}: the same, as a logarithm until the geometric mean is taken. */
  GM_MAP(
      "gm_map",
      Summary.GEOMETRIC_MEAN,
      Parameters.none(
          ranking ->
              Math.log(
                  Math.max(averagePrecision(ranking, ranking.retrieved()), Measure.MIN_GEO_MEAN)))),
  /** {@code m_Rprec.c}: precision at the rank that is the number of relevant documents. */
  R_PREC("Rprec", Summary.MEAN, Parameters.none(Measure::precisionAtRelevant)),
  /** {@code m_bpref.c}: relevant documents before judged nonrelevant ones. */
  BPREF("bpref", Summary.MEAN, Parameters.none(Measure::binaryPreference)),
  /** {@code m_recip_rank.c}: one over the rank of the first relevant document. */
  RECIP_RANK("recip_rank", Summary.MEAN, Parameters.none(Measure::reciprocalRank)),
  /** {@code m_iprec_at_recall.c}: the best precision from some recall on. */
  IPREC_AT_RECALL(
      "iprec_at_recall",
      Summary.MEAN,
      Parameters.fractions("0,.1,.2,.3,.4,.5,.6,.7,.8,.9,1", Measure::interpolatedPrecision)),
  /** {@code m_P.c}: relevant documents among the first k, over k however few were retrieved. */
  P(
      "P",
      Summary.MEAN,
      Parameters.ranks(Measure.RANKS, (ranking, k) -> (double) ranking.relevantAmong(k) / k)),
  /** {@code m_recall.c}: relevant documents among the first k, over all relevant ones. */
  RECALL(
      "recall",
      Summary.MEAN,
      Parameters.ranks(
          Measure.RANKS, (ranking, k) -> ratio(ranking.relevantAmong(k), ranking.relevant()))),
  /** {@code m_ndcg.c}: discounted gain over that of the best order. */
  NDCG("ndcg", Summary.MEAN, Parameters.gains(Gains::ndcg)),
  /** {@code m_ndcg_cut.c}: likewise of the first k; the gain is the grade. */
  NDCG_CUT("ndcg_cut", Summary.MEAN, Parameters.ranks(Measure.RANKS, Gains::ndcgAmong)),
  /** {@code m_map_cut.c}: as map, of the first k. */
  MAP_CUT(
      "map_cut",
      Summary.MEAN,
      Parameters.ranks(
          Measure.RANKS,
          (ranking, k) -> ranking.relevant() == 0 ? 0 : averagePrecision(ranking, k))),
  /** {@code m_success.c}: 1 if any of the first k is relevant. */
  SUCCESS(
      "success",
      Summary.MEAN,
      Parameters.ranks("1,5,10", (ranking, k) -> Math.min(1, ranking.relevantAmong(k)))),
  /** {@code m_set_P.c}: precision of all that was retrieved. */
  SET_P("set_P", Summary.MEAN, Parameters.none(Measure::setPrecision)),
  /** {@code m_set_recall.c}: recall of all that was retrieved. */
  SET_RECALL("set_recall", Summary.MEAN, Parameters.none(Measure::setRecall)),
  /** {@code m_set_F.c}: their harmonic mean, with x the weight of recall. */
  SET_F("set_F", Summary.MEAN, Parameters.weight(1, Measure::setF));

  /** How values of queries become one of the run ({@code meas_avg.c}), and what is printed. */
  enum Summary {
    /** The run's own name; queries have no value. */
    TAG(false, false),
    /** How many queries count; none has a value of its own. */
    QUERIES(false, false),
    /** Whole numbers, added up. */
    SUM(true, false),
    /** Likewise; with {@code -c}, all grades above 0, whatever the relevance level. */
    SUM_OF_RELEVANT(true, false),
    MEAN(true, true),
    /** Of logarithms; trec_eval does not print those of queries. */
    GEOMETRIC_MEAN(false, true);

    private final boolean perQuery;
    private final boolean fraction;

    Summary(boolean perQuery, boolean fraction) {
      this.perQuery = perQuery;
      this.fraction = fraction;
    }

    /** Whether {@code -q} prints the values of queries. */
    boolean isPerQuery() {
      return perQuery;
    }

    /** Whether numbers are printed with four decimals. */
    boolean isFraction() {
      return fraction;
    }
  }

  /** In the place of an average precision below it, for the geometric mean; trec_eval's name. */
  static final double MIN_GEO_MEAN = .00001;

  private static final String RANKS = "5,10,15,20,30,100,200,500,1000";

  private final String trecName;
  private final Summary summary;

  @SuppressWarnings("ImmutableEnumChecker") // all are lambdas over constants
  private final Parameters parameters;

  Measure(String trecName, Summary summary, Parameters parameters) {
    this.trecName = trecName;
    this.summary = summary;
    this.parameters = parameters;
  }

  String trecName() {
    return trecName;
  }

  Summary summary() {
    return summary;
  }

  /**
   * The values that {@code -m} asks for.
   *
   * @param text its parameters; empty for the defaults
   * @throws dev.rankspark.OptionException for what trec_eval refuses, and for numbers at which it
   *     overflows
   */
  List<Value> values(Optional<String> text) {
    return parameters.values(trecName, text).stream()
        .map(named -> new Value(this, named.name(), named.ofQuery()))
        .toList();
  }

  /** One number of a query and of the run. */
  record Value(Measure measure, String name, ToDoubleFunction<JudgedRanking> ofQuery) {}

  static Optional<Measure> byName(String name) {
    return Arrays.stream(values()).filter(measure -> measure.trecName.equals(name)).findFirst();
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
    return found == 0 ? 0 : sum / ranking.relevant();
  }

  private static double precisionAtRelevant(JudgedRanking ranking) {
    return ratio(ranking.relevantAmong(ranking.relevant()), ranking.relevant());
  }

  private static double binaryPreference(JudgedRanking ranking) {
    int relevant = ranking.relevant();
    int bound = Math.min(ranking.judgedNonrelevant(), relevant);
    int nonrelevant = 0;
    double sum = 0;
    for (int rank = 0; rank < ranking.retrieved(); rank++) {
      if (ranking.grades()[rank] < 0) {
        continue;
      }
      if (!ranking.isRelevant(rank)) {
        nonrelevant++;
      } else {
        sum += nonrelevant == 0 ? 1 : 1 - (double) Math.min(nonrelevant, relevant) / bound;
      }
    }
    return relevant == 0 ? sum : sum / relevant;
  }

  private static double reciprocalRank(JudgedRanking ranking) {
    for (int rank = 0; rank < ranking.retrieved(); rank++) {
      if (ranking.isRelevant(rank)) {
        return 1.0 / (rank + 1);
      }
    }
    return 0;
  }

  /** Not a number without any document ({@code -M 0}), as there. */
  private static double interpolatedPrecision(JudgedRanking ranking, double recall) {
    int found = ranking.relevantRetrieved();
    // 0.9 is trec_eval's, so that the default recalls give the numbers of its older versions.
    long wanted = (long) (recall * ranking.relevant() + 0.9);
    if (wanted > found) {
      return 0;
    }
    double best = (double) found / ranking.retrieved();
    for (int rank = ranking.retrieved(); rank > 0 && found > 0; rank--) {
      best = Math.max(best, (double) found / rank);
      if (ranking.isRelevant(rank - 1)) {
        if (found == wanted) {
          break;
        }
        found--;
      }
    }
    return best;
  }

  private static double setPrecision(JudgedRanking ranking) {
    return ratio(ranking.relevantRetrieved(), ranking.retrieved());
  }

  private static double setRecall(JudgedRanking ranking) {
    return ratio(ranking.relevantRetrieved(), ranking.relevant());
  }

  private static double setF(JudgedRanking ranking, double x) {
    if (ranking.relevantRetrieved() == 0) {
      return 0;
    }
    double precision = setPrecision(ranking);
    double recall = setRecall(ranking);
    return (x + 1) * precision * recall / (x * precision + recall);
  }

  private static double ratio(int part, int whole) {
    return whole == 0 ? 0 : (double) part / whole;
  }
}
