package dev.rankspark.udfs;

import java.util.List;

/** The SQL functions that score. */
public enum RerankFunction {
  /** A pair to a float. */
  RERANK_SCORE(
      "rerank_score",
      List.of("query", "passage", "title"),
      "Scores how well a passage answers a query, by the reranker that spark.rankspark.* names.",
      """

          Arguments:
            * query - a string
            * passage - a string
            * title - a string, the passage's title; null or left out for none
            * model - a literal: the name of a model that spark.rankspark.<name>.* describes
      """,
      """

          Examples:
            > SET spark.rankspark.modelNameOrPath=castorini/rankllama-v1-7b-lora-passage;
            > SET spark.rankspark.queryPrefix=`query: `;
            > SET spark.rankspark.passagePrefix=`document: `;
            > SELECT qid, docid, _FUNC_(query, passage) AS score FROM candidates;
      """),
  /** A query and an array of passages to an array of floats. */
  RERANK_SCORES(
      "rerank_scores",
      List.of("query", "passages", "titles"),
      "Scores the passages of a query, in their order, by the reranker that spark.rankspark.* names.",
      """

          Arguments:
            * query - a string
            * passages - an array of strings; a null one has a null score
            * titles - an array of strings, as long; null or left out for none
            * model - a literal: the name of a model that spark.rankspark.<name>.* describes
      """,
      """

          Examples:
            > SET spark.rankspark.modelNameOrPath=castorini/rankllama-v1-7b-lora-passage;
            > SET spark.rankspark.queryPrefix=`query: `;
            > SET spark.rankspark.passagePrefix=`document: `;
            > SELECT query, _FUNC_(query, passages) AS scores FROM candidates;
      """);

  /** Where the name of a model is among the arguments. */
  public static final int MODEL = 3;

  private final String sqlName;

  @SuppressWarnings("ImmutableEnumChecker") // made by List.of
  private final List<String> arguments;

  private final String usage;
  private final String argumentWords;
  private final String examples;

  RerankFunction(
      String sqlName, List<String> arguments, String usage, String argumentWords, String examples) {
    this.sqlName = sqlName;
    this.arguments = arguments;
    this.usage = usage;
    this.argumentWords = argumentWords;
    this.examples = examples;
  }

  public String sqlName() {
    return sqlName;
  }

  /** Whether it takes an array of passages. */
  public boolean isOfGroups() {
    return this == RERANK_SCORES;
  }

  /**
   * An argument's name.
   *
   * @param number from 0
   */
  public String argument(int number) {
    return arguments.get(number);
  }

  /** What {@code DESCRIBE FUNCTION} tells. */
  public FunctionWords words() {
    return new FunctionWords(
        "_FUNC_("
            + arguments.get(0)
            + ", "
            + arguments.get(1)
            + " [, "
            + arguments.get(2)
            + " [, model]]) - "
            + usage,
        argumentWords,
        examples);
  }
}
