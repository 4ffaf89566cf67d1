package dev.rankspark.checkpoint;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.rankspark.InputException;
import dev.rankspark.files.Shown;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Reads the header of a safetensors file: eight bytes with the header's length, the header in JSON,
 * then the tensors' bytes without gap or overlap
 * (https://github.com/huggingface/safetensors#format). As strict as that library: whatever it
 * refuses is refused here too.
 */
final class Safetensors {
  private static final int LENGTH_BYTES = 8;
  // safetensors/src/tensor.rs, MAX_HEADER_SIZE
  private static final int LARGEST_HEADER = 100_000_000;
  private static final String METADATA = "__metadata__";

  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private final CheckpointFile file;
  private long dataStart;

  /**
   * Where a tensor lies; {@code begin} and {@code end} are counted from the first tensor's byte.
   */
  private record Entry(StoredTensor tensor, long begin, long end) {}

  private Safetensors(CheckpointFile file) {
    this.file = file;
  }

  /**
   * The tensors of a file, by name, in the order of their bytes.
   *
   * @throws InputException if the file is cut or its header contradicts the format or the file
   */
  static Map<String, StoredTensor> read(CheckpointFile file) {
    return new Safetensors(file).tensors();
  }

  private Map<String, StoredTensor> tensors() {
    byte[] headerBytes = headerBytes();
    dataStart = (long) LENGTH_BYTES + headerBytes.length;
    List<Entry> entries = entries(header(headerBytes));
    entries.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
    Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    long end = 0;
    for (Entry entry : entries) {
      String name = entry.tensor.name();
      if (entry.begin != end) {
        throw bad(
            "%s starts at byte %d, expected %d: tensors must follow each other without gap or"
                + " overlap",
            Shown.text(name), entry.begin, end);
      }
      end = entry.end;
      tensors.put(name, entry.tensor);
    }
    checkLength(end);
    return tensors;
  }

  private byte[] headerBytes() {
    try (CheckpointFile.Reader reader = file.open()) {
      byte[] start = reader.read(0, (int) Math.min(64, file.length()));
      file.refuseLfsPointer(start);
      if (start.length < LENGTH_BYTES) {
        throw bad("expected at least %d bytes, got %d: it is cut", LENGTH_BYTES, file.length());
      }
      long length = ByteBuffer.wrap(start).order(ByteOrder.LITTLE_ENDIAN).getLong();
      if (length < 0 || length > LARGEST_HEADER) {
        throw bad(
            "header of %s bytes, at most %d are allowed: it is not a safetensors file",
            Long.toUnsignedString(length), LARGEST_HEADER);
      }
      if (length > file.length() - LENGTH_BYTES) {
        throw bad(
            "expected %d bytes for the header alone, got %d: it is cut; copy it again",
            LENGTH_BYTES + length, file.length());
      }
      return reader.read(LENGTH_BYTES, (int) length);
    }
  }

  private JsonNode header(byte[] bytes) {
    try {
      JsonNode header = JSON.readTree(Utf8Text.decode(bytes));
      if (!header.isObject()) {
        throw bad("the header is not a JSON object");
      }
      return header;
    } catch (CharacterCodingException e) {
      throw new InputException(file.path() + ": the header is not UTF-8", e);
    } catch (JsonProcessingException e) {
      throw new InputException(
          file.path() + ": the header is not JSON: " + Shown.text(e.getOriginalMessage()), e);
    }
  }

  private List<Entry> entries(JsonNode header) {
    List<Entry> entries = new ArrayList<>();
    header
        .fields()
        .forEachRemaining(
            field -> {
              if (!field.getKey().equals(METADATA)) {
                entries.add(entry(field.getKey(), field.getValue()));
              }
            });
    return entries;
  }

  private Entry entry(String name, JsonNode json) {
    String dtype = json.path("dtype").asText();
    Optional<StorageType> type = StorageType.ofSafetensors(dtype);
    if (type.isEmpty()) {
      throw bad("%s has the unknown dtype \"%s\"", Shown.text(name), Shown.text(dtype));
    }
    long[] shape = numbers(name, "shape", json);
    long[] offsets = numbers(name, "data_offsets", json);
    if (offsets.length != 2 || offsets[0] > offsets[1]) {
      throw bad(
          "%s: expected data_offsets [begin, end], got %s",
          Shown.text(name), Shown.text(json.path("data_offsets").toString()));
    }
    long expected = bytes(name, type.get(), shape);
    if (offsets[1] - offsets[0] != expected) {
      throw bad(
          "%s: %s of shape %s takes %d bytes, its data_offsets %s hold %d",
          Shown.text(name),
          dtype,
          Shown.text(json.path("shape").toString()),
          expected,
          json.path("data_offsets"),
          offsets[1] - offsets[0]);
    }
    StoredTensor tensor =
        new StoredTensor(
            name, type.get(), shape, StoredTensor.rowMajor(shape), file, dataStart + offsets[0]);
    return new Entry(tensor, offsets[0], offsets[1]);
  }

  private long[] numbers(String name, String key, JsonNode json) {
    JsonNode array = json.path(key);
    long[] numbers = new long[array.size()];
    boolean valid = array.isArray();
    for (int i = 0; valid && i < numbers.length; i++) {
      JsonNode number = array.get(i);
      numbers[i] = number.longValue();
      valid = number.isIntegralNumber() && number.canConvertToLong() && numbers[i] >= 0;
    }
    if (!valid) {
      throw bad(
          "%s: expected a list of whole numbers as %s, got %s",
          Shown.text(name), key, Shown.text(array.toString()));
    }
    return numbers;
  }

  private long bytes(String name, StorageType type, long[] shape) {
    try {
      long bytes = type.bytes();
      for (long size : shape) {
        bytes = Math.multiplyExact(bytes, size);
      }
      // A size of 0 must not hide an overflow of the others, which strides are computed from.
      StoredTensor.rowMajor(shape);
      return bytes;
    } catch (ArithmeticException e) {
      throw new InputException(
          file.path() + ": " + Shown.text(name) + " has a shape that no file can hold", e);
    }
  }

  private void checkLength(long dataBytes) {
    long expected = dataStart + dataBytes;
    // dataBytes is a sum of checked lengths from 0 on, yet one of them may reach Long.MAX_VALUE.
    if (expected < 0 || file.length() < expected) {
      throw bad(
          "expected %s bytes by its header, got %d: it is cut; copy it again",
          Long.toUnsignedString(expected), file.length());
    }
    if (file.length() > expected) {
      throw bad(
          "expected %d bytes by its header, got %d: bytes follow the last tensor",
          expected, file.length());
    }
  }

  private InputException bad(String format, Object... args) {
    return new InputException(file.path() + ": " + InputException.of(format, args).getMessage());
  }
}
