package dev.rankspark.checkpoint;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.rankspark.InputException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reader of the safetensors format (README of huggingface/safetensors, "Format"): eight bytes of
 * header length, a JSON header of names, dtypes, shapes and offsets, then the data without gaps.
 */
final class Safetensors {
  /** The format's own limit. */
  private static final long HEADER_LIMIT = 100_000_000;

  private static final JsonMapper JSON =
      JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY).build();

  private Safetensors() {}

  private record Range(String name, long begin, long end) {}

  /**
   * The tensors of a file by name.
   *
   * @throws InputException if the header is broken, or the file is not as long as it says
   */
  static Map<String, StoredTensor> read(StoredFile file) {
    long headerLength = file.length() < 8 ? -1 : file.read(0, 8).getLong();
    if (headerLength < 2 || headerLength > Math.min(HEADER_LIMIT, file.length() - 8)) {
      throw wrong(file, "no header of that length fits; the file is cut or of another format");
    }
    long data = 8 + headerLength;
    Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    List<Range> ranges = new ArrayList<>();
    for (Iterator<Map.Entry<String, JsonNode>> fields = header(file, (int) headerLength).fields();
        fields.hasNext(); ) {
      Map.Entry<String, JsonNode> field = fields.next();
      if (field.getKey().equals("__metadata__")) {
        continue;
      }
      StoredTensor tensor = tensor(file, field.getKey(), field.getValue(), data, ranges);
      tensors.put(field.getKey(), tensor);
    }
    checkRanges(file, ranges, file.length() - data);
    return tensors;
  }

  private static JsonNode header(StoredFile file, int length) {
    ByteBuffer buffer = file.read(8, length);
    byte[] bytes = new byte[length];
    buffer.get(bytes);
    try {
      JsonNode header = JSON.readTree(new String(bytes, StandardCharsets.UTF_8));
      if (header == null || !header.isObject()) {
        throw wrong(file, "the header is no JSON object");
      }
      return header;
    } catch (JsonProcessingException e) {
      throw wrong(file, "the header is broken JSON: " + e.getOriginalMessage());
    }
  }

  private static StoredTensor tensor(
      StoredFile file, String name, JsonNode entry, long data, List<Range> ranges) {
    JsonNode sizes = entry.path("shape");
    JsonNode offsets = entry.path("data_offsets");
    if (!sizes.isArray() || !offsets.isArray() || offsets.size() != 2) {
      throw wrong(file, "the entry of " + name + " lacks shape or data_offsets");
    }
    StorageType type = type(file, name, entry.path("dtype").asText());
    long[] shape = new long[sizes.size()];
    for (int i = 0; i < shape.length; i++) {
      shape[i] = whole(file, name, sizes.get(i));
    }
    long begin = whole(file, name, offsets.get(0));
    long end = whole(file, name, offsets.get(1));
    long bytes;
    try {
      bytes = Math.multiplyExact(StoredTensor.elements(shape), type.bytes());
    } catch (ArithmeticException e) {
      throw wrong(file, "the shape of " + name + " is beyond any file");
    }
    if (end < begin || end - begin != bytes) {
      throw wrong(
          file, name + " has " + (end - begin) + " bytes, its shape and dtype say " + bytes);
    }
    ranges.add(new Range(name, begin, end));
    return StoredTensor.contiguous(name, type, shape, file, data + begin);
  }

  private static long whole(StoredFile file, String name, JsonNode number) {
    if (!number.isIntegralNumber() || !number.canConvertToLong() || number.asLong() < 0) {
      throw wrong(file, "the entry of " + name + " has " + number + " for a size or an offset");
    }
    return number.asLong();
  }

  /** The data is covered without gaps or overlaps, as the format demands. */
  private static void checkRanges(StoredFile file, List<Range> ranges, long dataLength) {
    ranges.sort(Comparator.comparingLong(Range::begin).thenComparingLong(Range::end));
    long at = 0;
    for (Range range : ranges) {
      if (range.begin() != at) {
        throw wrong(file, range.name() + " begins at " + range.begin() + ", expected " + at);
      }
      at = range.end();
    }
    if (at != dataLength) {
      throw InputException.of(
          "%s is %s: its header says %,d bytes of tensors, the file has %,d; copy it again",
          file.name(), at > dataLength ? "cut" : "too long", at, dataLength);
    }
  }

  private static StorageType type(StoredFile file, String name, String dtype) {
    return switch (dtype) {
      case "F16" -> StorageType.FLOAT16;
      case "BF16" -> StorageType.BFLOAT16;
      case "F32" -> StorageType.FLOAT32;
      case "F64" -> StorageType.FLOAT64;
      case "F8_E4M3", "F8_E5M2" -> StorageType.FLOAT8;
      case "I64", "U64" -> StorageType.INT64;
      case "I32", "U32" -> StorageType.INT32;
      case "I16", "U16" -> StorageType.INT16;
      case "I8" -> StorageType.INT8;
      case "U8" -> StorageType.UINT8;
      case "BOOL" -> StorageType.BOOL;
      default -> throw wrong(file, name + " has the unknown dtype \"" + dtype + "\"");
    };
  }

  private static InputException wrong(StoredFile file, String what) {
    return new InputException(file.name() + " is no sound safetensors file: " + what);
  }
}
