package dev.rankspark.store;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.rankspark.InputException;
import dev.rankspark.cluster.HadoopSettings;
import dev.rankspark.files.Sha256;
import dev.rankspark.store.Manifest.ScoreFile;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import java.nio.file.AccessDeniedException;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.security.AccessControlException;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.Function;
import org.apache.spark.sql.SparkSession;

/** Reads all that a reranker's scores consist of, and compares it with the commits. */
public final class Verification {
  private static final int BUFFER = 1 << 20;

  private final SparkSession spark;
  private final RerankerScores scores;

  public Verification(SparkSession spark, RerankerScores scores) {
    this.spark = spark;
    this.scores = scores;
  }

  /**
   * What is wrong.
   *
   * @param files read
   * @param damages one line each
   */
  public record Result(int files, List<String> damages) {}

  /**
   * Looks at every commit and file that counts.
   *
   * @param repair whether to set aside what is damaged: the pairs are scored again when they come
   */
  public Result run(boolean repair) {
    List<String> damages = new ArrayList<>();
    read(scores.commits(), "commit", Manifest::read, repair, damages);
    read(scores.plans(), "plan", RunPlan::read, repair, damages);
    List<Manifest> live = scores.live();
    Map<String, ScoreFile> files = new HashMap<>();
    live.forEach(manifest -> manifest.files().forEach(file -> files.put(file.name(), file)));
    Map<String, String> found = damages(List.copyOf(files.values()));
    found.forEach((name, what) -> damages.add(scores.scores() + "/" + name + ": " + what));
    if (repair && !found.isEmpty()) {
      try {
        for (Manifest manifest : live) {
          if (manifest.files().stream().anyMatch(file -> found.containsKey(file.name()))) {
            scores.commit(
                manifest.model(),
                manifest.files().stream().filter(file -> !found.containsKey(file.name())).toList(),
                List.of(manifest.id()),
                null,
                null);
          }
        }
        for (String name : found.keySet()) {
          if (scores.scores().has(name)) {
            scores.scores().setAside(name);
          }
        }
      } catch (IOException e) {
        throw scores.scores().failed("repaired", e);
      }
    }
    return new Result(files.size(), damages);
  }

  @FunctionalInterface
  private interface Parser {
    Object read(byte[] json) throws IOException;
  }

  /** Commits that cannot be read: what they named is not known, and their files are no one's. */
  private static void read(
      StoreFolder folder, String what, Parser parser, boolean repair, List<String> damages) {
    try {
      for (FileStatus file : folder.files()) {
        String name = file.getPath().getName();
        if (file.isDirectory()) {
          continue;
        }
        try {
          parser.read(folder.read(name));
        } catch (FileNotFoundException e) {
          // deleted since it was listed
        } catch (JsonProcessingException e) {
          damages.add(
              String.format(
                  Locale.ROOT,
                  "%s/%s: expected a %s, got %,d bytes",
                  folder,
                  name,
                  what,
                  file.getLen()));
          if (repair) {
            folder.setAside(name);
          }
        }
      }
    } catch (IOException e) {
      throw folder.failed("read", e);
    }
  }

  /**
   * Reads files that are about to be replaced.
   *
   * @throws InputException naming the first that is damaged
   */
  void check(List<ScoreFile> files) {
    new TreeMap<>(damages(files))
        .forEach(
            (name, what) -> {
              throw InputException.of(
                  "--score-store: %s/%s: %s; rankspark store verify --repair %s sets it aside, and"
                      + " its pairs are scored again",
                  scores.scores(), name, what, scores.store());
            });
  }

  /** By the names of damaged files what is wrong with them. */
  private Map<String, String> damages(List<ScoreFile> files) {
    Map<String, String> damages = new HashMap<>();
    if (files.isEmpty()) {
      return damages;
    }
    JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
    List<String> named = files.stream().map(ScoreFile::json).toList();
    List<String> found =
        context
            .parallelize(named, Math.min(named.size(), 4 * context.defaultParallelism()))
            .map(new Check(scores.scores().path().toString(), new HadoopSettings(scores.hadoop())))
            .collect();
    for (int i = 0; i < files.size(); i++) {
      if (!found.get(i).isEmpty()) {
        damages.put(files.get(i).name(), found.get(i));
      }
    }
    return damages;
  }

  /** Reads a file; "" if it is as it was written. */
  private record Check(String folder, HadoopSettings hadoop)
      implements Function<String, String>, Serializable {
    @Override
    public String call(String json) throws IOException {
      ScoreFile file = ScoreFile.read(json);
      StoreFolder scores = StoreFolder.of(folder, hadoop.value());
      try {
        return StoreFolder.retried(() -> compare(scores, file));
      } catch (FileNotFoundException e) {
        return "expected a file, got none";
      } catch (AccessControlException | AccessDeniedException e) {
        throw e; // it may be sound
      } catch (IOException e) {
        return "cannot be read: " + StoreFolder.reason(e);
      }
    }

    private static String compare(StoreFolder scores, ScoreFile file) throws IOException {
      MessageDigest digest = Sha256.begin();
      long bytes = 0;
      byte[] buffer = new byte[BUFFER];
      try (InputStream in = scores.open(file.name())) {
        for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
          digest.update(buffer, 0, count);
          bytes += count;
        }
      }
      if (bytes != file.bytes()) {
        return String.format(Locale.ROOT, "expected %,d bytes, got %,d", file.bytes(), bytes);
      }
      return Sha256.hex(digest).equals(file.sha256())
          ? ""
          : "expected the SHA-256 of its commit, got another: its bytes have changed";
    }
  }
}
