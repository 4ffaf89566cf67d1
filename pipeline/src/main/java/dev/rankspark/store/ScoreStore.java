package dev.rankspark.store;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.rankspark.InputException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;

/**
 * Scores that outlive a run, in a folder of any Hadoop file system: one folder for each reranker's
 * identity, in it commits and the files that they name. Nothing is ever overwritten, so that runs,
 * compaction and pruning need no lock: a reader takes all commits that no other replaces.
 *
 * <pre>
 * rankspark-store.json               the layout
 * IDENTITY/reranker.txt              what the scores depend on; its SHA-256 is the folder's name
 * IDENTITY/commits/ID.json           {@link Manifest}
 * IDENTITY/scores/UUID.parquet       {@link ScoreFileWriter}
 * IDENTITY/plans/ID.json             {@link RunPlan}, of runs that have not ended
 * </pre>
 */
public final class ScoreStore {
  private static final String MARK = "rankspark-store.json";
  private static final String KIND = "rankspark score store";
  private static final JsonMapper JSON = new JsonMapper();

  private final String path;
  private final StoreFolder folder;
  private final Configuration hadoop;

  private ScoreStore(String path, StoreFolder folder, Configuration hadoop) {
    this.path = path;
    this.folder = folder;
    this.hadoop = hadoop;
  }

  /**
   * Opens a store, or makes one in a folder that is empty or not there.
   *
   * @throws InputException if the path is a file, a folder of something else, a store of a newer
   *     layout, or cannot be written
   */
  public static ScoreStore openOrMake(String path, Configuration hadoop) {
    StoreFolder folder = StoreFolder.of(path, hadoop);
    try {
      if (!isMarked(path, folder)) {
        folder.write(
            MARK,
            JSON.writeValueAsBytes(
                JSON.createObjectNode().put("kind", KIND).put("layout", StoreLayout.VERSION)));
      }
    } catch (IOException e) {
      throw folder.unwritable(e);
    }
    return new ScoreStore(path, folder, hadoop);
  }

  /**
   * Opens a store that is there.
   *
   * @throws InputException likewise, and if there is none
   */
  public static ScoreStore open(String path, Configuration hadoop) {
    StoreFolder folder = StoreFolder.of(path, hadoop);
    try {
      if (!isMarked(path, folder)) {
        throw InputException.of(
            "%s: there is no score store; rerank --score-store %s makes one", path, path);
      }
    } catch (IOException e) {
      throw folder.failed("read", e);
    }
    return new ScoreStore(path, folder, hadoop);
  }

  /** The mark is asked for by its name: a listing may lack what was just written. */
  private static boolean isMarked(String path, StoreFolder folder) throws IOException {
    if (folder.isFile()) {
      throw InputException.of("--score-store: %s is a file; expected a folder", path);
    }
    if (!folder.has(MARK)) {
      List<FileStatus> files = folder.files();
      if (files.isEmpty()) {
        return false;
      }
      throw InputException.of(
          "--score-store: %s is a folder of something else: expected %s or no file at all, got %s;"
              + " name a new folder",
          path, MARK, files.get(0).getPath().getName());
    }
    JsonNode mark;
    try {
      mark = JSON.readTree(folder.read(MARK));
    } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
      throw new InputException(
          "--score-store: " + path + "/" + MARK + ": expected {\"kind\": \"" + KIND + "\"}", e);
    }
    int layout = mark.path("layout").asInt(-1);
    if (!mark.path("kind").asText().equals(KIND) || layout < 1) {
      throw InputException.of(
          "--score-store: %s/%s: expected {\"kind\": \"%s\", \"layout\": %d}, got %s",
          path, MARK, KIND, StoreLayout.VERSION, mark);
    }
    if (layout > StoreLayout.VERSION) {
      throw InputException.of(
          "--score-store: %s has layout %d, this version reads up to %d: use the version that wrote"
              + " it, or another folder",
          path, layout, StoreLayout.VERSION);
    }
    return true;
  }

  /** The path as the user gave it. */
  public String path() {
    return path;
  }

  /**
   * The scores of one reranker; nothing is written before its first commit.
   *
   * @param identity SHA-256, in hexadecimal, of {@code text}
   * @param text all that its scores depend on
   */
  public RerankerScores of(String identity, String text) {
    return new RerankerScores(path, folder.child(identity), identity, text, hadoop);
  }

  /** Those of all rerankers that have any. */
  public List<RerankerScores> all() {
    List<RerankerScores> found = new ArrayList<>();
    try {
      for (FileStatus file : folder.files()) {
        if (file.isDirectory()) {
          String identity = file.getPath().getName();
          StoreFolder scores = folder.child(identity);
          if (scores.has(RerankerScores.TEXT)) {
            String text = new String(scores.read(RerankerScores.TEXT), StandardCharsets.UTF_8);
            found.add(new RerankerScores(path, scores, identity, text, hadoop));
          }
        }
      }
    } catch (IOException e) {
      throw folder.failed("read", e);
    }
    return found;
  }
}
