package dev.rankspark.udfs;

import dev.rankspark.InputException;
import dev.rankspark.eval.RankedGrades;
import java.util.List;

/**
 * The SQL functions that measure a ranked list by its grades, best first, as trec_eval does. A null
 * grade is one of a document that is not judged.
 */
public enum GradeFunction {
  NDCG(
      "ndcg",
      List.of("grades", "k"),
      List.of("judged"),
      "nDCG of the first k: discounted gain over that of the best order (trec_eval's ndcg_cut).",
      "SELECT _FUNC_(array(0, 3, 1), 10);\n       0.6590",
      RankedGrades::ndcg),
  MRR(
      "mrr",
      List.of("grades"),
      List.of("k"),
      "one over the rank of the first relevant document, 0 if it is not among the first k"
          + " (trec_eval's recip_rank); its mean over queries is MRR.",
      "SELECT _FUNC_(array(0, 3, 1));\n       0.5",
      RankedGrades::reciprocalRank),
  AVERAGE_PRECISION(
      "average_precision",
      List.of("grades"),
      List.of("judged"),
      "the mean of the precision at each relevant document (trec_eval's map of one query).",
      "SELECT _FUNC_(array(0, 3, 1));\n       0.5833",
      (grades, k) -> grades.averagePrecision()),
  RECALL(
      "recall",
      List.of("grades", "k"),
      List.of("judged"),
      "relevant documents among the first k, over all relevant ones (trec_eval's recall).",
      "SELECT _FUNC_(array(0, 3, 1), 2);\n       0.5",
      RankedGrades::recall);

  /** A measure of a list. */
  private interface OfList {
    double apply(RankedGrades grades, int k);
  }

  private final String sqlName;

  @SuppressWarnings("ImmutableEnumChecker") // made by List.of
  private final List<String> required;

  @SuppressWarnings("ImmutableEnumChecker") // made by List.of
  private final List<String> optional;

  private final String usage;
  private final String example;

  @SuppressWarnings("ImmutableEnumChecker") // all are method references
  private final OfList measure;

  GradeFunction(
      String sqlName,
      List<String> required,
      List<String> optional,
      String usage,
      String example,
      OfList measure) {
    this.sqlName = sqlName;
    this.required = required;
    this.optional = optional;
    this.usage = usage;
    this.example = example;
    this.measure = measure;
  }

  public String sqlName() {
    return sqlName;
  }

  /** The names of the arguments that must be there. */
  public List<String> required() {
    return required;
  }

  /** The names of those that may follow. */
  public List<String> optional() {
    return optional;
  }

  /**
   * The value of a list.
   *
   * @param grades best first
   * @param k how many count; ignored where the function has none
   * @param judged the grades of all judged documents of the query; null for those of the list
   * @throws InputException if k is less than 1
   */
  public double apply(int[] grades, int k, int[] judged) {
    if (k < 1) {
      throw InputException.of("%s: expected k of at least 1, got %d", sqlName, k);
    }
    return measure.apply(
        judged == null ? RankedGrades.of(grades) : RankedGrades.of(grades, judged), k);
  }

  /** What {@code DESCRIBE FUNCTION} tells. */
  public FunctionWords words() {
    StringBuilder arguments = new StringBuilder("\n    Arguments:\n");
    arguments.append(
        "      * grades - an array of whole numbers: the grades of the ranked list, best first; null"
            + " where a document is not judged\n");
    if (required.contains("k") || optional.contains("k")) {
      arguments.append("      * k - how many of the list count, at least 1\n");
    }
    if (optional.contains("judged")) {
      arguments.append(
          "      * judged - an array of whole numbers: the grades of all documents that are judged"
              + " for the query, in the list or not; left out, those of the list\n");
    }
    String call =
        "_FUNC_("
            + String.join(", ", required())
            + String.join("", optional().stream().map(name -> " [, " + name + "]").toList())
            + ")";
    return new FunctionWords(
        call + " - " + usage, arguments.toString(), "\n    Examples:\n      > " + example + "\n");
  }
}
