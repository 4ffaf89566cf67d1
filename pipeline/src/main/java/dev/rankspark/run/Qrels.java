package dev.rankspark.run;

import dev.rankspark.InputException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/** TREC relevance judgements: {@code qid iter docid grade}; queries in the order of the file. */
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
    Map<String, Map<String, Integer>> qrels = new LinkedHashMap<>();
    try {
      new TextFile(find(name, hadoop), hadoop)
          .forEachLine(
              (text, where) -> {
                List<String> columns = PythonText.split(text);
                if (columns.size() != 4 || !columns.get(3).matches("[+-]?\\d{1,9}")) {
                  throw InputException.of(
                      "%s: expected 4 columns \"qid iter docid grade\" with a whole number as"
                          + " grade, got \"%s\"",
                      where.get(), text);
                }
                Integer before =
                    qrels
                        .computeIfAbsent(columns.get(0), qid -> new LinkedHashMap<>())
                        .put(columns.get(2), Integer.parseInt(columns.get(3)));
                if (before != null) {
                  throw InputException.of(
                      "%s: docid %s of query %s is judged twice",
                      where.get(), columns.get(2), columns.get(0));
                }
              });
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new Qrels(qrels);
  }

  private static String find(String name, Configuration hadoop) throws IOException {
    String ofName = "qrels." + name + ".txt";
    boolean isName = name.matches("[\\w.-]+") && !exists(name, hadoop) && exists(ofName, hadoop);
    return isName ? ofName : name;
  }

  private static boolean exists(String path, Configuration hadoop) throws IOException {
    Path file = new Path(path);
    return file.getFileSystem(hadoop).exists(file);
  }

  public Set<String> qids() {
    return Collections.unmodifiableSet(gradesByQuery.keySet());
  }

  /** The grades of the query's judged documents; empty for a query without judgements. */
  public Map<String, Integer> grades(String qid) {
    return Collections.unmodifiableMap(gradesByQuery.getOrDefault(qid, Map.of()));
  }
}
