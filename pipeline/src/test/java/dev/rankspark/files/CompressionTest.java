package dev.rankspark.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.github.luben.zstd.ZstdOutputStream;
import dev.rankspark.InputException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.io.compress.BZip2Codec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Compressed files, whole, cut, damaged and misnamed, read on one machine. */
class CompressionTest {
  private static final Configuration HADOOP = new Configuration();
  private static final List<String> ENDINGS = List.of("gz", "bz2", "zst");
  private static final Map<String, String> NAMES =
      Map.of("gz", "gzip", "bz2", "bzip2", "zst", "zstd");

  @TempDir private Path folder;

  @Test
  void linesAreThoseOfThePlainFile() throws IOException {
    for (String ending : ENDINGS) {
      assertThat(read(write("a." + ending, compressed(text(), ending)))).isEqualTo(lines());
    }
  }

  /** As {@code cat a.gz b.gz} and {@code pigz}, {@code pbzip2} and {@code pzstd} make them. */
  @Test
  void compressedFilesStrungTogetherAreOne() throws IOException {
    for (String ending : ENDINGS) {
      ByteArrayOutputStream both = new ByteArrayOutputStream();
      both.write(compressed("one\n", ending));
      both.write(compressed("two\n", ending));
      assertThat(read(write("both." + ending, both.toByteArray()))).containsExactly("one", "two");
    }
  }

  @Test
  void aClustersOwnListOfCodecsTakesNoneAway() throws IOException {
    Configuration hadoop = new Configuration();
    hadoop.set("io.compression.codecs", "org.apache.hadoop.io.compress.DefaultCodec");
    for (String ending : ENDINGS) {
      Path file = write("a." + ending, compressed(text(), ending));
      assertThat(read(file, hadoop)).isEqualTo(lines());
    }
  }

  /** Wherever it is cut: it is never taken for a shorter file. */
  @Test
  void aCutFileIsRefused() throws IOException {
    for (String ending : ENDINGS) {
      byte[] whole = compressed(text(), ending);
      List<Integer> lengths = new ArrayList<>(List.of(0, 1, 2, 3, 4, 5, 7, 10, 11, 14, 18, 19));
      for (int length = 20; length < whole.length; length += whole.length / 50) {
        lengths.add(length);
      }
      for (int before = 1; before < 10; before++) {
        lengths.add(whole.length - before);
      }
      for (int length : lengths) {
        Path file = write("cut." + ending, Arrays.copyOf(whole, length));
        List<String> read = new ArrayList<>();
        Throwable refusal = catchThrowable(() -> read.addAll(read(file)));
        if (read.equals(lines())) {
          continue; // of bzip2 the last bytes hold no text
        }
        assertThat(refusal)
            .as("%s, the first %d of %d bytes", ending, length, whole.length)
            .isInstanceOf(InputException.class)
            .hasMessageContaining(file.toString())
            .hasMessageMatching(
                "(?s).*(is cut|is damaged|is empty|expected " + NAMES.get(ending) + ").*");
      }
      Path half = write("cut." + ending, Arrays.copyOf(whole, whole.length / 2));
      assertThatThrownBy(() -> read(half))
          .hasMessageContaining("is cut: it ends within its compressed data")
          .hasMessageContaining("copy or download it again");
    }
  }

  @Test
  void aDamagedFileIsRefused() throws IOException {
    for (String ending : ENDINGS) {
      byte[] whole = compressed(text(), ending);
      whole[whole.length / 2] ^= 0x10;
      Path file = write("damaged." + ending, whole);
      assertThat(catchThrowable(() -> read(file)))
          .as(ending)
          .isInstanceOf(InputException.class)
          .hasMessageContaining(file.toString());
    }
  }

  @Test
  void aTextWithTheNameOfACompressedFileIsRefused() throws IOException {
    for (String ending : ENDINGS) {
      for (String text : List.of(text(), "q\td\t1\n", "B", "\n")) {
        Path file = write("plain." + ending, text.getBytes(StandardCharsets.UTF_8));
        assertThat(catchThrowable(() -> read(file)))
            .as(ending + " " + text)
            .isInstanceOf(InputException.class)
            .hasMessage(
                "%s: expected %s, as the name says, got other bytes; if it is plain text, take the"
                    + " .%s off its name",
                file, NAMES.get(ending), ending);
      }
      for (String other : ENDINGS) {
        if (!other.equals(ending)) {
          Path file = write("other." + ending, compressed(text(), other));
          assertThatThrownBy(() -> read(file))
              .hasMessage(
                  "%s: expected %s, as the name says, got %s; give it a name that ends in .%s",
                  file, NAMES.get(ending), NAMES.get(other), other);
        }
      }
    }
  }

  @Test
  void aCompressedFileWithTheNameOfATextIsRefused() throws IOException {
    for (String ending : ENDINGS) {
      Path file = write("run.txt", compressed(text(), ending));
      assertThatThrownBy(() -> read(file))
          .isInstanceOf(InputException.class)
          .hasMessageContaining(
              "expected UTF-8, got other bytes; the file is %s, give it a name that ends in .%s",
              NAMES.get(ending), ending);
    }
    Path utf16 = write("run.txt", "\ufeffq d 1\n".getBytes(StandardCharsets.UTF_16LE));
    assertThatThrownBy(() -> read(utf16)).hasMessageContaining("the file is UTF-16, convert it");
  }

  private static List<String> lines() {
    List<String> lines = new ArrayList<>();
    Random random = new Random(5);
    for (int i = 0; i < 3_000; i++) {
      lines.add("q" + i + " d" + random.nextLong() + " " + random.nextFloat() + " \u00e4");
    }
    return lines;
  }

  private static String text() {
    return String.join("\n", lines()) + "\n";
  }

  private static byte[] compressed(String text, String ending) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (OutputStream out =
        switch (ending) {
          case "gz" -> new GZIPOutputStream(bytes);
          case "zst" -> new ZstdOutputStream(bytes).setChecksum(true);
          default -> {
            BZip2Codec codec = new BZip2Codec();
            codec.setConf(HADOOP);
            yield codec.createOutputStream(bytes);
          }
        }) {
      out.write(text.getBytes(StandardCharsets.UTF_8));
    }
    return bytes.toByteArray();
  }

  private Path write(String name, byte[] bytes) throws IOException {
    return Files.write(folder.resolve(name), bytes);
  }

  private static List<String> read(Path file) throws IOException {
    return read(file, HADOOP);
  }

  private static List<String> read(Path file, Configuration hadoop) throws IOException {
    List<String> lines = new ArrayList<>();
    new TextFile(file.toString(), hadoop).forEachLine((line, where) -> lines.add(line));
    return lines;
  }
}
