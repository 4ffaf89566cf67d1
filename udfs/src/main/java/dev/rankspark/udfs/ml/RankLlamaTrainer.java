package dev.rankspark.udfs.ml;

import static org.apache.spark.sql.functions.col;

import dev.rankspark.InputException;
import dev.rankspark.OptionException;
import dev.rankspark.corpus.Tables;
import dev.rankspark.files.InputPaths;
import dev.rankspark.hub.Hub;
import dev.rankspark.model.Dtype;
import dev.rankspark.model.TrainableEncoder.AdamW;
import dev.rankspark.model.TrainedParameters;
import dev.rankspark.progress.Progress;
import dev.rankspark.prompt.PromptOptions;
import dev.rankspark.train.GroupChoice;
import dev.rankspark.train.Interval;
import dev.rankspark.train.LearningRate.Schedule;
import dev.rankspark.train.Train;
import dev.rankspark.train.TrainOptions;
import dev.rankspark.train.TrainOptions.Compute;
import dev.rankspark.train.TrainOptions.Lora;
import dev.rankspark.train.TrainOptions.Output;
import dev.rankspark.train.TrainOptions.Rate;
import dev.rankspark.train.TrainOptions.Trained;
import dev.rankspark.train.TrainingPlan;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.ml.Estimator;
import org.apache.spark.ml.param.BooleanParam;
import org.apache.spark.ml.param.DoubleParam;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.LongParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.param.StringArrayParam;
import org.apache.spark.ml.util.DefaultParamsReadable;
import org.apache.spark.ml.util.DefaultParamsWritable;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/**
 * Trains a reranker as the command {@code train} does, on rows of groups: a query, its positive and
 * its negative passages. Each fit writes to a subfolder of its own in the output directory: {@code
 * groups}, the rows it was trained on, and {@code model}, which the {@link RankLlamaReranker} reads
 * that it gives.
 */
