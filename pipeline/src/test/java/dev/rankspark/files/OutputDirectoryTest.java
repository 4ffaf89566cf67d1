package dev.rankspark.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rankspark.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OutputDirectoryTest {
  private static final Configuration HADOOP = new Configuration(false);

  @TempDir Path folder;

  @Test
  void nothingIsThereBeforeTheCommitAndAllAfterIt() throws IOException {
    Path target = folder.resolve("a/b");
    try (OutputDirectory out = OutputDirectory.create(target.toString(), HADOOP)) {
      out.write("one", "1");
      out.write("two", "22");
      assertThat(target).doesNotExist();
      out.commit();
    }
    assertThat(target.resolve("two")).hasContent("22");
    assertThat(target.toFile().list()).containsExactlyInAnyOrder("one", "two");
    assertThat(target.getParent().toFile().list()).containsExactly("b");
  }

  @Test
  void closedWithoutACommitNothingStays() {
    try (OutputDirectory out = OutputDirectory.create(folder + "/out", HADOOP)) {
      out.write("one", "1");
    }
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void filesAreSummedAsTheyAreWritten() {
    try (OutputDirectory out = OutputDirectory.create(folder + "/out", HADOOP)) {
      out.write("check", "123456789"); // the check value of CRC32C in the catalogue of CRCs
      assertThat(out.written()).containsEntry("check", new FileSum(9, "e3069283"));
    }
  }

  @Test
  void anEmptyDirectoryIsReplacedAndAFullOneIsNot() throws IOException {
    Path target = Files.createDirectory(folder.resolve("out"));
    try (OutputDirectory out = OutputDirectory.create(target.toString(), HADOOP)) {
      out.write("one", "1");
      Path other = Files.writeString(target.resolve("other"), "precious");
      assertThatThrownBy(out::commit)
          .isInstanceOf(InputException.class)
          .hasMessage(target + " cannot be written: it is not empty");
      Files.delete(other);
      out.commit();
    }
    assertThat(target.toFile().list()).containsExactly("one");
  }

  @Test
  void intoADirectoryOnlyOwnFilesAreReplaced() throws IOException {
    Path target = Files.createDirectory(folder.resolve("out"));
    for (String name : new String[] {"old-1", "old-2", "one", ".one.crc", "theirs"}) {
      Files.writeString(target.resolve(name), name);
    }
    Files.createDirectory(target.resolve("old-directory"));
    try (OutputDirectory out = OutputDirectory.create(target.toString(), HADOOP)) {
      out.write("one", "1");
      out.write("last", "2");
      out.commitInto(name -> name.startsWith("old"));
    }
    assertThat(target.toFile().list())
        .containsExactlyInAnyOrder("one", "last", "theirs", "old-directory");
    assertThat(target.resolve("one")).hasContent("1");
    assertThat(target.resolve("theirs")).hasContent("theirs");
    assertThat(folder.toFile().list()).containsExactly("out");
  }

  @Test
  void whatCannotBeWrittenIsNamedAtOnce() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "precious");
    assertThatThrownBy(() -> OutputDirectory.create(file.toString(), HADOOP))
        .isInstanceOf(InputException.class)
        .hasMessage(file + " is a file; expected a directory");
    assertThatThrownBy(() -> OutputDirectory.create(file + "/out", HADOOP))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(file + "/out cannot be written: ");
    assertThatThrownBy(() -> OutputDirectory.create("/proc/out", HADOOP))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith("/proc/out cannot be written: ");
    assertThatThrownBy(() -> OutputDirectory.create("/", HADOOP))
        .isInstanceOf(InputException.class)
        .hasMessage("/ is the root of a file system; name a directory in it");
    assertThatThrownBy(() -> OutputDirectory.create("", HADOOP))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith("\"\" is no path: ");
  }
}
