package dev.rankspark.checkpoint;

import dev.rankspark.InputException;
import dev.rankspark.files.Shown;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The directory of a zip file whose entries are stored as they are, with zip64, by positioned reads
 * (PKWARE APPNOTE 6.3). An own reader because a range of the file is wanted for each entry, not a
 * stream, from any Hadoop file system, with every number checked; and because the commons-compress
 * that suits DJL needs a newer commons-io than Spark 3.5 brings.
 */
final class StoredZip {
  private static final int END = 0x06054b50;
  private static final int END_SIZE = 22;
  private static final int LONGEST_COMMENT = 0xFFFF;
  private static final int END64_LOCATOR = 0x07064b50;
  private static final int END64_LOCATOR_SIZE = 20;
  private static final int END64 = 0x06064b50;
  private static final int END64_SIZE = 56;
  private static final int CENTRAL = 0x02014b50;
  private static final int CENTRAL_SIZE = 46;
  private static final int LOCAL = 0x04034b50;
  private static final int LOCAL_SIZE = 30;
  private static final int ZIP64_EXTRA = 1;
  private static final long SATURATED = 0xFFFFFFFFL;
  // Some hundred bytes an entry: room for 100,000 of them.
  private static final int LARGEST_DIRECTORY = 16 << 20;

  /**
   * Where an entry's bytes lie.
   *
   * @param crc the CRC-32 of the bytes; 0 where the writer did not compute it
   */
  record Entry(String name, long offset, long size, long crc) {}

  private record Directory(long offset, long size) {}

  private final CheckpointFile file;
  private final CheckpointFile.Reader reader;

  private StoredZip(CheckpointFile file, CheckpointFile.Reader reader) {
    this.file = file;
    this.reader = reader;
  }

  /**
   * The entries by name, in the order of the directory.
   *
   * @throws InputException if the file is no zip file, is cut, or an entry is compressed,
   *     encrypted, named twice or not inside the file
   */
  static Map<String, Entry> entries(CheckpointFile file, CheckpointFile.Reader reader) {
    return new StoredZip(file, reader).entries();
  }

  private Map<String, Entry> entries() {
    Directory directory = directory();
    if (directory.size > LARGEST_DIRECTORY) {
      throw bad(
          "its directory has %d bytes, expected at most %d", directory.size, LARGEST_DIRECTORY);
    }
    ByteBuffer central = read(directory.offset, (int) directory.size);
    Map<String, Entry> entries = new LinkedHashMap<>();
    while (central.hasRemaining()) {
      Entry entry = entry(central, directory.offset);
      if (entries.put(entry.name, entry) != null) {
        throw bad("the entry %s is there twice", Shown.text(entry.name));
      }
    }
    return entries;
  }

  private Directory directory() {
    int tailSize = (int) Math.min(file.length(), END_SIZE + LONGEST_COMMENT);
    ByteBuffer tail = read(file.length() - tailSize, tailSize);
    for (int at = tailSize - END_SIZE; at >= 0; at--) {
      if (tail.getInt(at) == END && at + END_SIZE + u16(tail, at + 20) == tailSize) {
        long end = file.length() - tailSize + at;
        Directory directory = new Directory(u32(tail, at + 16), u32(tail, at + 12));
        boolean is64 = directory.offset == SATURATED || directory.size == SATURATED;
        return inside(is64 ? directory64(end) : directory, end);
      }
    }
    throw bad(
        "it has no zip directory at its end (%d bytes): it is cut; copy it again", file.length());
  }

  private Directory directory64(long end) {
    ByteBuffer locator = readInside(end - END64_LOCATOR_SIZE, END64_LOCATOR_SIZE);
    ByteBuffer end64 =
        locator.getInt(0) == END64_LOCATOR
            ? readInside(locator.getLong(8), END64_SIZE)
            : ByteBuffer.allocate(END64_SIZE);
    if (end64.getInt(0) != END64) {
      throw bad("its zip64 directory is broken: it is cut or overwritten; copy it again");
    }
    return new Directory(end64.getLong(48), end64.getLong(40));
  }

