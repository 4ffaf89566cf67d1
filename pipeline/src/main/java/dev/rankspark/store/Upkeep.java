package dev.rankspark.store;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.max;

import dev.rankspark.cluster.HadoopSettings;
import dev.rankspark.store.Manifest.ScoreFile;
import java.io.IOException;
import java.io.Serializable;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.hadoop.fs.FileStatus;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * Keeps a reranker's scores in few files, and lets old ones go. Runs may read and commit meanwhile:
 * new files take the place of others by a commit that names these, and what no commit names goes
 * after a time that no run takes.
 */
public final class Upkeep {
  /** What is no longer named stays so long, for runs that began before. */
  public static final Duration GRACE = Duration.ofDays(3);

  /** Scores of a file that is full: some 80 MB. */
  private static final long FULL = 4_000_000;

  private final SparkSession spark;
  private final RerankerScores scores;

  public Upkeep(SparkSession spark, RerankerScores scores) {
    this.spark = spark;
    this.scores = scores;
  }

  /**
   * What was done.
   *
   * @param filesBefore that counted
   * @param filesAfter likewise
   * @param rowsBefore scores in them
   * @param rowsAfter likewise: without those that two runs computed, and those that were too old
   */
  public record Change(int filesBefore, int filesAfter, long rowsBefore, long rowsAfter) {}

  /** Writes files that are less than half full as few. */
  public Change compact() {
    return rewrite(file -> file.rows() < FULL / 2, LocalDate.EPOCH);
  }

  /** Lets scores go that were computed before a day, in UTC. Files with none that old stay. */
  public Change prune(LocalDate first) {
    long day = first.toEpochDay();
    return rewrite(file -> file.oldest() < day, first);
  }

  @FunctionalInterface
  private interface Choice {
    boolean takes(ScoreFile file);
  }

  private Change rewrite(Choice choice, LocalDate first) {
    Map<String, Manifest> all = scores.manifests();
    List<Manifest> live = scores.checked(RerankerScores.live(all)).manifests();
    List<ScoreFile> old = new ArrayList<>();
    List<ScoreFile> kept = new ArrayList<>();
    for (Manifest manifest : live) {
      for (ScoreFile file : manifest.files()) {
        (choice.takes(file) ? old : kept).add(file);
      }
    }
    long rows = rows(old) + rows(kept);
    int files = old.size() + kept.size();
    boolean isPruning = first.isAfter(LocalDate.EPOCH);
    if (old.isEmpty() || (!isPruning && old.size() == 1)) {
      return new Change(files, files, rows, rows);
    }
    // What takes their place is read from them: it must not be less than they had.
    new Verification(spark, scores).check(old);
    kept.addAll(
        UnreadableScores.named(
            scores.store(), () -> written(old, Math.toIntExact(first.toEpochDay()))));
    // Those that were replaced before are named again: their commits may be deleted in any order.
    Set<String> replaced = new HashSet<>();
    live.forEach(manifest -> replaced.add(manifest.id()));
    all.values().forEach(manifest -> replaced.addAll(manifest.replaces()));
    replaced.retainAll(all.keySet());
    String model = live.get(live.size() - 1).model();
    try {
      scores.commit(model, kept, replaced.stream().sorted().toList(), null, null);
    } catch (IOException e) {
      throw scores.commits().unwritable(e);
    }
    return new Change(files, kept.size(), rows, rows(kept));
  }

  private static long rows(Collection<ScoreFile> files) {
    return files.stream().mapToLong(ScoreFile::rows).sum();
  }

  /** New files with the scores of others, each once, but for those before a day. */
  private List<ScoreFile> written(List<ScoreFile> files, int firstDay) {
    Dataset<Row> rows = Snapshot.rows(spark, scores.scores(), files);
    Column[] key = Snapshot.KEY.stream().map(rows::col).toArray(Column[]::new);
    int parts = Math.toIntExact((rows(files) + FULL - 1) / FULL);
    List<ScoreFile> written = new ArrayList<>();
    rows.where(col(ScoreFileWriter.DAY).geq(firstDay))
        .groupBy(key)
        .agg(
            max(ScoreFileWriter.SCORE).as(ScoreFileWriter.SCORE),
            max(ScoreFileWriter.DAY).as(ScoreFileWriter.DAY))
        .coalesce(parts)
        .toJavaRDD()
        .mapPartitions(
            new Write(
                scores.scores().path().toString(),
                scores.identity(),
                new HadoopSettings(scores.hadoop())))
        .collect()
        .forEach(json -> written.add(ScoreFile.read(json)));
    return written;
  }

  /** Writes a partition's scores; gives the file. */
  private record Write(String folder, String identity, HadoopSettings hadoop)
      implements FlatMapFunction<Iterator<Row>, String>, Serializable {
    @Override
    public Iterator<String> call(Iterator<Row> rows) {
      if (!rows.hasNext()) {
        return List.<String>of().iterator();
      }
      StoreFolder scores = StoreFolder.of(folder, hadoop.value());
      try (ScoreFileWriter file = new ScoreFileWriter(scores, identity)) {
        while (rows.hasNext()) {
          Row row = rows.next();
          file.add(
              new PairKey(row.getLong(0), row.getLong(1), row.getInt(2)),
              row.getFloat(3),
              row.getInt(4));
        }
        return List.of(file.publish().json()).iterator();
      } catch (IOException e) {
        throw scores.unwritable(e);
      }
    }
  }

  /**
   * Deletes what counts no more: commits that others replace, files that no commit names, plans of
   * runs that never came back, and what killed writers left.
   *
   * @param grace younger ones stay
   * @return how many files were deleted
   */
  public int sweep(Duration grace) {
    long before = Instant.now().minus(grace).toEpochMilli();
    int deleted = 0;
    try {
      Map<String, Manifest> all = scores.manifests();
      // A run that took its scores before that may still read them.
      Set<String> replaced = new HashSet<>();
      all.values().stream()
          .filter(manifest -> Instant.parse(manifest.created()).toEpochMilli() < before)
          .forEach(manifest -> replaced.addAll(manifest.replaces()));
      StoreFolder commits = scores.commits();
      for (FileStatus file : commits.files()) {
        String id = id(file);
        if (replaced.contains(id)) {
          commits.delete(file.getPath().getName()); // before its files: then nothing names them
          all.remove(id);
          deleted++;
        }
      }
      Set<String> named = new HashSet<>();
      all.values().forEach(manifest -> manifest.files().forEach(file -> named.add(file.name())));
      for (FileStatus file : scores.scores().files()) {
        if (!file.isDirectory()
            && file.getModificationTime() < before
            && !named.contains(file.getPath().getName())) {
          scores.scores().delete(file.getPath().getName());
          deleted++;
        }
      }
      for (FileStatus file : scores.plans().files()) {
        if (file.getModificationTime() < before) {
          scores.plans().delete(file.getPath().getName());
          deleted++;
        }
      }
      for (StoreFolder folder : List.of(commits, scores.scores(), scores.plans())) {
        for (FileStatus file : folder.unfinished()) {
          if (file.getModificationTime() < before) {
            folder.delete(file.getPath().getName());
            deleted++;
          }
        }
      }
      return deleted;
    } catch (IOException e) {
      throw scores.commits().failed("swept", e);
    }
  }

  private static String id(FileStatus commit) {
    return commit.getPath().getName().replaceFirst("\\.json$", "");
  }

  /** Today, as {@link #prune} counts days. */
  public static LocalDate today() {
    return LocalDate.now(ZoneOffset.UTC);
  }
}
