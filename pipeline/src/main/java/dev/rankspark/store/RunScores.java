package dev.rankspark.store;

import dev.rankspark.store.Manifest.ScoreFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * The scores of one run with a plan: those that it found, and those that its tasks commit. What
 * other runs commit meanwhile is none of its affair.
 */
public final class RunScores {
  private final RerankerScores scores;
  private final RunPlan plan;
  private final Snapshot found;
  private final TreeMap<Integer, Manifest> done;
  private final String model;

  private RunScores(
      RerankerScores scores,
      RunPlan plan,
      Snapshot found,
      Map<Integer, Manifest> done,
      String model) {
    this.scores = scores;
    this.plan = plan;
    this.found = found;
    this.done = new TreeMap<>(done);
    this.model = model;
  }

  /**
   * Begins a run by writing its plan.
   *
   * @param found the scores that it takes
   * @param model for people
   */
  public static RunScores begin(
      RerankerScores scores, Snapshot found, RunPlan.Work work, String model) {
    RunPlan plan = new RunPlan(StoreLayout.VERSION, RerankerScores.newId(), work, found.ids());
    scores.make();
    scores.begin(plan);
    return new RunScores(scores, plan, found, Map.of(), model);
  }

  /** Takes up a run that was killed; empty if scores that it found are there no longer. */
  public static Optional<RunScores> resume(RerankerScores scores, RunPlan plan, String model) {
    return scores
        .snapshot(plan.snapshot())
        .map(found -> new RunScores(scores, plan, found, scores.finished(plan.id()), model));
  }

  /** What it does. */
  public RunPlan plan() {
    return plan;
  }

  /** What was there before the run. */
  public Snapshot found() {
    return found;
  }

  /** Tasks that are committed already. */
  public Set<Integer> finishedTasks() {
    return Set.copyOf(done.keySet());
  }

  /** For the other tasks. */
  public TaskCommits tasks() {
    return new TaskCommits(scores, scores.store(), model, plan.id());
  }

  /** Adds what the tasks returned. */
  public void committed(Collection<String> commits) {
    for (String json : commits) {
      try {
        Manifest manifest = Manifest.read(json.getBytes(java.nio.charset.StandardCharsets.UTF_8));
        done.put(manifest.task(), manifest);
      } catch (IOException e) {
        throw new IllegalStateException(json, e); // our own, of this version
      }
    }
  }

  /** The scores of all its tasks. */
  public Snapshot scored() {
    return new Snapshot(scores.scores(), List.copyOf(done.values()));
  }

  /**
   * Ends the run, whose outputs are there: the plan goes, and the commits of its tasks become one.
   */
  public void end() {
    if (done.size() > 1) {
      List<ScoreFile> files = new ArrayList<>();
      List<String> replaced = new ArrayList<>();
      for (Manifest manifest : done.values()) {
        files.addAll(manifest.files());
        replaced.add(manifest.id());
      }
      try {
        scores.commit(model, files, replaced, null, null);
      } catch (IOException e) {
        throw scores.commits().unwritable(e);
      }
    }
    scores.end(plan);
  }
}
