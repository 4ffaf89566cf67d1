package dev.rankspark.jobs;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.CRC32;
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
      zip.setMethod(ZipOutputStream.STORED);
      put(zip, "data.pkl", pickle.getBytes(StandardCharsets.ISO_8859_1));
      put(zip, "version", "3\n".getBytes(StandardCharsets.US_ASCII));
    }
  }

  private static void put(ZipOutputStream zip, String name, byte[] bytes) throws IOException {
    ZipEntry entry = new ZipEntry("adapter_model/" + name);
    CRC32 crc = new CRC32();
    crc.update(bytes);
    entry.setSize(bytes.length);
    entry.setCrc(crc.getValue());
    zip.putNextEntry(entry);
    zip.write(bytes);
  }
}
