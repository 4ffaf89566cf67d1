package dev.rankspark.checkpoint;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Writes torch archives for tests: a pickle, instruction by instruction, and a zip around it. */
final class TorchBytes {
  private final ByteArrayOutputStream pickle = new ByteArrayOutputStream();
  private final Map<String, byte[]> entries = new LinkedHashMap<>();
  private int method = ZipEntry.STORED;

  /** An archive whose pickle is written by the methods below, in an open dictionary. */
  static TorchBytes dictionary() {
    TorchBytes torch = new TorchBytes().op(0x80, 2).op('}').op('(');
    torch.entries.put("archive/byteorder", "little".getBytes(StandardCharsets.UTF_8));
    return torch;
  }

  TorchBytes entry(String name, byte[] bytes) {
    entries.put("archive/" + name, bytes);
    return this;
  }

  TorchBytes compressed() {
    method = ZipEntry.DEFLATED;
    return this;
  }

  /** A contiguous float32 tensor with a storage of its own and the values 0, 1, 2, ... */
  TorchBytes floats(String name, long... shape) {
    byte[] bytes = SafetensorsBytes.count(shape);
    String key = Integer.toString(entries.size());
    return entry("data/" + key, bytes)
        .text(name)
        .tensor("FloatStorage", key, bytes.length / 4, 0, shape, StoredTensor.rowMajor(shape));
  }

  TorchBytes tensor(
      String storage, String key, long elements, long offset, long[] shape, long[] strides) {
    return global("torch._utils", "_rebuild_tensor_v2")
        .op('(')
        .storage("torch", storage, key, elements)
        .number(offset)
        .numbers(shape)
        .numbers(strides)
        .op(0x89) // requires_grad
        .emptyOrderedDict()
        .op('t')
        .op('R');
  }

  TorchBytes storage(String module, String type, String key, long elements) {
    return op('(')
        .text("storage")
        .global(module, type)
        .text(key)
        .text("cpu")
        .number(elements)
        .op('t')
        .op('Q');
  }

  TorchBytes emptyOrderedDict() {
    return global("collections", "OrderedDict").op(')').op('R');
  }

  TorchBytes op(int... bytes) {
    for (int b : bytes) {
      pickle.write(b);
    }
    return this;
  }

  TorchBytes line(String line) {
    pickle.writeBytes((line + "\n").getBytes(StandardCharsets.UTF_8));
    return this;
  }

  TorchBytes global(String module, String name) {
    return op('c').line(module).line(name);
  }

  TorchBytes text(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    op('X');
    pickle.writeBytes(
        ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(bytes.length).array());
    pickle.writeBytes(bytes);
    return this;
  }

  TorchBytes number(long number) {
    op(0x8a, 8);
    pickle.writeBytes(
        ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(number).array());
    return this;
  }

  TorchBytes numbers(long... numbers) {
    op('(');
    for (long number : numbers) {
      number(number);
    }
    return op('t');
  }

  /** Closes the dictionary, its items being all that was written. */
  byte[] bytes() {
    return op('u').op('.').archive();
  }

  /** The archive with the pickle as it is. */
  byte[] archive() {
    return zip(pickle.toByteArray(), entries, method);
  }

  byte[] pickle() {
    return pickle.toByteArray();
  }

  static byte[] zip(byte[] pickle, Map<String, byte[]> others, int method) {
    Map<String, byte[]> all = new LinkedHashMap<>();
    all.put("archive/data.pkl", pickle);
    all.putAll(others);
    ByteArrayOutputStream zip = new ByteArrayOutputStream();
    try (ZipOutputStream out = new ZipOutputStream(zip)) {
      for (Map.Entry<String, byte[]> entry : all.entrySet()) {
        ZipEntry zipEntry = new ZipEntry(entry.getKey());
        zipEntry.setMethod(method);
        if (method == ZipEntry.STORED) {
          CRC32 crc = new CRC32();
          crc.update(entry.getValue());
          zipEntry.setSize(entry.getValue().length);
          zipEntry.setCrc(crc.getValue());
        }
        out.putNextEntry(zipEntry);
        out.write(entry.getValue());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return zip.toByteArray();
  }

  /**
   * The same entries with every size and position of the directory in zip64 fields, as torch writes
   * them beyond 4 GiB.
   */
  static byte[] zip64(Map<String, byte[]> entries) {
    ByteBuffer zip = ByteBuffer.allocate(1 << 16).order(ByteOrder.LITTLE_ENDIAN);
    ByteBuffer directory = ByteBuffer.allocate(1 << 14).order(ByteOrder.LITTLE_ENDIAN);
    entries.forEach(
        (name, bytes) -> {
          byte[] nameBytes = name.getBytes(StandardCharsets.UTF_8);
          int header = zip.position();
          zip.putInt(0x04034b50).put(new byte[22]);
          zip.putShort((short) nameBytes.length).putShort((short) 3);
          zip.put(nameBytes).put(new byte[3]).put(bytes);
          directory.putInt(0x02014b50).put(new byte[12]).putInt(0); // no CRC
          directory.putInt(-1).putInt(-1);
          directory.putShort((short) nameBytes.length).putShort((short) 28).put(new byte[10]);
          directory.putInt(-1).put(nameBytes);
          directory.putShort((short) 1).putShort((short) 24);
          directory.putLong(bytes.length).putLong(bytes.length).putLong(header);
        });
    int start = zip.position();
    zip.put(directory.flip());
    int end = zip.position();
    zip.putInt(0x06064b50).put(new byte[36]).putLong(end - start).putLong(start);
    zip.putInt(0x07064b50).putInt(0).putLong(end).putInt(1);
    zip.putInt(0x06054b50).put(new byte[8]).putInt(-1).putInt(-1).putShort((short) 0);
    byte[] bytes = new byte[zip.position()];
    zip.flip().get(bytes);
    return bytes;
  }
}
