package dev.rankspark.files;

import dev.rankspark.InputException;
import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.io.compress.CompressionCodec;
import org.apache.hadoop.io.compress.CompressionCodecFactory;

/** How text files are compressed, told by their ending, and what can be wrong with that. */
public final class Compression {
  private static final String CODECS = "io.compression.codecs";

  /** A shorter file is cut, and Hadoop's codec finds nothing in it without a word. */
  private static final int SMALLEST_BZIP2 = 14;

  private Compression() {}

  /** What a file begins with, whatever its name says. */
  private enum Content {
    GZIP("gzip", ".gz", "\u001f\u008b"),
    BZIP2("bzip2", ".bz2", "BZh"),
    ZSTD("zstd", ".zst", "(\u00b5/\u00fd"),
    XZ("xz", ".xz", "\u00fd7zXZ"),
    ZIP("a zip archive", ".zip", "PK\u0003\u0004"),
    PARQUET("Parquet", ".parquet", "PAR1"),
    UTF16_LITTLE("UTF-16", "", "\u00ff\u00fe"),
    UTF16_BIG("UTF-16", "", "\u00fe\u00ff");

    private final String words;
    private final String ending;

    /** One char for a byte. */
    private final String magic;

    Content(String words, String ending, String magic) {
      this.words = words;
      this.ending = ending;
      this.magic = magic;
    }

    boolean begins(byte[] bytes) {
      String first = new String(bytes, StandardCharsets.ISO_8859_1);
      // pzstd puts frames in between that a reader skips, the first of all too.
      return first.startsWith(magic) || (this == ZSTD && first.matches("(?s)[P-_]\\*M\u0018.*"));
    }
  }

  /** The settings with all codecs that we read with. */
  public static Configuration with(Configuration hadoop) {
    String zstd = ZstdCodec.class.getName();
    if (hadoop.get(CODECS, "").endsWith(zstd)) {
      return hadoop;
    }
    Configuration ours = new Configuration(hadoop);
    // The class loader that made the settings may know nothing of this jar.
    ours.setClassLoader(Compression.class.getClassLoader());
    // A cluster's list may name classes that are not here, and Hadoop would read no file then.
    String others =
        Arrays.stream(ours.get(CODECS, "").split(","))
            .map(String::strip)
            .filter(name -> !name.isEmpty() && ours.getClassByNameOrNull(name) != null)
            .collect(Collectors.joining(","));
    ours.set(CODECS, others.isEmpty() ? zstd : others + "," + zstd); // the last of an ending counts
    return ours;
  }

  /**
   * The codec of a file by its ending; empty for plain text.
   *
   * @param hadoop of {@link #with}
   */
  public static Optional<CompressionCodec> of(Path file, Configuration hadoop) {
    return Optional.ofNullable(new CompressionCodecFactory(hadoop).getCodec(file));
  }

  /**
   * What the bytes of a file that is not UTF-8 may be, for a message.
   *
   * @return words that follow {@code expected UTF-8, got other bytes}
   */
  public static String remedy(Path file, Configuration hadoop) {
    String convert = "convert the file";
    Optional<Content> content;
    try {
      content =
          of(file, with(hadoop)).isPresent() ? Optional.empty() : content(first(file, hadoop));
    } catch (IOException e) {
      return convert; // it explains an error, and makes none
    }
    if (content.isEmpty()) {
      return convert;
    }
    Content found = content.get();
    return switch (found) {
      case GZIP, BZIP2, ZSTD ->
          "the file is " + found.words + ", give it a name that ends in " + found.ending;
      case XZ, ZIP -> "the file is " + found.words + ", unpack it";
      case PARQUET -> "the file is Parquet, give it a name that ends in .parquet";
      case UTF16_LITTLE, UTF16_BIG -> "the file is UTF-16, convert it";
    };
  }

  /**
   * Refuses a file that is not what its ending says; some codecs find nothing in it and say so, or
   * say nothing.
   *
   * @param name the file as the user wrote it
   * @throws InputException if the file is empty or begins otherwise
   */
  public static void check(String name, Path file, Configuration hadoop) throws IOException {
    Optional<String> ending = of(file, hadoop).map(CompressionCodec::getDefaultExtension);
    Optional<Content> named =
        Arrays.stream(Content.values())
            .filter(c -> ending.equals(Optional.of(c.ending)))
            .findFirst();
    if (named.isEmpty()) {
      return;
    }
    byte[] first = first(file, hadoop);
    Optional<Content> content = content(first);
    if (first.length == 0) {
      throw InputException.of(
          "%s is empty, which no %s file is; copy or download it again", name, named.get().words);
    }
    if (named.get() == Content.BZIP2 && content.equals(named) && first.length < SMALLEST_BZIP2) {
      throw unreadable(name, file, hadoop, new EOFException("unexpected end"));
    }
    if (!content.equals(named)) {
      throw InputException.of(
          "%s: expected %s, as the name says, got %s; %s",
          name,
          named.get().words,
          content.map(c -> c.words).orElse("other bytes"),
          content.isPresent() && !content.get().ending.isEmpty()
              ? "give it a name that ends in " + content.get().ending
              : "if it is plain text, take the " + ending.get() + " off its name");
    }
  }

  /**
   * The error of a file that could not be read to its end, in words for a person.
   *
   * @param name the file as the user wrote it
   */
  public static InputException unreadable(
      String name, Path file, Configuration hadoop, Throwable failure) {
    if (failure instanceof FileNotFoundException) {
      return new InputException(name + " does not exist any more, or may not be read", failure);
    }
    Optional<CompressionCodec> codec = of(file, with(hadoop));
    if (codec.isEmpty()) {
      return new InputException(name + " cannot be read: " + words(failure), failure);
    }
    boolean isCut = isCut(failure);
    return new InputException(
        String.format(
            Locale.ROOT,
            "%s %s (%s); copy or download it again",
            name,
            isCut ? "is cut: it ends within its compressed data" : "is damaged",
            words(failure)),
        failure);
  }

  private static boolean isCut(Throwable failure) {
    String words = words(failure).toLowerCase(Locale.ROOT);
    return failure instanceof EOFException
        || words.contains("unexpected end")
        || words.contains("truncated");
  }

  private static String words(Throwable failure) {
    return failure.getMessage() == null
        ? failure.getClass().getSimpleName()
        : failure.getMessage().strip();
  }

  private static Optional<Content> content(byte[] first) {
    return Arrays.stream(Content.values()).filter(c -> c.begins(first)).findFirst();
  }

  private static byte[] first(Path file, Configuration hadoop) throws IOException {
    try (InputStream bytes = FileSystems.of(Shown.path(file), file, hadoop).open(file)) {
      return bytes.readNBytes(SMALLEST_BZIP2);
    }
  }
}
