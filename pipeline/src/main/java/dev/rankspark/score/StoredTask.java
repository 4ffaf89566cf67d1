package dev.rankspark.score;

import dev.rankspark.cluster.HadoopSettings;
import dev.rankspark.cluster.SparkTask;
import dev.rankspark.store.PairKey;
import dev.rankspark.store.TaskCommits;
import dev.rankspark.store.TaskCommits.TaskScores;
import java.util.Collections;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import org.apache.spark.api.java.function.Function2;

/**
 * Scores the pairs of one task of a rerank job and commits them to a store; gives the commit. Tasks
 * that were committed before their run was killed read nothing.
 */
final class StoredTask implements Function2<Integer, Iterator<NumberedPair>, Iterator<String>> {
  private static final long serialVersionUID = 1L;

  private final Scoring scoring;
  private final PairCost cost;
  private final ScoreCounters counters;
  private final HadoopSettings hadoop;
  private final TaskCommits commits;
  private final HashSet<Integer> finished;

  StoredTask(
      Scoring scoring,
      PairCost cost,
      ScoreCounters counters,
      HadoopSettings hadoop,
      TaskCommits commits,
      Set<Integer> finished) {
    this.scoring = scoring;
    this.cost = cost;
    this.counters = counters;
    this.hadoop = hadoop;
    this.commits = commits;
    this.finished = new HashSet<>(finished);
  }

  /** A pair by what its score is kept by. */
  private record Keyed(NumberedPair pair, PairKey key) {
    @Override
    public String toString() {
      return pair.toString();
    }
  }

  @Override
  public Iterator<String> call(Integer task, Iterator<NumberedPair> pairs) {
    if (finished.contains(task) || !pairs.hasNext()) {
      return Collections.emptyIterator();
    }
    ScoreTask<Keyed> scored = ScoreTask.begin(new Texts(pairs), scoring, cost, counters, hadoop);
    TaskScores scores = commits.begin(task);
    SparkTask.current().onCompletion(scores::close);
    while (scored.hasNext()) {
      ScorePipeline.Chunk<Keyed> chunk = scored.next();
      for (int i = 0; i < chunk.pairs().size(); i++) {
        scores.add(chunk.pairs().get(i).key(), chunk.scores().scores()[i]);
      }
    }
    return List.of(scores.commit()).iterator();
  }

  private record Texts(Iterator<NumberedPair> pairs)
      implements Iterator<ScorePipeline.Pair<Keyed>> {
    @Override
    public boolean hasNext() {
      return pairs.hasNext();
    }

    @Override
    public ScorePipeline.Pair<Keyed> next() {
      NumberedPair pair = pairs.next();
      return new ScorePipeline.Pair<>(
          new Keyed(pair.withoutText(), PairKey.of(pair.text)), pair.text);
    }
  }
}
