package dev.rankspark.store;

import dev.rankspark.cluster.HadoopSettings;
import dev.rankspark.store.Manifest.ScoreFile;
import java.io.IOException;
import java.io.Serializable;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;

/**
 * Where the tasks of a run commit their scores, each by itself: what a task has committed stays,
 * whatever becomes of the driver.
 */
public final class TaskCommits implements Serializable {
  private static final long serialVersionUID = 1L;

  private final String folder;
  private final String identity;
  private final String text;
  private final String model;
  private final String plan; // null for scores of no plan
  private final HadoopSettings hadoop;

  TaskCommits(RerankerScores scores, String folder, String model, String plan) {
    this.folder = folder;
    this.identity = scores.identity();
    this.text = scores.text();
    this.model = model;
    this.plan = plan;
    this.hadoop = new HadoopSettings(scores.hadoop());
  }

  /** Where the tasks of a job without a plan commit their scores. */
  public static TaskCommits withoutPlan(RerankerScores scores, String model) {
    scores.make();
    return new TaskCommits(scores, scores.store(), model, null);
  }

  /** Begins what the calling task of a job without a plan commits. */
  public TaskScores begin() {
    return begin(0);
  }

  /** Begins what the calling task commits. */
  public TaskScores begin(int task) {
    RerankerScores scores = ScoreStore.open(folder, hadoop.value()).of(identity, text);
    try {
      return new TaskScores(scores, new ScoreFileWriter(scores.scores(), identity), task);
    } catch (IOException e) {
      throw scores.scores().unwritable(e);
    }
  }

  /** The scores of one task, which appear all at once. */
  public final class TaskScores implements AutoCloseable {
    private final RerankerScores scores;
    private final ScoreFileWriter file;
    private final int task;
    private final int today = Math.toIntExact(LocalDate.now(ZoneOffset.UTC).toEpochDay());

    private TaskScores(RerankerScores scores, ScoreFileWriter file, int task) {
      this.scores = scores;
      this.file = file;
      this.task = task;
    }

    /** Adds a score. */
    public void add(PairKey key, float score) {
      try {
        file.add(key, score, today);
      } catch (IOException e) {
        throw scores.scores().unwritable(e);
      }
    }

    /**
     * Makes them count.
     *
     * @return the commit, for {@link RunScores#committed}
     */
    public String commit() {
      ScoreFile published;
      try {
        published = file.publish();
      } catch (IOException e) {
        throw scores.scores().unwritable(e);
      }
      try {
        Manifest manifest =
            scores.commit(model, List.of(published), List.of(), plan, plan == null ? null : task);
        return new String(manifest.json(), java.nio.charset.StandardCharsets.UTF_8);
      } catch (IOException e) {
        throw scores.commits().unwritable(e);
      }
    }

    /** Leaves nothing unless they were committed. */
    @Override
    public void close() {
      file.close();
    }
  }
}
