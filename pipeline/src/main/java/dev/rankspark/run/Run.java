package dev.rankspark.run;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;

/** A run in memory: each query's hits, both in the order of the input. */
public final class Run {
  private final Map<String, List<Hit>> hitsByQuery;

  private Run(Map<String, List<Hit>> hitsByQuery) {
    Map<String, List<Hit>> copy = new LinkedHashMap<>();
    hitsByQuery.forEach((qid, hits) -> copy.put(qid, List.copyOf(hits)));
    this.hitsByQuery = Collections.unmodifiableMap(copy);
  }

  public static Run of(Map<String, List<Hit>> hitsByQuery) {
    return new Run(hitsByQuery);
  }

  /** Reads a run of 3, 4 or 6 columns; see {@link RunLine#parse}. */
  public static Run read(String path, Configuration hadoop) {
    Map<String, List<Hit>> run = new LinkedHashMap<>();
    try {
      new TextFile(path, hadoop)
          .forEachLine(
              (text, where) -> {
                RunLine line = RunLine.parse(text, where);
                run.computeIfAbsent(line.qid(), qid -> new ArrayList<>())
                    .add(new Hit(line.docid(), line.score()));
              });
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new Run(run);
  }

  public Set<String> qids() {
    return hitsByQuery.keySet();
  }

  /** The query's hits; none for a query that the run does not have. */
  public List<Hit> hits(String qid) {
    return hitsByQuery.getOrDefault(qid, List.of());
  }
}
