package dev.rankspark.corpus;

import dev.rankspark.InputException;
import dev.rankspark.corpus.TextLines.TextLine;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import org.apache.spark.api.java.JavaRDD;

/**
 * A tab-separated line of as many columns as its form has, never more: a further tab would be the
 * text's own, or the sign of a form that we do not know.
 */
record TabLine(TextLine line, List<String> fields) {
  /** The columns of a file, as one line says them. */
  @SuppressWarnings("ImmutableEnumChecker") // a list that cannot change
  enum Form {
    QUERIES("qid", "text"),
    PASSAGES("docid", "text"),
    /** {@code msmarco-docs.tsv}. */
    DOCUMENTS("docid", "url", "title", "body");

    private final List<String> columns;

    Form(String... columns) {
      this.columns = List.of(columns);
    }

    int size() {
      return columns.size();
    }

    @Override
    public String toString() {
      return "\"" + String.join("\\t", columns) + "\"";
    }
  }

  /** An address as it stands in MS MARCO, and the name of the column where a file has a header. */
  private static final Pattern URL = Pattern.compile("|url|\\S+[.:]\\S*", Pattern.CASE_INSENSITIVE);

  /** How much of a line a message shows. */
  private static final int SHOWN = 80;

  private static final String TAB = "\t";

  /** Documents of four columns if the first line is one, else passages of two. */
  static Form formOfPassages(JavaRDD<TextLine> lines) {
    List<TextLine> first = lines.take(1);
    boolean isDocument =
        !first.isEmpty() && first.get(0).text().split(TAB, -1).length == Form.DOCUMENTS.size();
    return isDocument ? Form.DOCUMENTS : Form.PASSAGES;
  }

  /**
   * Reads a line.
   *
   * @throws InputException naming file and line if it has other columns
   */
  static TabLine parse(TextLine line, Form form) {
    List<String> fields = List.of(line.text().split(TAB, -1));
    if (fields.size() != form.size()) {
      throw line.wrong(
          String.format(
              Locale.ROOT,
              "expected %s%s, got %d column%s: \"%s\"",
              form,
              form == Form.PASSAGES ? " (or MS MARCO's " + Form.DOCUMENTS + " on all lines)" : "",
              fields.size(),
              fields.size() == 1 ? "" : "s",
              shown(line.text())));
    }
    if (form == Form.DOCUMENTS && !URL.matcher(fields.get(1)).matches()) {
      throw line.wrong(
          "expected "
              + form
              + " in four columns, got \""
              + shown(fields.get(1))
              + "\" as url; write "
              + Form.PASSAGES
              + ", or JSON lines where there are titles");
    }
    return new TabLine(line, fields);
  }

  String id(String name) {
    return line.id(name, fields.get(0));
  }

  /** Empty if the form has none. */
  String title() {
    return fields.size() == Form.DOCUMENTS.size() ? fields.get(2) : "";
  }

  Optional<String> url() {
    return fields.size() == Form.DOCUMENTS.size() ? Optional.of(fields.get(1)) : Optional.empty();
  }

  String text() {
    return fields.get(fields.size() - 1);
  }

  private static String shown(String text) {
    return text.length() <= SHOWN ? text : text.substring(0, SHOWN) + "...";
  }
}
