package dev.rankspark.corpus;

import static org.apache.spark.sql.functions.broadcast;

import com.fasterxml.jackson.databind.JsonNode;
import dev.rankspark.InputException;
import dev.rankspark.OptionException;
import dev.rankspark.files.InputPaths;
import dev.rankspark.files.Shown;
import dev.rankspark.files.TextFile;
import dev.rankspark.python.PythonJson;
import dev.rankspark.python.PythonText;
import dev.rankspark.run.Ids;
import dev.rankspark.run.RankColumn;
import dev.rankspark.run.RunFormat;
import dev.rankspark.run.RunLine;
import dev.rankspark.run.RunReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Scores that another program computed, with the texts of their pairs: what ours are compared with.
 * The file is JSON lines, which have the texts, or a run, whose texts are in rerank input.
 *
 * @param column what its scores stand under: {@value #SCORE} or {@value #RAW}
 * @param pairs in the file's order, each once
 * @param unscored pairs of the rerank input that the file does not have
 */
public record ReferenceScores(String column, List<Pair> pairs, long unscored) {
  /** The score as the reference gives it. */
  public static final String SCORE = "score";

  /** The score before any activation. */
  public static final String RAW = "raw";

  private static final String QID = "qid";

  private static final String[] KEY = {Pairs.QID, Pairs.DOCID};

  private static final StructType KEYS =
      new StructType()
          .add(Pairs.QID, DataTypes.StringType, false)
          .add(Pairs.DOCID, DataTypes.StringType, false);

  /**
   * One pair.
   *
   * @param where {@code file:line}
   * @param title empty for none
   */
  public record Pair(
      String where,
      String qid,
      String docid,
      String query,
      String title,
      String text,
      double score) {

    /** For messages. */
    @Override
    public String toString() {
      return "query " + qid + ", docid " + docid;
    }
  }

  /**
   * Where they are.
   *
   * @param file JSON lines or a run, compressed or not
   * @param runs what the columns of a run are
   * @param texts rerank input with the texts of a run's pairs; empty for a file that has them
   * @param shard which of its lines
   * @param prefersRaw whether {@value #RAW} counts where the file has it
   */
  public record Source(
      String file, RunReader runs, InputPaths texts, Shard shard, boolean prefersRaw) {
    public Source {
      if (runs.format() == RunFormat.MARCO) {
        throw OptionException.of(
            "%s: expected tevatron, ranked or trec, got marco: ranks alone are no scores",
            runs.option());
      }
    }
  }

  private record Line(String where, String text) implements Located {
    @Override
    public InputException wrong(String message) {
      return new InputException(where + ": " + message);
    }
  }

  private record Key(String qid, String docid) {
    @Override
    public String toString() {
      return "query " + qid + ", docid " + docid;
    }
  }

  private record Texts(String query, String title, String text) {}

  /** A line of a run. */
  private record Scored(Line line, Key key, double score) {}

  public ReferenceScores {
    pairs = List.copyOf(pairs);
  }

  /**
   * Reads them.
   *
   * @throws InputException naming the line that is wrong: no score, a pair for the second time, a
   *     pair without text
   * @throws OptionException if rerank input is given beside texts, or not given for a run
   */
  public static ReferenceScores read(SparkSession spark, Source source) {
    List<Line> lines = lines(source.file, spark.sparkContext().hadoopConfiguration());
    if (lines.isEmpty()) {
      throw InputException.of(
          "%s: expected a scored pair on each line, got an empty file; give the file that the"
              + " reference wrote",
          source.file);
    }
    String first = PythonText.strip(lines.get(0).text);
    boolean isJson = first.startsWith("{") || first.startsWith("[");
    return isJson && source.runs.format() == RunFormat.AUTO
        ? ofJson(lines, source)
        : ofRun(spark, lines, source);
  }

  private static List<Line> lines(String file, Configuration hadoop) {
    List<Line> lines = new ArrayList<>();
    try {
      new TextFile(file, hadoop)
          .forEachLine(
              (text, where) -> {
                if (!PythonText.strip(text).isEmpty()) {
                  lines.add(new Line(where.get(), text));
                }
              });
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return lines;
  }

  private static ReferenceScores ofJson(List<Line> lines, Source source) {
    if (!source.texts.isEmpty()) {
      throw OptionException.of(
          "%s: %s has texts of its own; leave the option out", source.texts.option(), source.file);
    }
    boolean hasRaw = hasRaw(JsonFields.parse(lines.get(0), lines.get(0).text));
    String column = hasRaw && source.prefersRaw ? RAW : SCORE;
    Map<Key, Line> seen = new HashMap<>();
    List<Pair> pairs = new ArrayList<>();
    for (Line line : lines) {
      JsonFields fields = JsonFields.parse(line, line.text);
      if (hasRaw(fields) != hasRaw) {
        throw line.wrong(
            String.format(
                "expected %s \"%s\", as %s has, got %s; give all lines one, or none",
                hasRaw ? "a" : "no", RAW, lines.get(0).where, hasRaw ? "none" : "one"));
      }
      boolean isQid = fields.object().has(QID) || !fields.object().has(Pairs.QID);
      Key key = new Key(id(fields, isQid ? QID : Pairs.QID), id(fields, Pairs.DOCID));
      refuseSecond(line, key, seen);
      pairs.add(
          new Pair(
              line.where,
              key.qid,
              key.docid,
              text(fields, Pairs.QUERY),
              fields.orEmpty(Pairs.TITLE),
              text(fields, Pairs.TEXT),
              number(fields, column)));
    }
    return new ReferenceScores(column, pairs, 0);
  }

  private static boolean hasRaw(JsonFields fields) {
    return fields.object().hasNonNull(RAW);
  }

  private static String id(JsonFields fields, String name) {
    String id = fields.required(name);
    Ids.wrong(name, id)
        .ifPresent(
            message -> {
              throw fields.where().wrong(message);
            });
    return id;
  }

  private static String text(JsonFields fields, String name) {
    if (fields.isMissing(name)) {
      throw fields
          .where()
          .wrong(
              "expected the pair's texts in \""
                  + Pairs.QUERY
                  + "\" and \""
                  + Pairs.TEXT
                  + "\", got no \""
                  + name
                  + "\"; write what the reference scored, or give a run and its rerank input");
    }
    return fields.required(name);
  }

  private static double number(JsonFields fields, String name) {
    JsonNode value = fields.object().path(name);
    if (!value.isNumber() || !Double.isFinite(value.doubleValue())) {
      throw fields
          .where()
          .wrong(
              "expected a finite number in \""
                  + name
                  + "\", got "
                  + (value.isMissingNode() ? "none" : Shown.text(PythonJson.dumps(value)))
                  + "; write the reference's score there, or leave the pair out");
    }
    return value.doubleValue();
  }

  private static void refuseSecond(Line line, Key key, Map<Key, Line> seen) {
    Line first = seen.putIfAbsent(key, line);
    if (first != null) {
      throw line.wrong(
          "expected each pair once, got "
              + key
              + ", which "
              + first.where
              + " has as well; leave one of them out");
    }
  }

  private static ReferenceScores ofRun(SparkSession spark, List<Line> lines, Source source) {
    if (source.texts.isEmpty()) {
      throw OptionException.of(
          "--dataset-path is missing: %s is a run, which has no texts; give the rerank input that"
              + " the reference scored",
          source.file);
    }
    RankColumn ranks = new RankColumn();
    Map<Key, Line> seen = new HashMap<>();
    List<Scored> scores = new ArrayList<>();
    for (Line line : lines) {
      RunLine run = source.runs.line(line.text, line::where).orElseThrow(); // none is blank
      ranks.see(run);
      Key key = new Key(run.qid(), run.docid());
      refuseSecond(line, key, seen);
      scores.add(new Scored(line, key, run.score()));
    }
    if (source.runs.refusesRanks() && ranks.countsRanks()) {
      throw InputException.of(
          "%s: expected scores in the third column, got 1, 2, 3, ... in every query, as ranks are;"
              + " give a run with scores, or say %s tevatron if these are",
          source.file, source.runs.option());
    }
    return withTexts(spark, scores, source);
  }

  private static ReferenceScores withTexts(SparkSession spark, List<Scored> scores, Source source) {
    Dataset<Row> input = RerankInput.read(spark, source.texts, source.shard);
    Map<Key, Texts> texts = texts(spark, input, scores, source);
    List<Scored> missing =
        scores.stream().filter(scored -> !texts.containsKey(scored.key)).toList();
    if (!missing.isEmpty()) {
      Scored first = missing.get(0);
      throw first.line.wrong(
          String.format(
              "expected the texts of %s in %s %s, got none (so it is with %,d of %,d pairs); give"
                  + " the rerank input that the reference scored",
              first.key, source.texts.option(), source.texts, missing.size(), scores.size()));
    }
    List<Pair> pairs =
        scores.stream()
            .map(
                scored -> {
                  Key key = scored.key;
                  Texts of = texts.get(key);
                  return new Pair(
                      scored.line.where,
                      key.qid,
                      key.docid,
                      of.query,
                      of.title,
                      of.text,
                      scored.score);
                })
            .toList();
    long all = input.select(Pairs.QID, KEY[1]).distinct().count();
    return new ReferenceScores(SCORE, pairs, all - texts.size());
  }

  /** Those of the scored pairs that the rerank input has. */
  private static Map<Key, Texts> texts(
      SparkSession spark, Dataset<Row> input, List<Scored> scores, Source source) {
    List<Row> keys =
        scores.stream().map(scored -> RowFactory.create(scored.key.qid, scored.key.docid)).toList();
    Map<Key, Texts> texts = new HashMap<>();
    for (Row row :
        input
            .join(broadcast(spark.createDataFrame(keys, KEYS)), KEY, "left_semi")
            .collectAsList()) {
      Key key = new Key(row.getAs(Pairs.QID), row.getAs(Pairs.DOCID));
      Texts found =
          new Texts(row.getAs(Pairs.QUERY), row.getAs(Pairs.TITLE), row.getAs(Pairs.TEXT));
      Texts first = texts.putIfAbsent(key, found);
      if (first != null && !first.equals(found)) {
        throw InputException.of(
            "%s: %s: expected one text of %s, got two that differ; leave one of them out",
            source.texts.option(), source.texts, key);
      }
    }
    return texts;
  }
}
