package dev.rankspark.model;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import dev.rankspark.InputException;
import dev.rankspark.checkpoint.LocalElements;
import dev.rankspark.checkpoint.StorageType;
import dev.rankspark.checkpoint.StoredTensor;
import dev.rankspark.checkpoint.Weight;
import dev.rankspark.progress.ByteCount;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Hands a checkpoint's weights to a program, {@code decoder.py} or {@code trainer.py}, one after
 * the other. On a CPU a weight that is used as it is stored stays where it is, mapped from its file
 * by {@code torch.from_file}: no copy, and one for all processes of a machine. Others are made in
 * place, some rows at a time: adapter merged as PEFT's {@code merge_and_unload} does, rounded to
 * the dtype, stacked with those that share a product. At no time is more than the model and some
 * rows in memory.
 */
final class WeightLoader {
  /** Elements that are converted at once: 64 MiB in float32. */
  static final long CHUNK = 16L << 20;

  private final Program program;
  private final PtNDManager manager;
  private final Hardware hardware;
  private final long chunk;
  private final ByteCount told;
  private final Map<String, Weight> weights;
  private final long allBytes;
  private long bytes;

  /**
   * @param manager of the device that the weights go to
   * @param chunk elements that are converted at once, {@link #CHUNK} outside of tests
   * @param weights all that will be loaded, by their canonical names
   * @param told of their bytes, as they are stored
   */
  WeightLoader(
      Program program,
      PtNDManager manager,
      Hardware hardware,
      long chunk,
      Map<String, Weight> weights,
      ByteCount told) {
    this.program = program;
    this.manager = manager;
    this.hardware = hardware;
    this.chunk = chunk;
    this.told = told;
    this.weights = weights;
    this.allBytes = weights.values().stream().mapToLong(weight -> bytes(weight.stored())).sum();
  }

  /** Loads one weight, to be closed. */
  IValue load(String name) {
    try (ProgramCall call = program.call("only", manager)) {
      return call.with("weights", load(List.of(List.of(name)))).value();
    }
  }

  /**
   * Loads weights into a list of the program's, to be closed.
   *
   * @param slots names of what is stacked to one tensor each; of none it is an empty tensor
   */
  IValue load(List<List<String>> slots) {
    IValue list;
    try (ProgramCall call = program.call("weights", manager)) {
      list = call.value();
    }
    try {
      for (List<String> names : slots) {
        load(names.stream().map(weights::get).toList(), list);
      }
      return list;
    } catch (RuntimeException | Error e) {
      list.close();
      throw e;
    }
  }

  private void load(List<Weight> parts, IValue list) {
    if (parts.size() == 1 && isUsedAsStored(parts.get(0))) {
      StoredTensor stored = parts.get(0).stored();
      try (ProgramCall call = program.call("hold", manager)) {
        LocalElements local = stored.localElements().orElseThrow();
        call.withKept("weights", list);
        call.with("weight", map(stored, local, 0, rows(stored))).run();
      }
      isLoaded(bytes(stored));
      return;
    }
    long[] shape = parts.isEmpty() ? new long[1] : parts.get(0).stored().shape();
    shape[0] = parts.stream().mapToLong(part -> rows(part.stored())).sum();
    try (ProgramCall call = program.call("reserve", manager)) {
      call.withKept("weights", list).with("sizes", shape);
      call.with("dtype", hardware.compute().torchCode());
      call.with("like", none(call.arrays())).run();
    }
    long at = 0;
    for (Weight part : parts) {
      fill(list, at, part);
      at += rows(part.stored());
    }
  }

  private boolean isUsedAsStored(Weight weight) {
    return !hardware.cuda()
        && weight.lora().isEmpty()
        && rounded() == hardware.compute()
        && torchCode(weight.stored()) == hardware.compute().torchCode()
        && weight.stored().localElements().isPresent();
  }

