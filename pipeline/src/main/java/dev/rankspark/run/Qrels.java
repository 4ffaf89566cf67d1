package dev.rankspark.run;

import dev.rankspark.files.TextFile;
import dev.rankspark.files.UserPath;
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
   * @param name a file, or what pyserini calls one: {@code dl19-passage} is {@code
   *     qrels.dl19-passage.txt} in the working directory, as Anserini names it
   */
  public static Qrels read(String name, Configuration hadoop) {
    QrelsReader reader = new QrelsReader();
    try {
      String file = find(name, hadoop);
      new TextFile(file, hadoop).forEachLine(reader);
      return new Qrels(reader.grades(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String find(String name, Configuration hadoop) {
    String ofName = "qrels." + name + ".txt";
    boolean isName = name.matches("[\\w.-]+") && !exists(name, hadoop) && exists(ofName, hadoop);
    return isName ? ofName : name;
  }

  private static boolean exists(String path, Configuration hadoop) {
    return UserPath.of(path, hadoop).exists();
  }

  public Set<String> qids() {
    return Collections.unmodifiableSet(gradesByQuery.keySet());
  }

  /** The grades of the query's judged documents; empty for a query without judgements. */
  public Map<String, Integer> grades(String qid) {
    return Collections.unmodifiableMap(gradesByQuery.getOrDefault(qid, Map.of()));
  }
}