  private Directory inside(Directory directory, long end) {
    if (directory.offset < 0 || directory.size < 0 || directory.offset > end - directory.size) {
      throw bad(
          "its directory of %s bytes at %s is not inside the file of %d bytes; copy it again",
          Long.toUnsignedString(directory.size),
          Long.toUnsignedString(directory.offset),
          file.length());
    }
    return directory;
  }

  /** Reads one entry of the directory and moves behind it. */
  private Entry entry(ByteBuffer central, long dataEnd) {
    int at = central.position();
    if (central.remaining() < CENTRAL_SIZE || central.getInt(at) != CENTRAL) {
      throw bad("its directory is broken at entry byte %d; copy it again", at);
    }
    int nameSize = u16(central, at + 28);
    int extraSize = u16(central, at + 30);
    int size = CENTRAL_SIZE + nameSize + extraSize + u16(central, at + 32);
    if (size > central.remaining()) {
      throw bad("its directory is broken at entry byte %d; copy it again", at);
    }
    byte[] nameBytes = new byte[nameSize];
    central.get(at + CENTRAL_SIZE, nameBytes);
    String name = new String(nameBytes, StandardCharsets.UTF_8);
    Numbers numbers = numbers(central, at, nameSize, extraSize);
    boolean isEncrypted = (u16(central, at + 8) & 1) != 0;
    if (u16(central, at + 10) != 0 || isEncrypted || numbers.compressed != numbers.size) {
      throw bad(
          "the entry %s is compressed or encrypted; torch.save stores entries as they are: save it"
              + " again with torch",
          Shown.text(name));
    }
    central.position(at + size);
    return new Entry(name, offset(name, numbers, dataEnd), numbers.size, u32(central, at + 16));
  }

  private record Numbers(long size, long compressed, long header) {}

  /** Sizes and position of an entry; each that does not fit 32 bits is in the zip64 field. */
  private Numbers numbers(ByteBuffer central, int at, int nameSize, int extraSize) {
    long[] numbers = {u32(central, at + 24), u32(central, at + 20), u32(central, at + 42)};
    int extra = at + CENTRAL_SIZE + nameSize;
    int end = extra + extraSize;
    while (end - extra >= 4) {
      int next = extra + 4 + u16(central, extra + 2);
      if (u16(central, extra) == ZIP64_EXTRA) {
        int field = extra + 4;
        for (int i = 0; i < numbers.length; i++) {
          if (numbers[i] == SATURATED && field + 8 <= Math.min(next, end)) {
            numbers[i] = central.getLong(field);
            field += 8;
          }
        }
      }
      extra = next;
    }
    return new Numbers(numbers[0], numbers[1], numbers[2]);
  }

  /** The position of an entry's bytes, behind its local header. */
  private long offset(String name, Numbers numbers, long dataEnd) {
    if (numbers.header < 0 || numbers.header > dataEnd - LOCAL_SIZE) {
      throw bad("the entry %s starts outside the file; copy it again", Shown.text(name));
    }
    ByteBuffer local = read(numbers.header, LOCAL_SIZE);
    long offset = numbers.header + LOCAL_SIZE + u16(local, 26) + u16(local, 28);
    if (local.getInt(0) != LOCAL || numbers.size < 0 || offset > dataEnd - numbers.size) {
      throw bad(
          "the entry %s of %s bytes at byte %d is not inside the file; copy it again",
          Shown.text(name), Long.toUnsignedString(numbers.size), offset);
    }
    return offset;
  }

  private ByteBuffer readInside(long offset, int size) {
    if (offset < 0 || offset > file.length() - size) {
      throw bad("its zip64 directory is broken: it is cut or overwritten; copy it again");
    }
    return read(offset, size);
  }

  private ByteBuffer read(long offset, int size) {
    return ByteBuffer.wrap(reader.read(offset, size)).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static int u16(ByteBuffer bytes, int at) {
    return Short.toUnsignedInt(bytes.getShort(at));
  }

  private static long u32(ByteBuffer bytes, int at) {
    return Integer.toUnsignedLong(bytes.getInt(at));
  }

  private InputException bad(String format, Object... args) {
    return new InputException(file.path() + ": " + InputException.of(format, args).getMessage());
  }
}
