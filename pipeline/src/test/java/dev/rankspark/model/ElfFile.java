package dev.rankspark.model;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A 64-bit little-endian ELF file: its machine, what it needs and what it exports, by the
 * structures of the System V ABI and, for versions, of the Linux Standard Base.
 */
final class ElfFile {
  private static final int SHT_DYNAMIC = 6;
  private static final int SHT_DYNSYM = 11;
  private static final int SHT_GNU_VERNEED = 0x6ffffffe;
  private static final int DT_NEEDED = 1;
  private static final int SYMBOL_SIZE = 24;

  private final byte[] file;
  private final ByteBuffer elf;

  ElfFile(byte[] file) {
    this.file = file;
    this.elf = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** The processor, as the folders of native libraries name it. */
  String machine() {
    int machine = elf.getShort(18);
    return switch (machine) {
      case 62 -> "x86_64";
      case 183 -> "aarch64";
      default -> "e_machine " + machine;
    };
  }

  /** The libraries that it is linked to, in that order. */
  List<String> neededLibraries() {
    List<String> names = new ArrayList<>();
    int dynamic = section(SHT_DYNAMIC);
    int strings = strings(dynamic);
    for (int at = offset(dynamic); at < offset(dynamic) + size(dynamic); at += 16) {
      if (elf.getLong(at) == DT_NEEDED) {
        names.add(string(strings + Math.toIntExact(elf.getLong(at + 8))));
      }
    }
    return names;
  }

  /** The names of what it defines for others. */
  List<String> exported() {
    List<String> names = new ArrayList<>();
    int symbols = section(SHT_DYNSYM);
    int strings = strings(symbols);
    for (int at = offset(symbols) + SYMBOL_SIZE;
        at < offset(symbols) + size(symbols);
        at += SYMBOL_SIZE) {
      boolean isNamed = elf.getInt(at) != 0; // sections are not
      if (isNamed && elf.getShort(at + 6) != 0) {
        names.add(string(strings + elf.getInt(at)));
      }
    }
    return names;
  }

  /** The versions of system libraries' symbols that it needs, such as {@code GLIBC_2.14}. */
  List<String> neededVersions() {
    List<String> names = new ArrayList<>();
    int header = section(SHT_GNU_VERNEED);
    int strings = strings(header);
    int library = offset(header);
    // One Verneed per library, each with its Vernaux entries, one per version.
    for (int i = 0; i < elf.getInt(header + 44); i++) {
      int version = library + elf.getInt(library + 8);
      for (int j = 0; j < Short.toUnsignedInt(elf.getShort(library + 2)); j++) {
        names.add(string(strings + elf.getInt(version + 8)));
        version += elf.getInt(version + 12);
      }
      library += elf.getInt(library + 12);
    }
    return names;
  }

  /** The header of the only section of a type. */
  private int section(int type) {
    for (int section = 0; section < Short.toUnsignedInt(elf.getShort(60)); section++) {
      if (elf.getInt(header(section) + 4) == type) {
        return header(section);
      }
    }
    throw new IllegalArgumentException("no section of type " + type);
  }

  private int header(int section) {
    return Math.toIntExact(elf.getLong(40)) + section * Short.toUnsignedInt(elf.getShort(58));
  }

  private int strings(int header) {
    return offset(header(elf.getInt(header + 40)));
  }

  private int offset(int header) {
    return Math.toIntExact(elf.getLong(header + 24));
  }

  private int size(int header) {
    return Math.toIntExact(elf.getLong(header + 32));
  }

  private String string(int start) {
    int end = start;
    while (file[end] != 0) {
      end++;
    }
    return new String(file, start, end - start, StandardCharsets.US_ASCII);
  }
}
