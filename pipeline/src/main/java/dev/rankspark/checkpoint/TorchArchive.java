package dev.rankspark.checkpoint;

import dev.rankspark.InputException;
import dev.rankspark.checkpoint.StoredZip.Entry;
import dev.rankspark.checkpoint.TensorPickle.PickledTensor;
import dev.rankspark.files.Shown;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;

/**
 * Reads what {@code torch.save} writes since torch 1.6 ({@code .bin}, {@code .pt}): a zip file with
 * stored entries, {@code NAME/data.pkl} with the pickle that describes the tensors, and {@code
 * NAME/data/KEY} with the bytes of each storage. Tensors may share a storage and may lie in it with
 * strides. Nothing in the pickle is run, see {@link TensorPickle}.
 */
final class TorchArchive {
  private static final String PICKLE = "/data.pkl";
  private static final String TORCHSCRIPT = "/constants.pkl";
  // Room for 50,000 tensors; a hostile pickle takes up to 80 times its size in memory.
  private static final int LARGEST_PICKLE = 8 << 20;
  private static final int PICKLE_PROTO = 0x80;

  private final CheckpointFile file;
  private final CheckpointFile.Reader reader;

  private TorchArchive(CheckpointFile file, CheckpointFile.Reader reader) {
    this.file = file;
    this.reader = reader;
  }

  /**
   * The tensors of the dictionary in a file, by name, in the order of the dictionary.
   *
   * @throws InputException if the file is cut, older than torch 1.6, big-endian, holds anything but
   *     tensors or wants to run anything
   */
  static Map<String, StoredTensor> read(CheckpointFile file) {
    try (CheckpointFile.Reader reader = file.open()) {
      return new TorchArchive(file, reader).tensors();
    }
  }

  private Map<String, StoredTensor> tensors() {
    refuseOtherFormats();
    Map<String, Entry> entries = StoredZip.entries(file, reader);
    String archive = archive(entries);
    refuseBigEndian(entries.get(archive + "/byteorder"));
    Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    TensorPickle.read(file.path(), pickle(entries.get(archive + PICKLE)))
        .forEach(
            (name, pickled) ->
                tensors.put(
                    name,
                    stored(name, pickled, entries.get(archive + "/data/" + pickled.storage()))));
    return tensors;
  }

  private void refuseOtherFormats() {
    byte[] start = reader.read(0, (int) Math.min(64, file.length()));
    file.refuseLfsPointer(start);
    if (start.length > 0 && Byte.toUnsignedInt(start[0]) == PICKLE_PROTO) {
      throw InputException.of(
          "%s is in the format of before torch 1.6 (or a bare pickle); nothing was run. Save it again"
              + " with a newer torch: torch.save(torch.load(f, map_location=\"cpu\","
              + " weights_only=True), f)",
          file.path());
    }
    if (start.length < 2 || start[0] != 'P' || start[1] != 'K') {
      throw InputException.of(
          "%s is not what torch.save writes: expected a zip file, got %d other bytes",
          file.path(), file.length());
    }
  }

  private String archive(Map<String, Entry> entries) {
    List<String> pickles =
        entries.keySet().stream()
            .filter(
                name ->
                    name.endsWith(PICKLE) && name.indexOf('/') + PICKLE.length() == name.length())
            .toList();
    if (pickles.size() != 1) {
      throw InputException.of(
          "%s is not what torch.save writes: expected one data.pkl in it, got %d",
          file.path(), pickles.size());
    }
    String archive = pickles.get(0).substring(0, pickles.get(0).length() - PICKLE.length());
    if (entries.containsKey(archive + TORCHSCRIPT)) {
      throw InputException.of(
          "%s is a TorchScript program, expected a dictionary of tensors", file.path());
    }
    return archive;
  }

  private void refuseBigEndian(Entry byteorder) {
    if (byteorder == null) {
      return; // before torch 2.1: little-endian, as torch.load assumes
    }
    int size = (int) Math.min(16, byteorder.size());
    String order = new String(reader.read(byteorder.offset(), size), StandardCharsets.UTF_8);
    if (!order.equals("little")) {
      throw InputException.of(
          "%s: expected byteorder little, got \"%s\"; load it with torch and save it again as"
              + " safetensors",
          file.path(), Shown.text(order));
    }
  }

  private byte[] pickle(Entry entry) {
    if (entry.size() > LARGEST_PICKLE) {
      throw InputException.of(
          "%s: expected at most %d bytes of pickle, got %d",
          file.path(), LARGEST_PICKLE, entry.size());
    }
    byte[] pickle = reader.read(entry.offset(), (int) entry.size());
    CRC32 crc = new CRC32();
    crc.update(pickle);
    // 0: torch.serialization.set_crc32_options(False)
    if (entry.crc() != 0 && entry.crc() != crc.getValue()) {
      throw InputException.of(
          "%s: the checksum of %s is %08x, expected %08x; copy the file again",
          file.path(), Shown.text(entry.name()), crc.getValue(), entry.crc());
    }
    return pickle;
  }

  private StoredTensor stored(String name, PickledTensor tensor, Entry storage) {
    if (storage == null) {
      throw bad(
          name,
          "its storage data/%s is missing; copy the file again",
          Shown.text(tensor.storage()));
    }
    if (storage.size() != tensor.storageBytes()) {
      throw bad(
          name,
          "expected a storage of %d bytes, got %d; copy the file again",
          tensor.storageBytes(),
          storage.size());
    }
    checkInside(name, tensor);
    return new StoredTensor(
        name,
        tensor.type(),
        longs(tensor.shape()),
        longs(tensor.strides()),
        file,
        storage.offset() + tensor.offset() * tensor.type().bytes());
  }

  /** Every element lies in the storage, and there are no more elements than the storage holds. */
  private void checkInside(String name, PickledTensor tensor) {
    long capacity = tensor.storageBytes() / tensor.type().bytes();
    try {
      long elements = 1;
      long last = tensor.offset();
      for (int i = 0; i < tensor.shape().size(); i++) {
        elements = Math.multiplyExact(elements, tensor.shape().get(i));
        last =
            Math.addExact(
                last,
                Math.multiplyExact(
                    Math.max(0, tensor.shape().get(i) - 1), tensor.strides().get(i)));
      }
      StoredTensor.rowMajor(longs(tensor.shape()));
      boolean isInside = elements == 0 ? tensor.offset() <= capacity : last < capacity;
      if (isInside && elements <= capacity) {
        return;
      }
      if (isInside) {
        throw bad(
            name,
            "its %d elements are copies of %d by strides; save it again after .contiguous()",
            elements,
            capacity);
      }
    } catch (ArithmeticException e) {
      throw new InputException(
          file.path() + ": " + Shown.text(name) + " has a shape that no file can hold", e);
    }
    throw bad(name, "it reaches beyond its storage of %d elements; copy the file again", capacity);
  }

  private static long[] longs(List<Long> numbers) {
    return numbers.stream().mapToLong(Long::longValue).toArray();
  }

  private InputException bad(String name, String format, Object... args) {
    return new InputException(
        file.path()
            + ": "
            + Shown.text(name)
            + ": "
            + InputException.of(format, args).getMessage());
  }
}
