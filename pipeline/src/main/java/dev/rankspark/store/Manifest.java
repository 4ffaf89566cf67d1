package dev.rankspark.store;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.List;

/**
 * One commit of a store: files of scores that are there from now on, and commits whose scores are
 * in them too. It is written once, under a name that nobody else has, and never changed.
 *
 * @param layout {@link StoreLayout#VERSION} of the version that wrote it
 * @param id its name without {@code .json}
 * @param created UTC, as {@link java.time.Instant} prints it
 * @param model for people: the model's name at the hub, or its directory
 * @param files with the scores
 * @param replaces ids of commits that count no more: their scores are in {@code files}, or were
 *     pruned
 * @param plan of the run whose task wrote it; null for others
 * @param task of that plan
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
@JsonIgnoreProperties(ignoreUnknown = true)
record Manifest(
    int layout,
    String id,
    String created,
    String model,
    List<ScoreFile> files,
    List<String> replaces,
    String plan,
    Integer task) {
  private static final JsonMapper JSON = new JsonMapper();

  Manifest {
    files = List.copyOf(files);
    replaces = List.copyOf(replaces);
  }

  /**
   * A file of scores.
   *
   * @param name in the reranker's folder of scores
   * @param rows scores in it
   * @param bytes its length
   * @param sha256 of its content, in hexadecimal
   * @param oldest when its oldest score was computed, in days since 1970-01-01 UTC
   * @param newest likewise
   */
  record ScoreFile(String name, long rows, long bytes, String sha256, int oldest, int newest) {
    String json() {
      try {
        return JSON.writeValueAsString(this);
      } catch (JsonProcessingException e) {
        throw new IllegalStateException(e); // of plain values
      }
    }

    static ScoreFile read(String json) {
      try {
        return JSON.readValue(json, ScoreFile.class);
      } catch (JsonProcessingException e) {
        throw new IllegalStateException(json, e); // our own, of this version
      }
    }
  }

  byte[] json() {
    try {
      return JSON.writeValueAsBytes(this);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e); // of plain values
    }
  }

  /**
   * Reads what {@link #json} wrote.
   *
   * @throws java.io.IOException if it is no such thing, such as the first half of one
   */
  static Manifest read(byte[] json) throws java.io.IOException {
    return JSON.readValue(json, Manifest.class);
  }

  long rows() {
    return files.stream().mapToLong(ScoreFile::rows).sum();
  }
}
