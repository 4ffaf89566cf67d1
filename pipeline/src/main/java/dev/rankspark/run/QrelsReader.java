package dev.rankspark.run;

import dev.rankspark.InputException;
import dev.rankspark.files.TextFile;
import dev.rankspark.python.PythonText;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/** Reads judgements line by line; the first line tells the columns. */
final class QrelsReader implements TextFile.LineConsumer {
  /** What headers call the columns: those of BEIR, of ir_datasets' exports, of pandas' users. */
  private static final Set<String> QID =
      Set.of("query_id", "queryid", "qid", "query", "topic_id", "topic");

  private static final Set<String> DOCID =
      Set.of("corpus_id", "doc_id", "docid", "docno", "document_id", "passage_id", "pid", "did");

  private static final Set<String> GRADE =
      Set.of("score", "relevance", "rel", "grade", "label", "relevance_label", "judgment");

  /** What no measure reads. */
  private static final Set<String> ITERATION = Set.of("iteration", "iter", "q0");

  /** A whole number, which pandas may write with a point; trec_eval reads up to that. */
  private static final Pattern WHOLE = Pattern.compile("([+-]?\\d{1,9})(\\.0*)?");

  /**
   * Where the columns stand.
   *
   * @param expected what a message says of them
   */
  private record Layout(int width, int qid, int docid, int grade, String expected) {
    static final Layout TREC = new Layout(4, 0, 2, 3, "4 columns \"qid iter docid grade\"");
    static final Layout BARE = new Layout(3, 0, 1, 2, "3 columns \"qid docid grade\"");

    /** What the first line tells, if it is no header. */
    static Layout ofFirst(List<String> columns) {
      return columns.size() == BARE.width ? BARE : TREC;
    }

    /** Null if the columns do not name a qid, a docid and a grade. */
    static Layout ofHeader(List<String> columns) {
      List<String> names =
          columns.stream().map(name -> name.toLowerCase(Locale.ROOT).replace('-', '_')).toList();
      boolean named =
          names.stream()
              .allMatch(
                  name ->
                      QID.contains(name)
                          || DOCID.contains(name)
                          || GRADE.contains(name)
                          || ITERATION.contains(name));
      int qid = only(names, QID);
      int docid = only(names, DOCID);
      int grade = only(names, GRADE);
      return named && qid >= 0 && docid >= 0 && grade >= 0
          ? new Layout(
              names.size(),
              qid,
              docid,
              grade,
              names.size() + " columns \"" + String.join(" ", columns) + "\"")
          : null;
    }

    /** The place of the only one of them; -1 for none or more. */
    private static int only(List<String> names, Set<String> meant) {
      int[] places =
          IntStream.range(0, names.size()).filter(i -> meant.contains(names.get(i))).toArray();
      return places.length == 1 ? places[0] : -1;
    }
  }

  private final Map<String, Map<String, Integer>> grades = new LinkedHashMap<>();
  private Layout layout;

  /** Whether the second of three columns is always what TREC's second of four is. */
  private boolean iterationsAlone = true;

  @Override
  public void accept(String text, Supplier<String> where) {
    List<String> columns = PythonText.split(text);
    if (layout == null) {
      layout = Layout.ofHeader(columns);
      if (layout != null) {
        return;
      }
      layout = Layout.ofFirst(columns);
    }
    if (columns.isEmpty() && !layout.equals(Layout.TREC)) {
      return; // trec_eval, which knows its own format alone, refuses blank lines
    }
    if (columns.size() != layout.width || !WHOLE.matcher(columns.get(layout.grade)).matches()) {
      throw InputException.of(
          "%s: expected %s with a whole number as grade, got \"%s\"",
          where.get(), layout.expected, text);
    }
    refuseBlanks(text, columns, where);
    add(columns, where);
  }

  private void add(List<String> columns, Supplier<String> where) {
    String qid = columns.get(layout.qid);
    String docid = columns.get(layout.docid);
    Ids.wrong("qid", qid)
        .or(() -> Ids.wrong("docid", docid))
        .ifPresent(
            message -> {
              throw new InputException(where.get() + ": " + message);
            });
    iterationsAlone &= isIteration(columns.get(1));
    var grade = WHOLE.matcher(columns.get(layout.grade));
    grade.matches();
    Integer before =
        grades
            .computeIfAbsent(qid, ignored -> new LinkedHashMap<>())
            .put(docid, Integer.parseInt(grade.group(1)));
    if (before != null) {
      throw InputException.of("%s: docid %s of query %s is judged twice", where.get(), docid, qid);
    }
  }

  /**
   * {@code q<tab>danube 2<tab>1} has four columns at white space, of which the second is no iter.
   */
  private void refuseBlanks(String text, List<String> columns, Supplier<String> where) {
    if (layout.equals(Layout.TREC) && isIteration(columns.get(1))) {
      return;
    }
    Columns.blankBetweenTabs(text, columns.size())
        .ifPresent(
            blank -> {
              throw InputException.of(
                  "%s: expected columns without white space, got \"%s\" between tabs; an id with"
                      + " white space cannot be read, replace it in all files",
                  where.get(), blank.column());
            });
  }

  private static boolean isIteration(String column) {
    return column.equals("0") || column.equalsIgnoreCase("Q0");
  }

  /**
   * All of them.
   *
   * @param file for messages
   */
  Map<String, Map<String, Integer>> grades(String file) {
    if (Layout.BARE.equals(layout) && iterationsAlone && !grades.isEmpty()) {
      throw InputException.of(
          "%s: expected \"qid iter docid grade\" or \"qid docid grade\", got lines of 3 columns whose"
              + " second is 0 or Q0 in all: they have no grade",
          file);
    }
    return grades;
  }
}
