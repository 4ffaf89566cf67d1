package dev.rankspark.files;

import java.util.Locale;
import java.util.zip.CRC32C;

/**
 * What a file was when it was written.
 *
 * @param length in bytes
 * @param crc32c of its bytes (RFC 3720), eight hexadecimal digits
 */
public record FileSum(long length, String crc32c) {
  public FileSum(long length, CRC32C sum) {
    this(length, String.format(Locale.ROOT, "%08x", sum.getValue()));
  }
}
