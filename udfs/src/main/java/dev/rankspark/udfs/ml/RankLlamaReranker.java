package dev.rankspark.udfs.ml;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.row_number;

import dev.rankspark.InputException;
import dev.rankspark.OptionException;
import dev.rankspark.corpus.Tables;
import dev.rankspark.prompt.PromptOptions;
import dev.rankspark.reranker.ModelPaths;
import dev.rankspark.score.PairScorer;
import dev.rankspark.score.ScoreOptions;
import dev.rankspark.udfs.RankSpark;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.apache.spark.ml.Model;
import org.apache.spark.ml.param.BooleanParam;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.param.StringArrayParam;
import org.apache.spark.ml.util.DefaultParamsReadable;
import org.apache.spark.ml.util.DefaultParamsWritable;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A reranker as a stage: rows with a query and a passage in, the same rows with a score out; or
 * rows of groups, with an array of passages in and an array of scores out. It is the model of a
 * {@link RankLlamaTrainer}, or made of a checkpoint:
 *
 * <pre>{@code
 * Dataset<Row> scored =
 *     new RankLlamaReranker()
 *         .setModelUrl("castorini/rankllama-v1-7b-lora-passage")
 *         .setQueryPrefix("query: ")
 *         .setPassagePrefix("document: ")
 *         .setRerankMaxLen(196)
 *         .setInputCols(new String[] {"query", "passage", "title"})
 *         .setOutputCol("score")
 *         .transform(pairs);
 * }</pre>
 *
 * <p>Params that are set win over the session's settings ({@code spark.rankspark.*}), which
 * describe the model of a stage that names none. What is saved are the params; weights stay where
 * the model is.
 */
