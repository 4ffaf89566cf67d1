package dev.rankspark.model;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The symbol versions that a 64-bit little-endian ELF file needs ({@code .gnu.version_r}), by the
 * structures of the Linux Standard Base, "Symbol Versioning".
 */
final class ElfVersions {
  private static final int SHT_GNU_VERNEED = 0x6ffffffe;

  private final byte[] file;
  private final ByteBuffer elf;

  private ElfVersions(byte[] file) {
    this.file = file;
    this.elf = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** All of them, such as {@code GLIBC_2.14}. */
  static List<String> needed(byte[] file) {
    return new ElfVersions(file).needed();
  }

  private List<String> needed() {
    List<String> names = new ArrayList<>();
    for (int section = 0; section < Short.toUnsignedInt(elf.getShort(60)); section++) {
      int header = header(section);
      if (elf.getInt(header + 4) == SHT_GNU_VERNEED) {
        int strings = offset(header(elf.getInt(header + 40)));
        addNeeded(offset(header), elf.getInt(header + 44), strings, names);
      }
    }
    return names;
  }

  /** One Verneed per library, each with its Vernaux entries, one per version. */
  private void addNeeded(int first, int libraries, int strings, List<String> names) {
    int library = first;
    for (int i = 0; i < libraries; i++) {
      int version = library + elf.getInt(library + 8);
      for (int j = 0; j < Short.toUnsignedInt(elf.getShort(library + 2)); j++) {
        names.add(string(strings + elf.getInt(version + 8)));
        version += elf.getInt(version + 12);
      }
      library += elf.getInt(library + 12);
    }
  }

  private int header(int section) {
    return Math.toIntExact(elf.getLong(40)) + section * Short.toUnsignedInt(elf.getShort(58));
  }

  private int offset(int header) {
    return Math.toIntExact(elf.getLong(header + 24));
  }

  private String string(int start) {
    int end = start;
    while (file[end] != 0) {
      end++;
    }
    return new String(file, start, end - start, StandardCharsets.US_ASCII);
  }
}