public final class RankLlamaTrainer extends Estimator<RankLlamaReranker>
    implements DefaultParamsWritable {
  private static final long serialVersionUID = 1L;

  private final String uid;
  private final Param<String> queryCol;
  private final Param<String> positivesCol;
  private final Param<String> negativesCol;
  private final Param<String> passageCol;
  private final Param<String> outputCol;
  private final Param<String> outputDir;
  private final Param<String> modelUrl;
  private final Param<String> tokenizerName;
  private final Param<String> queryPrefix;
  private final Param<String> passagePrefix;
  private final IntParam rerankMaxLen;
  private final BooleanParam appendEosToken;
  private final BooleanParam lora;
  private final IntParam loraR;
  private final DoubleParam loraAlpha;
  private final DoubleParam loraDropout;
  private final StringArrayParam loraTargetModules;
  private final IntParam trainGroupSize;
  private final IntParam perDeviceTrainBatchSize;
  private final IntParam gradientAccumulationSteps;
  private final DoubleParam numTrainEpochs;
  private final IntParam maxSteps;
  private final DoubleParam learningRate;
  private final Param<String> lrSchedulerType;
  private final IntParam warmupSteps;
  private final DoubleParam warmupRatio;
  private final DoubleParam weightDecay;
  private final DoubleParam maxGradNorm;
  private final BooleanParam bf16;
  private final Param<String> device;
  private final BooleanParam gradientCheckpointing;
  private final IntParam workers;
  private final DoubleParam saveSteps;
  private final DoubleParam loggingSteps;
  private final LongParam seed;

  public RankLlamaTrainer() {
    this("rankLlamaTrainer_" + UUID.randomUUID().toString().substring(0, 12));
  }

  /** With a name of its own among the stages of a pipeline. */
  public RankLlamaTrainer(String uid) {
    this.uid = uid;
    queryCol = new Param<>(this, "queryCol", "column of queries, strings");
    positivesCol =
        new Param<>(this, "positivesCol", "column of the positive passages, arrays of strings");
    negativesCol =
        new Param<>(this, "negativesCol", "column of the negative passages, arrays of strings");
    passageCol =
        new Param<>(
            this, "passageCol", "the model's: column of passages, strings or arrays of strings");
    outputCol = new Param<>(this, "outputCol", "the model's: column of the scores");
    outputDir = new Param<>(this, "outputDir", "folder that gets a subfolder for each fit");
    modelUrl =
        new Param<>(
            this,
            "modelUrl",
            "the base: a directory or a name at the hub, of a model with or without a head");
    tokenizerName = new Param<>(this, "tokenizerName", "the tokenizer, if not the model's own");
    queryPrefix = new Param<>(this, "queryPrefix", "put before queries, such as \"query: \"");
    passagePrefix =
        new Param<>(this, "passagePrefix", "put before passages, such as \"document: \"");
    rerankMaxLen = new IntParam(this, "rerankMaxLen", "tokens at which a text is cut");
    appendEosToken =
        new BooleanParam(this, "appendEosToken", "end every pair with the tokenizer's </s>");
    lora = new BooleanParam(this, "lora", "train LoRA factors; otherwise every weight");
    loraR = new IntParam(this, "loraR", "LoRA's rank");
    loraAlpha = new DoubleParam(this, "loraAlpha", "LoRA's factors count alpha / r");
    loraDropout = new DoubleParam(this, "loraDropout", "dropout of the factors' input");
    loraTargetModules =
        new StringArrayParam(this, "loraTargetModules", "the modules that get factors");
    trainGroupSize =
        new IntParam(this, "trainGroupSize", "passages of a group, the positive included");
    perDeviceTrainBatchSize =
        new IntParam(this, "perDeviceTrainBatchSize", "groups of a worker's batch");
    gradientAccumulationSteps =
        new IntParam(
            this, "gradientAccumulationSteps", "batches of a worker for an optimizer step");
    numTrainEpochs =
        new DoubleParam(this, "numTrainEpochs", "passes over the data, may be a fraction");
    maxSteps = new IntParam(this, "maxSteps", "optimizer steps, instead of numTrainEpochs");
    learningRate = new DoubleParam(this, "learningRate", "the highest learning rate");
    lrSchedulerType =
        new Param<>(this, "lrSchedulerType", "linear, cosine, constant or constant_with_warmup");
    warmupSteps =
        new IntParam(this, "warmupSteps", "steps in which the rate rises, instead of warmupRatio");
    warmupRatio = new DoubleParam(this, "warmupRatio", "part of all steps in which the rate rises");
    weightDecay = new DoubleParam(this, "weightDecay", "AdamW's");
    maxGradNorm =
        new DoubleParam(this, "maxGradNorm", "scale gradients down to this norm; 0 never");
    bf16 = new BooleanParam(this, "bf16", "frozen weights and products in bfloat16");
    device = new Param<>(this, "device", "auto, cpu, cuda or cuda:N");
    gradientCheckpointing =
        new BooleanParam(
            this, "gradientCheckpointing", "less memory: compute a layer's inner states twice");
    workers = new IntParam(this, "workers", "tasks that share each step's groups");
    saveSteps =
        new DoubleParam(
            this, "saveSteps", "a checkpoint every so many steps; below 1, a part of all steps");
    loggingSteps =
        new DoubleParam(
            this,
            "loggingSteps",
            "a line of the log every so many steps; below 1, a part of all steps");
    seed = new LongParam(this, "seed", "of the order, the passages, new weights and dropout");
    setDefault(queryCol, "query");
    setDefault(positivesCol, "positives");
    setDefault(negativesCol, "negatives");
    setDefault(passageCol, "passages");
    setDefault(outputCol, "score");
    setDefault(queryPrefix, "");
    setDefault(passagePrefix, "");
    setDefault(rerankMaxLen, PromptOptions.DEFAULT_MAX_LENGTH);
    setDefault(appendEosToken, false);
    setDefault(lora, false);
    setDefault(loraR, Lora.DEFAULT_R);
    setDefault(loraAlpha, (double) Lora.DEFAULT_ALPHA);
    setDefault(loraDropout, Lora.DEFAULT_DROPOUT);
    setDefault(loraTargetModules, TrainedParameters.MODULES.toArray(String[]::new));
    setDefault(trainGroupSize, GroupChoice.DEFAULT_TRAIN_GROUP_SIZE);
    setDefault(perDeviceTrainBatchSize, 8);
    setDefault(gradientAccumulationSteps, 1);
    setDefault(numTrainEpochs, TrainingPlan.Options.DEFAULT_NUM_TRAIN_EPOCHS);
    setDefault(maxSteps, TrainingPlan.Options.BY_EPOCHS);
    setDefault(learningRate, Rate.DEFAULT_PEAK);
    setDefault(lrSchedulerType, "linear");
    setDefault(warmupSteps, 0);
    setDefault(warmupRatio, 0.0);
    setDefault(weightDecay, 0.0);
    setDefault(maxGradNorm, 1.0);
    setDefault(bf16, false);
    setDefault(device, "auto");
    setDefault(gradientCheckpointing, false);
    setDefault(workers, 1);
    setDefault(saveSteps, (double) Output.DEFAULT_SAVE_STEPS);
    setDefault(loggingSteps, (double) Output.DEFAULT_LOGGING_STEPS);
    setDefault(seed, 42L);
  }

  @Override
  public String uid() {
    return uid;
  }

  public Param<String> queryCol() {
    return queryCol;
  }

  public RankLlamaTrainer setQueryCol(String value) {
    set(queryCol, value);
    return this;
  }

  public Param<String> positivesCol() {
    return positivesCol;
  }

  public RankLlamaTrainer setPositivesCol(String value) {
    set(positivesCol, value);
    return this;
  }

  public Param<String> negativesCol() {
    return negativesCol;
  }

  public RankLlamaTrainer setNegativesCol(String value) {
    set(negativesCol, value);
    return this;
  }

  public Param<String> passageCol() {
    return passageCol;
  }

  public RankLlamaTrainer setPassageCol(String value) {
    set(passageCol, value);
    return this;
  }

  public Param<String> outputCol() {
    return outputCol;
  }

  public RankLlamaTrainer setOutputCol(String value) {
    set(outputCol, value);
    return this;
  }

  public Param<String> outputDir() {
    return outputDir;
  }

  public RankLlamaTrainer setOutputDir(String value) {
    set(outputDir, value);
    return this;
  }

  public Param<String> modelUrl() {
    return modelUrl;
  }

  public RankLlamaTrainer setModelUrl(String value) {
    set(modelUrl, value);
    return this;
  }

  public Param<String> tokenizerName() {
    return tokenizerName;
  }

  public RankLlamaTrainer setTokenizerName(String value) {
    set(tokenizerName, value);
    return this;
  }

  public Param<String> queryPrefix() {
    return queryPrefix;
  }

  public RankLlamaTrainer setQueryPrefix(String value) {
    set(queryPrefix, value);
    return this;
  }

  public Param<String> passagePrefix() {
    return passagePrefix;
  }

  public RankLlamaTrainer setPassagePrefix(String value) {
    set(passagePrefix, value);
    return this;
  }

  public IntParam rerankMaxLen() {
    return rerankMaxLen;
  }

  public RankLlamaTrainer setRerankMaxLen(int value) {
    set(rerankMaxLen, value);
    return this;
  }

  public BooleanParam appendEosToken() {
    return appendEosToken;
  }

  public RankLlamaTrainer setAppendEosToken(boolean value) {
    set(appendEosToken, value);
    return this;
  }

  public BooleanParam lora() {
    return lora;
  }

  public RankLlamaTrainer setLora(boolean value) {
    set(lora, value);
    return this;
  }

  public IntParam loraR() {
    return loraR;
  }

  public RankLlamaTrainer setLoraR(int value) {
    set(loraR, value);
    return this;
  }

  public DoubleParam loraAlpha() {
    return loraAlpha;
  }

  public RankLlamaTrainer setLoraAlpha(double value) {
    set(loraAlpha, value);
    return this;
  }

  public DoubleParam loraDropout() {
    return loraDropout;
  }

  public RankLlamaTrainer setLoraDropout(double value) {
    set(loraDropout, value);
    return this;
  }

  public StringArrayParam loraTargetModules() {
    return loraTargetModules;
  }

  public RankLlamaTrainer setLoraTargetModules(String[] value) {
    set(loraTargetModules, value);
    return this;
  }

  public IntParam trainGroupSize() {
    return trainGroupSize;
  }

  public RankLlamaTrainer setTrainGroupSize(int value) {
    set(trainGroupSize, value);
    return this;
  }

  public IntParam perDeviceTrainBatchSize() {
    return perDeviceTrainBatchSize;
  }

  public RankLlamaTrainer setPerDeviceTrainBatchSize(int value) {
    set(perDeviceTrainBatchSize, value);
    return this;
  }

  public IntParam gradientAccumulationSteps() {
    return gradientAccumulationSteps;
  }

  public RankLlamaTrainer setGradientAccumulationSteps(int value) {
    set(gradientAccumulationSteps, value);
    return this;
  }

  public DoubleParam numTrainEpochs() {
    return numTrainEpochs;
  }

  public RankLlamaTrainer setNumTrainEpochs(double value) {
    set(numTrainEpochs, value);
    return this;
  }

  public IntParam maxSteps() {
    return maxSteps;
  }

  public RankLlamaTrainer setMaxSteps(int value) {
    set(maxSteps, value);
    return this;
  }

  public DoubleParam learningRate() {
    return learningRate;
  }

  public RankLlamaTrainer setLearningRate(double value) {
    set(learningRate, value);
    return this;
  }

  public Param<String> lrSchedulerType() {
    return lrSchedulerType;
  }

  public RankLlamaTrainer setLrSchedulerType(String value) {
    set(lrSchedulerType, value);
    return this;
  }

  public IntParam warmupSteps() {
    return warmupSteps;
  }

  public RankLlamaTrainer setWarmupSteps(int value) {
    set(warmupSteps, value);
    return this;
  }

  public DoubleParam warmupRatio() {
    return warmupRatio;
  }

  public RankLlamaTrainer setWarmupRatio(double value) {
    set(warmupRatio, value);
    return this;
  }

  public DoubleParam weightDecay() {
    return weightDecay;
  }

  public RankLlamaTrainer setWeightDecay(double value) {
    set(weightDecay, value);
    return this;
  }

  public DoubleParam maxGradNorm() {
    return maxGradNorm;
  }

  public RankLlamaTrainer setMaxGradNorm(double value) {
    set(maxGradNorm, value);
    return this;
  }

  public BooleanParam bf16() {
    return bf16;
  }

  public RankLlamaTrainer setBf16(boolean value) {
    set(bf16, value);
    return this;
  }

  public Param<String> device() {
    return device;
  }

  public RankLlamaTrainer setDevice(String value) {
    set(device, value);
    return this;
  }

  public BooleanParam gradientCheckpointing() {
    return gradientCheckpointing;
  }

  public RankLlamaTrainer setGradientCheckpointing(boolean value) {
    set(gradientCheckpointing, value);
    return this;
  }

  public IntParam workers() {
    return workers;
  }

  public RankLlamaTrainer setWorkers(int value) {
    set(workers, value);
    return this;
  }

  public DoubleParam saveSteps() {
    return saveSteps;
  }

  public RankLlamaTrainer setSaveSteps(double value) {
    set(saveSteps, value);
    return this;
  }

  public DoubleParam loggingSteps() {
    return loggingSteps;
  }

  public RankLlamaTrainer setLoggingSteps(double value) {
    set(loggingSteps, value);
    return this;
  }

  public LongParam seed() {
    return seed;
  }

  public RankLlamaTrainer setSeed(long value) {
    set(seed, value);
    return this;
  }

  private String required(Param<String> param, String what) {
    if (!isDefined(param)) {
      throw OptionException.of("%s is not set: %s", param.name(), what);
    }
    return getOrDefault(param);
  }

  private int number(IntParam param) {
    return (Integer) getOrDefault(param);
  }

  private double number(DoubleParam param) {
    return (Double) getOrDefault(param);
  }

  private boolean flag(BooleanParam param) {
    return (Boolean) getOrDefault(param);
  }

  private TrainOptions options(String groups, String output, Configuration hadoop) {
    String base =
        Hub.ofEnvironment()
            .model(
                required(modelUrl, "the base's directory or its name at the hub"),
                Optional.empty(),
                "modelUrl",
                hadoop);
    String tokenizer =
        isDefined(tokenizerName)
            ? Hub.ofEnvironment().tokenizer(getOrDefault(tokenizerName), "tokenizerName", hadoop)
            : base;
    Trained trained =
        flag(lora)
            ? new Trained.NewAdapter(
                new Lora(
                    number(loraR),
                    number(loraAlpha),
                    number(loraDropout),
                    List.of(getOrDefault(loraTargetModules))))
            : new Trained.AllWeights();
    long randomness = (Long) getOrDefault(seed);
    return new TrainOptions(
        new TrainOptions.Model(base, tokenizer),
        trained,
        new TrainOptions.Data(
            InputPaths.of("groups", List.of(groups)),
            InputPaths.of("corpus", List.of()),
            new GroupChoice(number(trainGroupSize), false, false, randomness),
            new TrainingPlan.Options(
                number(perDeviceTrainBatchSize),
                number(gradientAccumulationSteps),
                number(numTrainEpochs),
                number(maxSteps),
                randomness,
                /* shuffle= */ true,
                randomness,
                /* dropLast= */ false)),
        prompt(),
        new Rate(
            number(learningRate),
            Schedule.of(getOrDefault(lrSchedulerType)),
            number(warmupSteps),
            number(warmupRatio)),
        new AdamW(0.9, 0.999, 1e-8, number(weightDecay), number(maxGradNorm)),
        new Compute(
            flag(bf16) ? Dtype.BFLOAT16 : Dtype.FLOAT32,
            getOrDefault(device),
            flag(gradientCheckpointing),
            number(workers),
            Duration.ofSeconds(Compute.DEFAULT_TIMEOUT)),
        new Output(
            output,
            /* overwrite= */ false,
            Interval.of(Interval.Strategy.STEPS, "loggingSteps", number(loggingSteps)),
            /* logsFirstStep= */ false,
            Interval.of(Interval.Strategy.STEPS, "saveSteps", number(saveSteps)),
            Output.NO_LIMIT,
            new TrainOptions.Begin.Anew()),
        Optional.empty());
  }

  private PromptOptions prompt() {
    return new PromptOptions(
        getOrDefault(queryPrefix),
        getOrDefault(passagePrefix),
        number(rerankMaxLen),
        flag(appendEosToken));
  }

  @Override
  public StructType transformSchema(StructType schema) {
    check(schema, queryCol, DataTypes.StringType);
    check(schema, positivesCol, DataTypes.createArrayType(DataTypes.StringType));
    check(schema, negativesCol, DataTypes.createArrayType(DataTypes.StringType));
    return schema;
  }

  private void check(StructType schema, Param<String> param, DataType expected) {
    String name = getOrDefault(param);
    StructField field =
        Arrays.stream(schema.fields())
            .filter(column -> column.name().equals(name))
            .findFirst()
            .orElseThrow(
                () ->
                    InputException.of(
                        "%s: the table has no column \"%s\", its columns are: %s",
                        param.name(), name, schema.simpleString()));
    DataType found = field.dataType();
    boolean fits =
        found instanceof ArrayType array
            ? expected instanceof ArrayType && array.elementType().equals(DataTypes.StringType)
            : found.equals(expected);
    if (!fits) {
      throw InputException.of(
          "%s: column \"%s\": expected %s, got %s; the table's columns are: %s",
          param.name(), name, expected.simpleString(), found.simpleString(), schema.simpleString());
    }
  }

  /**
   * Trains.
   *
   * @param table rows of groups
   * @return the trained reranker; its passage and output columns are those that this stage names
   * @throws InputException if a row, the base or the output directory is wrong
   */
  @Override
  public RankLlamaReranker fit(Dataset<?> table) {
    transformSchema(table.schema());
    SparkSession spark = table.sparkSession();
    String folder =
        required(outputDir, "the folder that gets a subfolder for each fit")
            + "/fit-"
            + UUID.randomUUID();
    String groups = folder + "/groups";
    Dataset<Row> rows =
        table
            .toDF()
            .select(
                quoted(queryCol).as("query"),
                quoted(positivesCol).as("pos"),
                quoted(negativesCol).as("neg"));
    rows.write().parquet(groups);
    TrainOptions options =
        options(
            groups + "/*.parquet", folder + "/model", spark.sparkContext().hadoopConfiguration());
    Train.run(spark, options, words -> {}, (Progress progress) -> {});
    RankLlamaReranker model =
        new RankLlamaReranker(uid)
            .setModelUrl(folder + "/model")
            .setQueryCol(getOrDefault(queryCol))
            .setPassageCol(getOrDefault(passageCol))
            .setOutputCol(getOrDefault(outputCol))
            .setQueryPrefix(getOrDefault(queryPrefix))
            .setPassagePrefix(getOrDefault(passagePrefix))
            .setRerankMaxLen(number(rerankMaxLen))
            .setAppendEosToken(flag(appendEosToken))
            .setDevice(getOrDefault(device));
    return model.setParent(this);
  }

  private Column quoted(Param<String> param) {
    return col(Tables.quoted(getOrDefault(param)));
  }

  @Override
  public RankLlamaTrainer copy(ParamMap extra) {
    return defaultCopy(extra);
  }

  /** What reads a stage that was saved. */
  public static MLReader<RankLlamaTrainer> read() {
    return new Saved().read();
  }

  /** Reads a stage that was saved. */
  public static RankLlamaTrainer load(String path) {
    return read().load(path);
  }

  private static final class Saved implements DefaultParamsReadable<RankLlamaTrainer> {}
}