public final class RankLlamaReranker extends Model<RankLlamaReranker>
    implements DefaultParamsWritable {
  private static final long serialVersionUID = 1L;

  private static final String PYTORCH = "PyTorch";

  /** Where columns alone count. */
  private static final ScoreOptions ANY =
      ScoreOptions.of(
          ModelPaths.of("."), new PromptOptions("", "", PromptOptions.DEFAULT_MAX_LENGTH, false));

  private static final Logger LOG = LoggerFactory.getLogger(RankLlamaReranker.class);

  private final String uid;
  private final Param<String> queryCol;
  private final Param<String> passageCol;
  private final Param<String> titleCol;
  private final StringArrayParam inputCols;
  private final Param<String> outputCol;
  private final Param<String> rankCol;
  private final Param<String> modelUrl;
  private final Param<String> engine;
  private final Param<String> loraNameOrPath;
  private final Param<String> baseModelNameOrPath;
  private final Param<String> tokenizerName;
  private final Param<String> queryPrefix;
  private final Param<String> passagePrefix;
  private final IntParam rerankMaxLen;
  private final BooleanParam appendEosToken;
  private final Param<String> prompt;
  private final Param<String> instruction;
  private final Param<String> trueToken;
  private final Param<String> falseToken;
  private final Param<String> score;
  private final Param<String> dtype;
  private final Param<String> device;
  private final IntParam batchSize;
  private final IntParam maxBatchTokens;
  private final IntParam partitions;
  private final Param<String> scoreStore;

  private transient String said;

  public RankLlamaReranker() {
    this("rankLlamaReranker_" + UUID.randomUUID().toString().substring(0, 12));
  }

  /** With a name of its own among the stages of a pipeline. */
  public RankLlamaReranker(String uid) {
    this.uid = uid;
    queryCol = new Param<>(this, "queryCol", "column of queries, strings");
    passageCol =
        new Param<>(
            this, "passageCol", "column of passages: strings, or arrays of strings for groups");
    titleCol =
        new Param<>(this, "titleCol", "column of the passages' titles, of the same type; or none");
    inputCols =
        new StringArrayParam(
            this, "inputCols", "the query's, the passage's and, if there, the title's column");
    outputCol =
        new Param<>(this, "outputCol", "column of the scores: a float, or an array of them");
    rankCol =
        new Param<>(
            this, "rankCol", "column of the ranks within a query, from 1, by score; or none");
    modelUrl =
        new Param<>(
            this,
            "modelUrl",
            "the reranker: a directory or a name at the hub, of a whole model or of an adapter that"
                + " names its base");
    engine = new Param<>(this, "engine", "DJL's engine: " + PYTORCH);
    loraNameOrPath = new Param<>(this, "loraNameOrPath", "an adapter to merge; or none");
    baseModelNameOrPath =
        new Param<>(
            this,
            "baseModelNameOrPath",
            "where the base of an adapter lies, if not where the adapter says");
    tokenizerName = new Param<>(this, "tokenizerName", "the tokenizer, if not the model's own");
    queryPrefix = new Param<>(this, "queryPrefix", "put before queries, such as \"query: \"");
    passagePrefix =
        new Param<>(this, "passagePrefix", "put before passages, such as \"document: \"");
    rerankMaxLen =
        new IntParam(
            this,
            "rerankMaxLen",
            "tokens at which a text is cut; unset, 512, or as many as a published prompt has");
    appendEosToken =
        new BooleanParam(this, "appendEosToken", "end every pair with the tokenizer's </s>");
    prompt =
        new Param<>(
            this,
            "prompt",
            "the prompt: tevatron, or a publisher's: qwen3-reranker, mxbai-rerank-v2, zerank-1; unset, what the model's files or its name say");
    instruction =
        new Param<>(this, "instruction", "in place of a published prompt's own instruction");
    trueToken =
        new Param<>(
            this,
            "trueToken",
            "the word whose logit is the score, such as yes, of a model without a head");
    falseToken =
        new Param<>(this, "falseToken", "the word whose logit is taken off, such as no; or none");
    score =
        new Param<>(this, "score", "raw, or published: with the publisher's sigmoid and scaling");
    dtype = new Param<>(this, "dtype", "auto, float32, bfloat16, float16 or int8");
    device = new Param<>(this, "device", "auto, cpu, cuda or cuda:N");
    batchSize = new IntParam(this, "batchSize", "the most pairs in one batch");
    maxBatchTokens = new IntParam(this, "maxBatchTokens", "the most tokens in one batch");
    partitions = new IntParam(this, "partitions", "tasks to spread the pairs over");
    scoreStore =
        new Param<>(this, "scoreStore", "folder of a store that keeps scores of pairs; or none");
    setDefault(queryCol, "query");
    setDefault(passageCol, "passage");
    setDefault(outputCol, "score");
    setDefault(engine, PYTORCH);
    setDefault(queryPrefix, "");
    setDefault(passagePrefix, "");
    setDefault(appendEosToken, false);
    setDefault(score, "raw");
    setDefault(dtype, "auto");
    setDefault(device, "auto");
    setDefault(batchSize, ScoreOptions.DEFAULT_BATCH_ROWS);
  }

  @Override
  public String uid() {
    return uid;
  }

  public Param<String> queryCol() {
    return queryCol;
  }

  public RankLlamaReranker setQueryCol(String value) {
    set(queryCol, value);
    return this;
  }

  public Param<String> passageCol() {
    return passageCol;
  }

  public RankLlamaReranker setPassageCol(String value) {
    set(passageCol, value);
    return this;
  }

  public Param<String> titleCol() {
    return titleCol;
  }

  public RankLlamaReranker setTitleCol(String value) {
    set(titleCol, value);
    return this;
  }

  public StringArrayParam inputCols() {
    return inputCols;
  }

  public RankLlamaReranker setInputCols(String[] value) {
    set(inputCols, value);
    return this;
  }

  public Param<String> outputCol() {
    return outputCol;
  }

  public RankLlamaReranker setOutputCol(String value) {
    set(outputCol, value);
    return this;
  }

  public Param<String> rankCol() {
    return rankCol;
  }

  public RankLlamaReranker setRankCol(String value) {
    set(rankCol, value);
    return this;
  }

  public Param<String> modelUrl() {
    return modelUrl;
  }

  public RankLlamaReranker setModelUrl(String value) {
    set(modelUrl, value);
    return this;
  }

  public Param<String> engine() {
    return engine;
  }

  public RankLlamaReranker setEngine(String value) {
    set(engine, value);
    return this;
  }

  public Param<String> loraNameOrPath() {
    return loraNameOrPath;
  }

  public RankLlamaReranker setLoraNameOrPath(String value) {
    set(loraNameOrPath, value);
    return this;
  }

  public Param<String> baseModelNameOrPath() {
    return baseModelNameOrPath;
  }

  public RankLlamaReranker setBaseModelNameOrPath(String value) {
    set(baseModelNameOrPath, value);
    return this;
  }

  public Param<String> tokenizerName() {
    return tokenizerName;
  }

  public RankLlamaReranker setTokenizerName(String value) {
    set(tokenizerName, value);
    return this;
  }

  public Param<String> queryPrefix() {
    return queryPrefix;
  }

  public RankLlamaReranker setQueryPrefix(String value) {
    set(queryPrefix, value);
    return this;
  }

  public Param<String> passagePrefix() {
    return passagePrefix;
  }

  public RankLlamaReranker setPassagePrefix(String value) {
    set(passagePrefix, value);
    return this;
  }

  public IntParam rerankMaxLen() {
    return rerankMaxLen;
  }

  public RankLlamaReranker setRerankMaxLen(int value) {
    set(rerankMaxLen, value);
    return this;
  }

  public BooleanParam appendEosToken() {
    return appendEosToken;
  }

  public RankLlamaReranker setAppendEosToken(boolean value) {
    set(appendEosToken, value);
    return this;
  }

  public Param<String> prompt() {
    return prompt;
  }

  public RankLlamaReranker setPrompt(String value) {
    set(prompt, value);
    return this;
  }

  public Param<String> instruction() {
    return instruction;
  }

  public RankLlamaReranker setInstruction(String value) {
    set(instruction, value);
    return this;
  }

  public Param<String> trueToken() {
    return trueToken;
  }

  public RankLlamaReranker setTrueToken(String value) {
    set(trueToken, value);
    return this;
  }

  public Param<String> falseToken() {
    return falseToken;
  }

  public RankLlamaReranker setFalseToken(String value) {
    set(falseToken, value);
    return this;
  }

  public Param<String> score() {
    return score;
  }

  public RankLlamaReranker setScore(String value) {
    set(score, value);
    return this;
  }

  public Param<String> dtype() {
    return dtype;
  }

  public RankLlamaReranker setDtype(String value) {
    set(dtype, value);
    return this;
  }

  public Param<String> device() {
    return device;
  }

  public RankLlamaReranker setDevice(String value) {
    set(device, value);
    return this;
  }

  public IntParam batchSize() {
    return batchSize;
  }

  public RankLlamaReranker setBatchSize(int value) {
    set(batchSize, value);
    return this;
  }

  public IntParam maxBatchTokens() {
    return maxBatchTokens;
  }

  public RankLlamaReranker setMaxBatchTokens(int value) {
    set(maxBatchTokens, value);
    return this;
  }

  public IntParam partitions() {
    return partitions;
  }

  public RankLlamaReranker setPartitions(int value) {
    set(partitions, value);
    return this;
  }

  public Param<String> scoreStore() {
    return scoreStore;
  }

  public RankLlamaReranker setScoreStore(String value) {
    set(scoreStore, value);
    return this;
  }

  /** The columns that {@code inputCols} names in the place of the others, if it is set. */
  private String column(int number, Param<String> param) {
    if (isSet(inputCols)) {
      String[] columns = getOrDefault(inputCols);
      if (columns.length < 2 || columns.length > 3) {
        throw OptionException.of(
            "inputCols: expected the query's, the passage's and, if there, the title's column, got"
                + " %d columns",
            columns.length);
      }
      return number < columns.length ? columns[number] : null;
    }
    return text(param).orElse(null);
  }

  private Optional<String> text(Param<String> param) {
    return isDefined(param) ? Optional.of(getOrDefault(param)) : Optional.empty();
  }

  private PairScorer scorer(ScoreOptions options) {
    PairScorer scorer =
        PairScorer.of(options)
            .withColumns(column(0, queryCol), column(1, passageCol))
            .withScoreColumn(getOrDefault(outputCol));
    String titles = column(2, titleCol);
    PairScorer titled = titles == null ? scorer : scorer.withTitleColumn(titles);
    return text(scoreStore).map(titled::withScoreStore).orElse(titled);
  }

  private ScoreOptions options() {
    if (!getOrDefault(engine).equals(PYTORCH)) {
      throw OptionException.of("engine: expected %s, got \"%s\"", PYTORCH, getOrDefault(engine));
    }
    Map<String, String> params = new HashMap<>();
    put(params, "modelNameOrPath", modelUrl);
    put(params, "perDeviceEvalBatchSize", batchSize);
    for (Param<?> param :
        List.of(
            loraNameOrPath,
            baseModelNameOrPath,
            tokenizerName,
            queryPrefix,
            passagePrefix,
            rerankMaxLen,
            appendEosToken,
            prompt,
            instruction,
            trueToken,
            falseToken,
            score,
            dtype,
            device,
            maxBatchTokens,
            partitions)) {
      put(params, param.name(), param);
    }
    return RankSpark.options(SparkSession.active(), params, this::sayOnce);
  }

  private void put(Map<String, String> params, String option, Param<?> param) {
    if (isSet(param)) {
      params.put(option, getOrDefault(param).toString());
    }
  }

  private void sayOnce(String note) {
    if (!note.equals(said)) {
      said = note;
      LOG.warn("{}: {}", uid, note);
    }
  }

  @Override
  public StructType transformSchema(StructType schema) {
    StructType scored = scorer(ANY).schema(schema, isCaseSensitive());
    if (!isDefined(rankCol)) {
      return scored;
    }
    String rank = getOrDefault(rankCol);
    if (List.of(scored.fieldNames()).contains(rank)) {
      throw InputException.of("rankCol: the table has a column \"%s\" already", rank);
    }
    return scored.add(
        rank,
        isOfGroups(scored)
            ? DataTypes.createArrayType(DataTypes.IntegerType)
            : DataTypes.IntegerType,
        true);
  }

  @Override
  public Dataset<Row> transform(Dataset<?> table) {
    boolean isOfGroups = isOfGroups(transformSchema(table.schema()));
    PairScorer scorer = scorer(options());
    Dataset<Row> rows = table.toDF();
    Dataset<Row> scored = isOfGroups ? scorer.scoreGroups(rows) : scorer.score(rows);
    return isDefined(rankCol) ? ranked(scored, isOfGroups) : scored;
  }

  /** Equal scores have ranks in the order of their passages. */
  private Dataset<Row> ranked(Dataset<Row> scored, boolean isOfGroups) {
    String scores = Tables.quoted(getOrDefault(outputCol));
    return scored.withColumn(
        getOrDefault(rankCol),
        isOfGroups
            ? expr(
                String.format(
                    "transform(%1$s, (s, i) -> IF(s IS NULL, NULL, 1 + size(filter(%1$s, (t, j) ->"
                        + " t > s OR (t = s AND j < i)))))",
                    scores))
            : row_number()
                .over(
                    Window.partitionBy(col(Tables.quoted(column(0, queryCol))))
                        .orderBy(
                            col(scores).desc_nulls_last(),
                            col(Tables.quoted(column(1, passageCol))))));
  }

  private boolean isOfGroups(StructType scored) {
    return scored.apply(getOrDefault(outputCol)).dataType() instanceof ArrayType;
  }

  private static boolean isCaseSensitive() {
    return Boolean.parseBoolean(SparkSession.active().conf().get("spark.sql.caseSensitive"));
  }

  @Override
  public RankLlamaReranker copy(ParamMap extra) {
    return this.<RankLlamaReranker>defaultCopy(extra).setParent(parent());
  }

  /** What reads a stage that was saved. */
  public static MLReader<RankLlamaReranker> read() {
    return new Saved().read();
  }

  /** Reads a stage that was saved. */
  public static RankLlamaReranker load(String path) {
    return read().load(path);
  }

  private static final class Saved implements DefaultParamsReadable<RankLlamaReranker> {}
}
