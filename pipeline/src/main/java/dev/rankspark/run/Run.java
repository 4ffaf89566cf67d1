package dev.rankspark.run;

import dev.rankspark.files.TextFile;
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
  /** What stands for the tag of a line that has none. */
  static final String NO_TAG = "-";

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

  /** Reads a run whose columns tell what they are. */
  public static Run read(String path, Configuration hadoop) {
    return read(path, RunReader.AUTO, hadoop);
  }

  /**
   * Reads a run.
   *
   * @throws dev.rankspark.InputException naming the line that is wrong, or the file if it counts
   *     ranks where scores are expected
   */
  public static Run read(String path, RunReader reader, Configuration hadoop) {
    AtomicReference<String> tag = new AtomicReference<>(NO_TAG);
    Map<String, List<Hit>> run = new LinkedHashMap<>();
    RankColumn ranks = new RankColumn();
    try {
      new TextFile(path, hadoop)
          .forEachLine(
              (text, where) ->
                  reader
                      .line(text, where)
                      .ifPresent(
                          line -> {
                            ranks.see(line);
                            tag.set(line.tag());
                            run.computeIfAbsent(line.qid(), qid -> new ArrayList<>())
                                .add(new Hit(line.docid(), line.score()));
                          }));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    if (reader.refusesRanks() && ranks.countsRanks()) {
      throw reader.refusal(path);
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
