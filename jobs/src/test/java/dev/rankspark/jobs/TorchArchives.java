package dev.rankspark.jobs;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Torch archives for tests. */
final class TorchArchives {
  private TorchArchives() {}

  /**
   * An archive whose pickle calls {@code posix.system}: what {@code torch.load} of old would have
   * run.
   */
  static void writeMalicious(Path file, String shellCommand) throws IOException {
    String pickle = "\u0080\u0002cposix\nsystem\n(S'" + shellCommand + "'\ntR.";
    try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
      zip.putNextEntry(new ZipEntry("adapter_model/data.pkl"));
      zip.write(pickle.getBytes(StandardCharsets.ISO_8859_1));
      zip.putNextEntry(new ZipEntry("adapter_model/version"));
      zip.write("3\n".getBytes(StandardCharsets.US_ASCII));
    }
  }
}
