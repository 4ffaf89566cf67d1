package dev.rankspark.store;

import dev.rankspark.cluster.HadoopSettings;
import dev.rankspark.store.Manifest.ScoreFile;
import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.hadoop.fs.FileStatus;
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
    commits(repair, damages);
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

  /** Commits that cannot be read: what they named is not known, and their files are no one's. */
  private void commits(boolean repair, List<String> damages) {
    StoreFolder commits = scores.commits();
    try {
      for (FileStatus file : commits.files()) {
        String name = file.getPath().getName();
        if (file.isDirectory()) {
          continue;
        }
        try {
          Manifest.read(commits.read(name));
        } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
          damages.add(
              commits + "/" + name + ": expected a commit, got " + file.getLen() + " bytes");
          if (repair) {
            commits.setAside(name);
          }
        }
      }
    } catch (IOException e) {
      throw commits.failed("read", e);
    }
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
      if (!scores.has(file.name())) {
        return "expected a file, got none";
      }
      MessageDigest digest;
      try {
        digest = MessageDigest.getInstance("SHA-256");
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException(e); // every Java has it
      }
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
      return HexFormat.of().formatHex(digest.digest()).equals(file.sha256())
          ? ""
          : "expected the SHA-256 of its commit, got another: its bytes have changed";
    }
  }
}
