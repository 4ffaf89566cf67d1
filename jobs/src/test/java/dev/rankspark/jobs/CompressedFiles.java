package dev.rankspark.jobs;

import com.github.luben.zstd.ZstdOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPOutputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.io.compress.BZip2Codec;

/** Writes files that are compressed as their names say. */
final class CompressedFiles {
  private CompressedFiles() {}

  static void write(Path file, String text) throws IOException {
    BZip2Codec bzip2 = new BZip2Codec();
    bzip2.setConf(new Configuration());
    OutputStream out = Files.newOutputStream(file);
    try (OutputStream packed =
        file.toString().endsWith("gz")
            ? new GZIPOutputStream(out)
            : file.toString().endsWith("bz2")
                ? bzip2.createOutputStream(out)
                : new ZstdOutputStream(out)) {
      packed.write(text.getBytes(StandardCharsets.UTF_8));
    }
  }
}
