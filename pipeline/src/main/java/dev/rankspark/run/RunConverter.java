package dev.rankspark.run;

import dev.rankspark.InputException;
import dev.rankspark.files.OutputFile;
import dev.rankspark.files.OutputFile.IfExists;
import dev.rankspark.files.TextFile;
import dev.rankspark.python.PythonFloat;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.util.Optional;
import java.util.function.Supplier;
import org.apache.hadoop.conf.Configuration;

/**
 * Tevatron's {@code convert_result_to_trec.py} and {@code convert_result_to_marco.py}: score files
 * to TREC or MS MARCO runs. Ranks count lines, so the input's order is kept; the score's text
 * passes through unchanged; of a rank without a score its reciprocal is the score.
 *
 * @param source how the input is read
 * @param target the format to write
 * @param removeQuery {@code --remove_query}: leave out documents that are the query itself
 * @param runTag last column of a TREC run
 */
public record RunConverter(RunReader source, Target target, boolean removeQuery, String runTag) {

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
    Ids.checkTag(runTag);
  }

  /** Where the conversion stands. */
  private static final class Position {
    String qid;

    /** Of the last line that was written. */
    int rank;

    /** As an MS MARCO run said it of the last line. */
    long rankRead;
  }

  /**
   * Converts a file.
   *
   * @throws InputException naming the line that is wrong, or the file if it counts ranks where
   *     scores are expected
   */
  public void convert(String input, String output, IfExists ifExists, Configuration hadoop) {
    try (OutputFile file = OutputFile.create(output, ifExists, hadoop)) {
      Writer writer = file.writer();
      Position position = new Position();
      RankColumn ranks = new RankColumn();
      new TextFile(input, hadoop)
          .forEachLine(
              (text, where) -> {
                Optional<RunLine> read = source.line(text, where);
                if (read.isPresent()) {
                  ranks.see(read.get());
                  write(read.get(), position, writer, where);
                }
              });
      if (source.refusesRanks() && ranks.countsRanks()) {
        throw source.refusal(input);
      }
      writer.flush();
      file.commit();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void write(RunLine line, Position position, Writer writer, Supplier<String> where)
      throws IOException {
    if (!line.qid().equals(position.qid)) {
      position.qid = line.qid();
      position.rank = 0;
      position.rankRead = 0;
    }
    if (line.format() == RunFormat.MARCO) {
      if (line.rank() <= position.rankRead) {
        throw InputException.of(
            "%s: rank %d of query %s comes after rank %d; ranks are counted anew by lines, sort"
                + " the file by qid and rank",
            where.get(), line.rank(), line.qid(), position.rankRead);
      }
      position.rankRead = line.rank();
    }
    if (!removeQuery || !line.qid().equals(line.docid())) {
      position.rank++;
      writer.write(format(line, position.rank));
    }
  }

  private String format(RunLine line, int number) {
    String rank = Integer.toString(number);
    boolean hasScore = line.format() != RunFormat.MARCO;
    String score = hasScore ? line.scoreText() : PythonFloat.repr(line.score());
    return switch (target) {
          case TREC -> String.join(" ", line.qid(), "Q0", line.docid(), rank, score, runTag);
          case MARCO -> String.join("\t", line.qid(), line.docid(), rank);
          case TEVATRON -> String.join("\t", line.qid(), line.docid(), score);
          case RANKED -> String.join("\t", line.qid(), line.docid(), rank, score);
        }
        + "\n";
  }
}
