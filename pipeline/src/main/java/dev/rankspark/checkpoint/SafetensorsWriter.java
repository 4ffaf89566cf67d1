package dev.rankspark.checkpoint;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rankspark.files.OutputDirectory;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Writes safetensors files (https://github.com/huggingface/safetensors#format), byte for byte those
 * that PEFT and transformers write of the same tensors: header padded with spaces to eight bytes,
 * {@code __metadata__} of {@code {"format":"pt"}}, float32 before bfloat16 before float16, then by
 * name ({@code prepare} in {@code safetensors/src/tensor.rs}). One tensor at a time is asked for
 * its elements.
 */
public final class SafetensorsWriter {
  private static final int ALIGNMENT = 8;
  private static final JsonMapper JSON = new JsonMapper();

  // The formats of one size in the library's order, which StorageType has too.
  private static final Comparator<NewTensor> ORDER =
      Comparator.<NewTensor>comparingInt(tensor -> -tensor.type().bytes())
          .thenComparing(NewTensor::type, Comparator.reverseOrder())
          .thenComparing(NewTensor::name);

  private SafetensorsWriter() {}

  /**
   * Writes a file of these tensors.
   *
   * @param tensors of different names, in any order
   * @throws IllegalArgumentException if two have the same name
   * @throws IllegalStateException if a tensor gives more or fewer elements than its shape has
   */
  public static void write(OutputStream out, List<NewTensor> tensors) throws IOException {
    List<NewTensor> ordered = tensors.stream().sorted(ORDER).toList();
    out.write(header(ordered));
    for (NewTensor tensor : ordered) {
      TensorSink sink = new TensorSink(tensor, out);
      tensor.elements().writeTo(sink);
      sink.finish();
    }
  }

  /** Likewise, as a file of a directory. */
  public static void write(OutputDirectory directory, String file, List<NewTensor> tensors) {
    directory.write(file, out -> write(out, tensors));
  }

  private static byte[] header(List<NewTensor> tensors) throws IOException {
    ObjectNode header = JSON.createObjectNode();
    header.putObject("__metadata__").put("format", "pt");
    Set<String> names = new HashSet<>();
    long end = 0;
    for (NewTensor tensor : tensors) {
      if (!names.add(tensor.name())) {
        throw new IllegalArgumentException("two tensors have the name " + tensor.name());
      }
      ObjectNode entry = header.putObject(tensor.name());
      entry.put("dtype", tensor.type().safetensorsName());
      ArrayNode shape = entry.putArray("shape");
      Arrays.stream(tensor.shape()).forEach(shape::add);
      entry.putArray("data_offsets").add(end).add(end + tensor.bytes());
      end += tensor.bytes();
    }
    byte[] json = JSON.writeValueAsBytes(header);
    int length = (json.length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES + length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putLong(length).put(json);
    while (bytes.hasRemaining()) {
      bytes.put((byte) ' ');
    }
    return bytes.array();
  }
}
