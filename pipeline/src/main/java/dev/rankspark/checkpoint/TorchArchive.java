package dev.rankspark.checkpoint;

import dev.rankspark.InputException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipFile;

/**
 * Reader of {@code torch.save}'s zip archives ({@code .bin}, {@code .pt}; {@code
 * torch/serialization.py}): a pickle of names and tensors, and one uncompressed entry per storage.
 * See {@link Pickle} for what the pickle may do.
 */
final class TorchArchive implements Pickle.Calls {
  /** Far beyond the names of any model. */
  private static final int PICKLE_LIMIT = 64 << 20;

  private static final Map<String, StorageType> STORAGES =
      Map.of(
          "torch.FloatStorage", StorageType.FLOAT32,
          "torch.HalfStorage", StorageType.FLOAT16,
          "torch.BFloat16Storage", StorageType.BFLOAT16,
          "torch.DoubleStorage", StorageType.FLOAT64,
          "torch.LongStorage", StorageType.INT64,
          "torch.IntStorage", StorageType.INT32,
          "torch.ShortStorage", StorageType.INT16,
          "torch.CharStorage", StorageType.INT8,
          "torch.ByteStorage", StorageType.UINT8,
          "torch.BoolStorage", StorageType.BOOL);

  private final StoredFile file;
  private final Map<String, Entry> entries;

  private TorchArchive(StoredFile file, Map<String, Entry> entries) {
    this.file = file;
    this.entries = entries;
  }

  /** Where an entry's bytes lie in the file. */
  private record Entry(long offset, long length) {}

  /** A storage that the pickle names. */
  private record Storage(StorageType type, Entry entry) {}

  /**
   * The tensors of a file by name.
   *
   * @throws InputException if it is no such archive, is cut, or its pickle wants more than tensors
   */
  static Map<String, StoredTensor> read(StoredFile file) {
    Map<String, Entry> entries = entries(file);
    TorchArchive archive = new TorchArchive(file, entries);
    Entry byteOrder = entries.get("byteorder");
    if (byteOrder != null && byteOrder.length() != "little".length()) {
      throw InputException.of(
          "%s is big-endian, which is not supported; save it again", file.name());
    }
    Entry pickle = entries.get("data.pkl");
    if (pickle == null || pickle.length() > PICKLE_LIMIT) {
      throw InputException.of("%s has no data.pkl: no archive of torch.save", file.name());
    }
    ByteBuffer bytes = file.read(pickle.offset(), (int) pickle.length());
    if (!(Pickle.read(file.name(), bytes, archive) instanceof Map<?, ?> state)) {
      throw InputException.of("%s: expected a dictionary of names and tensors", file.name());
    }
    Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    state.forEach(
        (name, value) -> {
          if (!(name instanceof String key) || !(value instanceof StoredTensor tensor)) {
            throw InputException.of("%s: %s is no tensor with a name", file.name(), name);
          }
          tensors.put(key, tensor.named(key));
        });
    return tensors;
  }

  /** The entries by their names below the archive's own folder. */
  private static Map<String, Entry> entries(StoredFile file) {
    Map<String, Entry> entries = new HashMap<>();
    try (ZipFile zip = ZipFile.builder().setSeekableByteChannel(file.channel()).get()) {
      for (ZipArchiveEntry entry : Collections.list(zip.getEntries())) {
        String name = entry.getName().substring(entry.getName().indexOf('/') + 1);
        if (!entry.isDirectory() && entry.getSize() != entry.getCompressedSize()) {
          if (name.equals("data.pkl")) {
            throw InputException.of(
                "%s has compressed entries, which torch.save does not write; save it again",
                file.name());
          }
          continue;
        }
        if (zip.getRawInputStream(entry) != null) { // resolves the offset behind the local header
          entries.put(name, new Entry(entry.getDataOffset(), entry.getSize()));
        }
      }
    } catch (IOException | RuntimeException e) {
      if (e instanceof InputException known) {
        throw known;
      }
      throw new InputException(
          file.name()
              + " is no zip archive of torch.save, or cut ("
              + e.getMessage()
              + "); files of PyTorch before 1.6 must be saved again, best as safetensors",
          e);
    }
    return entries;
  }

  @Override
  public BiFunction<Pickle.Global, List<?>, Object> lookup(String name) {
    if (STORAGES.containsKey(name)) {
      return TorchArchive::notCalled; // named as an argument alone
    }
    return switch (name) {
      case "torch._utils._rebuild_tensor_v2" -> (global, arguments) -> tensor(arguments);
      case "torch._utils._rebuild_parameter" -> (global, arguments) -> arguments.get(0);
      case "collections.OrderedDict" -> (global, arguments) -> orderedDict(arguments);
      case "torch.Size" -> (global, arguments) -> arguments.get(0);
      default -> null;
    };
  }

  private static Object notCalled(Pickle.Global global, List<?> arguments) {
    throw new IllegalArgumentException("a call of " + global.name());
  }

  private static Object orderedDict(List<?> arguments) {
    Map<Object, Object> map = new LinkedHashMap<>();
    if (!arguments.isEmpty()) {
      for (Object pair : (List<?>) arguments.get(0)) {
        map.put(((List<?>) pair).get(0), ((List<?>) pair).get(1));
      }
    }
    return map;
  }

  /** {@code ("storage", type, key, device, elements)}. */
  @Override
  public Object load(List<?> id) {
    StorageType type =
        id.get(1) instanceof Pickle.Global global ? STORAGES.get(global.name()) : null;
    if (!"storage".equals(id.get(0)) || type == null) {
      throw new IllegalArgumentException("persistent id " + id);
    }
    Entry entry = entries.get("data/" + id.get(2));
    if (entry == null) {
      throw InputException.of("%s lacks the storage %s: the file is cut", file.name(), id.get(2));
    }
    return new Storage(type, entry);
  }

  /**
   * {@code _rebuild_tensor_v2(storage, offset, size, stride, ...)}; the name comes from the
   * dictionary.
   */
  private StoredTensor tensor(List<?> arguments) {
    Storage storage = (Storage) arguments.get(0);
    long first = (Long) arguments.get(1);
    long[] shape = longs(arguments.get(2));
    long[] strides = longs(arguments.get(3));
    long elements = storage.entry().length() / storage.type().bytes();
    try {
      long last = first;
      for (int i = 0; i < shape.length; i++) {
        last = Math.addExact(last, Math.multiplyExact(Math.max(0, shape[i] - 1), strides[i]));
      }
      if (strides.length != shape.length
          || first < 0
          || (StoredTensor.elements(shape) > 0 && last >= elements)
          || StoredTensor.elements(shape) > elements) {
        throw InputException.of(
            "%s: a tensor of shape %s reaches beyond its storage of %,d elements",
            file.name(), Arrays.toString(shape), elements);
      }
    } catch (ArithmeticException e) {
      throw new InputException(file.name() + ": a tensor's shape is beyond any file", e);
    }
    return StoredTensor.strided(
        "",
        storage.type(),
        shape,
        strides,
        file,
        storage.entry().offset() + first * storage.type().bytes());
  }

  private static long[] longs(Object list) {
    List<Long> values = new ArrayList<>();
    for (Object value : (List<?>) list) {
      values.add((Long) value);
    }
    long[] longs = values.stream().mapToLong(Long::longValue).toArray();
    for (long value : longs) {
      if (value < 0) {
        throw new IllegalArgumentException("a negative size or stride");
      }
    }
    return longs;
  }
}
