package dev.rankspark.run;

import dev.rankspark.InputException;
import dev.rankspark.run.OutputFile.IfExists;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.util.List;
import java.util.function.Supplier;
import org.apache.hadoop.conf.Configuration;

/**
 * Tevatron's {@code convert_result_to_trec.py} and {@code convert_result_to_marco.py}: score files
 * to TREC or MS MARCO runs. Ranks count lines, so the input's order is kept; the score's text
 * passes through unchanged.
 *
 * @param target the format to write
 * @param removeQuery {@code --remove_query}: leave out documents that are the query itself
 * @param runTag last column of a TREC run
 */
public record RunConverter(Target target, boolean removeQuery, String runTag) {

  /** The formats that can be written. */
  public enum Target {
    /** {@code qid Q0 docid rank score tag}. */
    TREC,
    /** {@code qid\tdocid\trank}. */
    MARCO
  }

  /** The columns that both formats need. */
  private record Columns(String qid, String docid, String score) {
    static Columns parse(String line, Supplier<String> where) {
      List<String> columns = PythonText.split(line);
      return switch (columns.size()) {
        case 3 -> new Columns(columns.get(0), columns.get(1), columns.get(2));
        case 4 -> new Columns(columns.get(0), columns.get(1), columns.get(3));
        case 6 -> new Columns(columns.get(0), columns.get(2), columns.get(4));
        default ->
            throw InputException.of(
                "%s: expected 3, 4 or 6 columns (\"qid docid score\"), got %d: \"%s\"",
                where.get(), columns.size(), line);
      };
    }
  }

  /** Where the conversion stands. */
  private static final class Position {
    String qid;
    int rank;
  }

  /** Converts a file. */
  public void convert(String input, String output, IfExists ifExists, Configuration hadoop) {
    try (OutputFile file = OutputFile.create(output, ifExists, hadoop)) {
      Writer writer = file.writer();
      Position position = new Position();
      new TextFile(input, hadoop)
          .forEachLine(
              (text, where) -> {
                Columns line = Columns.parse(text, where);
                if (!line.qid().equals(position.qid)) {
                  position.qid = line.qid();
                  position.rank = 0;
                }
                if (!removeQuery || !line.qid().equals(line.docid())) {
                  position.rank++;
                  writer.write(format(line, position.rank));
                }
              });
      writer.flush();
      file.commit();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private String format(Columns line, int rank) {
    return switch (target) {
      case TREC ->
          String.join(
                  " ", line.qid(), "Q0", line.docid(), Integer.toString(rank), line.score(), runTag)
              + "\n";
      case MARCO -> String.join("\t", line.qid(), line.docid(), Integer.toString(rank)) + "\n";
    };
  }
}
