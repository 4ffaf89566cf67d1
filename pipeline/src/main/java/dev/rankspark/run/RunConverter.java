package dev.rankspark.run;

import dev.rankspark.OptionException;
import dev.rankspark.run.OutputFile.IfExists;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
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
    /** {@code qid Q0 docid rank score tag}, the six columns of TREC. */
    TREC,
    /** {@code qid\tdocid\trank}, as MS MARCO's evaluation reads it. */
    MARCO,
    /** {@code qid\tdocid\tscore}, the three columns that Tevatron's reranker writes. */
    TEVATRON,
    /** {@code qid\tdocid\trank\tscore}, four columns. */
    RANKED
  }

  public RunConverter {
    if (!runTag.matches("\\S+")) {
      throw OptionException.of("--run-tag: expected one word, got \"%s\"", runTag);
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
                RunColumns line = RunColumns.parse(text, "qid docid score", where);
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

  private String format(RunColumns line, int number) {
    String rank = Integer.toString(number);
    return switch (target) {
          case TREC -> String.join(" ", line.qid(), "Q0", line.docid(), rank, line.score(), runTag);
          case MARCO -> String.join("\t", line.qid(), line.docid(), rank);
          case TEVATRON -> String.join("\t", line.qid(), line.docid(), line.score());
          case RANKED -> String.join("\t", line.qid(), line.docid(), rank, line.score());
        }
        + "\n";
  }
}