  /** Converts one part into the rows of the reserved weight that begin at {@code at}. */
  private void fill(IValue list, long at, Weight part) {
    StoredTensor stored = part.stored();
    long width = stored.elements() / Math.max(1, rows(stored));
    long step = Math.max(1, chunk / Math.max(1, width));
    Optional<LocalElements> local = stored.localElements();
    try (PtNDManager factors = (PtNDManager) manager.newSubManager()) {
      PtNDArray a = part.lora().map(lora -> whole(lora.a(), factors)).orElse(none(factors));
      PtNDArray b = part.lora().map(lora -> whole(lora.b(), factors)).orElse(none(factors));
      for (long row = 0; row < rows(stored); row += step) {
        long count = Math.min(step, rows(stored) - row);
        try (ProgramCall call = program.call("fill", manager)) {
          call.withKept("weights", list).with("at", at + row).with("row", row);
          if (local.isPresent()) {
            call.with("rows", map(stored, local.get(), row, count));
          } else {
            call.with("rows", array(stored, row, count, call.arrays()));
          }
          call.with("a", a).with("b", b);
          call.with("scaling", part.lora().map(lora -> lora.scaling()).orElse(0.0));
          call.with("dtype", rounded().torchCode()).run();
        }
        isLoaded(count * width * stored.type().bytes());
      }
    }
  }

  private void isLoaded(long more) {
    bytes += more;
    told.at(bytes, allBytes);
  }

  private static long bytes(StoredTensor tensor) {
    return tensor.elements() * tensor.type().bytes();
  }

  /** What weights are rounded to here; to int8 they are by the program, once they are all there. */
  private Dtype rounded() {
    return hardware.dtype() == Dtype.INT8 ? hardware.compute() : hardware.dtype();
  }

  private static PtNDArray none(PtNDManager factors) {
    return (PtNDArray) factors.zeros(new Shape(0));
  }

  /** Some rows as they lie in their file. */
  private IValue map(StoredTensor tensor, LocalElements local, long row, long count) {
    long[] shape = shape(tensor, count);
    long width = Arrays.stream(shape).skip(1).reduce(1, Math::multiplyExact);
    try (ProgramCall call = program.call("mapped", manager)) {
      call.with("path", local.path()).with("first", local.first() + row * width);
      call.with("sizes", shape).with("dtype", torchCode(tensor));
      return call.value();
    } catch (EngineException e) {
      if (DeviceMemoryException.of(e) instanceof DeviceMemoryException full) {
        throw full;
      }
      throw new InputException(
          tensor + " cannot be mapped: the file changed while it was read: " + e.getMessage(), e);
    }
  }

  private PtNDArray whole(StoredTensor tensor, PtNDManager owner) {
    return array(tensor, 0, rows(tensor), owner);
  }

  /** Some rows, read; bfloat16, which DJL has no arrays of, widened to float32. */
  private static PtNDArray array(StoredTensor tensor, long row, long count, PtNDManager owner) {
    long[] shape = shape(tensor, count);
    int elements = Math.toIntExact(Arrays.stream(shape).reduce(1, Math::multiplyExact));
    ByteBuffer bytes = tensor.bytes(row * (elements / count), elements);
    Shape shape0 = new Shape(shape);
    return switch (tensor.type()) {
      case FLOAT32 -> owner.create(bytes, shape0, DataType.FLOAT32);
      case FLOAT16 -> owner.create(bytes, shape0, DataType.FLOAT16);
      case BFLOAT16 -> owner.create(widened(bytes), shape0, DataType.FLOAT32);
      default -> throw new IllegalStateException(tensor + " was bound as a weight");
    };
  }

  /** bfloat16 is the upper half of a float32. */
  private static ByteBuffer widened(ByteBuffer bfloat16) {
    ByteBuffer float32 =
        ByteBuffer.allocateDirect(Math.multiplyExact(bfloat16.remaining(), 2))
            .order(ByteOrder.nativeOrder());
    while (bfloat16.hasRemaining()) {
      float32.putInt(bfloat16.getShort() << 16);
    }
    return float32.flip();
  }

  private static long rows(StoredTensor tensor) {
    return tensor.shape()[0];
  }

  private static long[] shape(StoredTensor tensor, long rows) {
    long[] shape = tensor.shape();
    shape[0] = rows;
    return shape;
  }

  private static int torchCode(StoredTensor tensor) {
    StorageType type = tensor.type();
    return switch (type) {
      case FLOAT32 -> Dtype.FLOAT32.torchCode();
      case FLOAT16 -> Dtype.FLOAT16.torchCode();
      case BFLOAT16 -> Dtype.BFLOAT16.torchCode();
      default -> throw new IllegalStateException(tensor + " was bound as a weight");
    };
  }
}
