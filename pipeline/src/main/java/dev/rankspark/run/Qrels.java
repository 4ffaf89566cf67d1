package dev.rankspark.run;

import dev.rankspark.files.TextFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Collections;
import java.util.Map;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;

/**
 * Relevance judgements: TREC's {@code qid iter docid grade}, BEIR's with a header that names its
 * columns ({@code query-id corpus-id score}), or {@code qid docid grade}. Queries in the order of
 * the file.
 */
public final class Qrels {
  private final Map<String, Map<String, Integer>> gradesByQuery;

  private Qrels(Map<String, Map<String, Integer>> gradesByQuery) {
    this.gradesByQuery = gradesByQuery;
  }

  /**
   * Reads a file; a document judged twice is an error, as it is to trec_eval.
   *
   * @param file a path; what a name stands for, {@link QrelsNames} tells
   */
  public static Qrels read(String file, Configuration hadoop) {
    QrelsReader reader = new QrelsReader();
    try {
      new TextFile(file, hadoop).forEachLine(reader);
      return new Qrels(reader.grades(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public Set<String> qids() {
    return Collections.unmodifiableSet(gradesByQuery.keySet());
  }

  /** The grades of the query's judged documents; empty for a query without judgements. */
  public Map<String, Integer> grades(String qid) {
    return Collections.unmodifiableMap(gradesByQuery.getOrDefault(qid, Map.of()));
  }
}
