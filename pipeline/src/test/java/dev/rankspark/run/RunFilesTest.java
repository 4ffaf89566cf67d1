package dev.rankspark.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rankspark.InputException;
import dev.rankspark.files.OutputFile;
import dev.rankspark.files.OutputFile.IfExists;
import dev.rankspark.run.RunConverter.Target;
import java.io.IOException;
import java.io.OutputStream;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Reading, converting and writing the field's text files. */
class RunFilesTest {
  private static final Configuration HADOOP = new Configuration();

  @TempDir private Path folder;

  @Test
  void linesEndAsInPythonsTextModeAndMayBeCompressed() throws IOException {
    Path file = folder.resolve("run.txt.gz");
    try (OutputStream gzip = new GZIPOutputStream(Files.newOutputStream(file))) {
      gzip.write("q d1 3.5\r\nq d2 2\rq d3 1\n".getBytes(java.nio.charset.StandardCharsets.UTF_8));
    }
    assertThat(Run.read(file.toString(), HADOOP).hits("q"))
        .extracting(Hit::docid)
        .containsExactly("d1", "d2", "d3");
  }

  @Test
  void aByteOrderMarkIsNoText() throws IOException {
    Path run = Files.writeString(folder.resolve("run"), "\ufeff1 a 2\n2 b 1\n");
    assertThat(Run.read(run.toString(), HADOOP).qids()).containsExactly("1", "2");
    Files.writeString(run, "\ufeff1 a 2\n\ufeff2 b 1\n");
    assertThatThrownBy(() -> Run.read(run.toString(), HADOOP))
        .as("of files strung together")
        .hasMessageStartingWith(run + ":2: expected an id as \"qid\"")
        .hasMessageContaining("byte order mark");
  }

  @Test
  void bytesThatAreNotUtf8NameTheLine() throws IOException {
    Path file =
        Files.write(folder.resolve("r"), new byte[] {'q', ' ', 'd', ' ', '1', '\n', (byte) 0xff});
    assertThatThrownBy(() -> Run.read(file.toString(), HADOOP))
        .hasMessage(file + ":2: expected UTF-8, got other bytes; convert the file");
  }

  @Test
  void missingFilesAndFoldersAreNamed() {
    assertThatThrownBy(() -> Run.read(folder + "/none", HADOOP))
        .isInstanceOf(InputException.class)
        .hasMessage(folder + "/none does not exist");
    assertThatThrownBy(() -> Run.read(folder.toString(), HADOOP))
        .hasMessage(folder + " is a directory; expected a file");
  }

  @Test
  void conversionCountsLinesAndPassesScoresThrough() throws IOException {
    assertThat(
            convert(
                new RunConverter(RunReader.AUTO, Target.TREC, false, "dense"),
                "1\ta\t3.40\n1\tb\t-1e-5\n2\tb\t7\n"))
        .containsExactly("1 Q0 a 1 3.40 dense", "1 Q0 b 2 -1e-5 dense", "2 Q0 b 1 7 dense");
    assertThat(convert(new RunConverter(RunReader.AUTO, Target.TREC, true, "t"), "1 1 9\n1 b 8\n"))
        .containsExactly("1 Q0 b 1 8 t");
    assertThat(
            convert(
                new RunConverter(RunReader.AUTO, Target.MARCO, false, "t"),
                "1 Q0 a 9 3.4 x\n1 Q0 b 9 3 x\n"))
        .containsExactly("1\ta\t1", "1\tb\t2");
    for (String input :
        List.of(
            "1 a 3.40\n1 b 1e0\n",
            "1 a 7 3.40\n1 b 8 1e0\n",
            "1 Q0 a 7 3.40 x\n1 Q0 b 8 1e0 x\n")) {
      assertThat(convert(new RunConverter(RunReader.AUTO, Target.TEVATRON, false, "t"), input))
          .containsExactly("1\ta\t3.40", "1\tb\t1e0");
      assertThat(convert(new RunConverter(RunReader.AUTO, Target.RANKED, false, "t"), input))
          .containsExactly("1\ta\t1\t3.40", "1\tb\t2\t1e0");
      assertThat(convert(new RunConverter(RunReader.AUTO, Target.TREC, false, "t"), input))
          .containsExactly("1 Q0 a 1 3.40 t", "1 Q0 b 2 1e0 t");
    }
  }

  @Test
  void anOutputAppearsWholeOrNotAtAll() throws IOException {
    Path target = folder.resolve("new/out.txt");
    try (OutputFile file = OutputFile.create(target.toString(), IfExists.FAIL, HADOOP)) {
      file.stream().write('x');
    }
    assertThat(target).doesNotExist();
    assertThat(target.getParent()).isEmptyDirectory();

    write(target, "first", IfExists.FAIL);
    assertThatThrownBy(() -> write(target, "second", IfExists.FAIL))
        .isInstanceOf(InputException.class)
        .hasMessage(target + " exists; add --overwrite to replace it");
    assertThat(target).hasContent("first");
    Files.writeString(target.resolveSibling(".out.txt.crc"), "Hadoop's, of the first");
    write(target, "second", IfExists.OVERWRITE);
    assertThat(target).hasContent("second");
    assertThat(target.getParent().toFile().list()).containsExactly("out.txt");
  }

  @Test
  void outputsThatCannotBeAreRefusedBeforeAnyWork() throws IOException {
    assertThatThrownBy(() -> OutputFile.check(folder.toString(), IfExists.OVERWRITE, HADOOP))
        .hasMessage(folder + " is a directory; expected a file to write");
    Path file = Files.writeString(folder.resolve("file"), "");
    assertThatThrownBy(() -> OutputFile.check(file + "/out", IfExists.FAIL, HADOOP))
        .hasMessageContaining("/file is a file");
  }

  private static void write(Path target, String text, IfExists ifExists) throws IOException {
    try (OutputFile file = OutputFile.create(target.toString(), ifExists, HADOOP)) {
      Writer writer = file.writer();
      writer.write(text);
      writer.flush();
      file.commit();
    }
  }

  private List<String> convert(RunConverter converter, String input) throws IOException {
    Path in = Files.writeString(folder.resolve("in"), input);
    Path out = folder.resolve("out");
    converter.convert(in.toString(), out.toString(), IfExists.OVERWRITE, HADOOP);
    return Files.readAllLines(out);
  }
}
