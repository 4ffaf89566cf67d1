package dev.rankspark.run;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.hadoop.conf.Configuration;

/** A run in memory: each query's hits, both in the order of the input. */
public final class Run {
  private static final String NO_TAG = "-";

  private final Map<String, List<Hit>> hitsByQuery;
  private final String name;
  private final String tag;

  private Run(Map<String, List<Hit>> hitsByQuery, String name, String tag) {
    Map<String, List<Hit>> copy = new LinkedHashMap<>();
    hitsByQuery.forEach((qid, hits) -> copy.put(qid, List.copyOf(hits)));
    this.hitsByQuery = Collections.unmodifiableMap(copy);
    this.name = name;
    this.tag = tag;
  }

  public static Run of(Map<String, List<Hit>> hitsByQuery) {
    return new Run(hitsByQuery, "the run", NO_TAG);
  }

  /**
   * Reads a run of 3, 4 or 6 columns; see {@link RunLine#parse}. As trec_eval, it skips blank lines
   * and what follows the sixth column.
   */
  public static Run read(String path, Configuration hadoop) {
    AtomicReference<String> tag = new AtomicReference<>(NO_TAG);
    Map<String, List<Hit>> run = new LinkedHashMap<>();
    try {
      new TextFile(path, hadoop)
          .forEachLine(
              (text, where) -> {
                List<String> columns = PythonText.split(text);
                if (columns.isEmpty()) {
                  return;
                }
                boolean hasTag = columns.size() >= 6;
                RunLine line =
                    RunLine.parse(hasTag ? String.join(" ", columns.subList(0, 6)) : text, where);
                tag.set(hasTag ? columns.get(5) : NO_TAG);
                run.computeIfAbsent(line.qid(), qid -> new ArrayList<>())
                    .add(new Hit(line.docid(), line.score()));
              });
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new Run(run, path, tag.get());
  }

  /** The file, for messages. */
  public String name() {
    return name;
  }

  /** The last line's tag, as trec_eval's {@code runid}; {@code -} if that line has none. */
  public String tag() {
    return tag;
  }

  public Set<String> qids() {
    return hitsByQuery.keySet();
  }

  /** The query's hits; none for a query that the run does not have. */
  public List<Hit> hits(String qid) {
    return hitsByQuery.getOrDefault(qid, List.of());
  }
}
