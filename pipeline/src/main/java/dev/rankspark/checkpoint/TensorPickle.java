package dev.rankspark.checkpoint;

import dev.rankspark.InputException;
import dev.rankspark.files.Shown;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Reads the pickle of a torch archive without running anything: a pickle is a program, and this
 * machine knows only the instructions and names that build tensors in dictionaries. Every other
 * name is refused by its name, before it could be used. Instructions as in Python's {@code
 * pickletools}; what torch writes as in {@code torch/_weights_only_unpickler.py} and {@code
 * torch/_utils.py} of torch 2.7.
 *
 * <p>Each instruction does work and takes memory in proportion to the bytes that it reads or the
 * values that it takes from the stack, so neither exceeds a multiple of the pickle's size.
 */
final class TensorPickle {
  /**
   * A tensor as the pickle describes it; nothing is checked against the archive yet.
   *
   * @param storage the name of the storage that holds it
   * @param storageBytes the size of that storage, never negative
   * @param offset of the first element, in elements
   * @param strides in elements, as many as sizes
   */
  record PickledTensor(
      StorageType type,
      String storage,
      long storageBytes,
      long offset,
      List<Long> shape,
      List<Long> strides) {}

  /** Python's None. */
  private enum None {
    NONE
  }

  private record Tuple(List<Object> items) {}

  /** A name on the list of what may be called or used as a type. */
  private record Global(String name) {}

  /** The type is absent where only bytes are stored and the tensor says what they are. */
  private record Storage(Optional<StorageType> type, String key, long bytes) {}

  private static final String ORDERED_DICT = "collections.OrderedDict";
  private static final String SIZE = "torch.Size";
  private static final String TENSOR = "torch._utils._rebuild_tensor_v2";
  private static final String TENSOR_OF_TYPE = "torch._utils._rebuild_tensor_v3";
  private static final String PARAMETER = "torch._utils._rebuild_parameter";
  private static final String TORCH = "torch.";
  private static final List<String> UNTYPED =
      List.of("torch.storage.UntypedStorage", "torch.storage.TypedStorage");

  private final String file;
  private final ByteBuffer pickle;
  private final Map<Long, Object> memo = new HashMap<>();
  private final Deque<List<Object>> outer = new ArrayDeque<>();
  private List<Object> stack = new ArrayList<>();

  private TensorPickle(String file, byte[] pickle) {
    this.file = file;
    this.pickle = ByteBuffer.wrap(pickle).order(ByteOrder.LITTLE_ENDIAN);
  }

  /**
   * The tensors of a pickled dictionary, by key, in its order.
   *
   * @param file the archive, for messages
   * @throws InputException if the pickle names anything but tensors, or is broken
   */
  static Map<String, PickledTensor> read(String file, byte[] pickle) {
    TensorPickle machine = new TensorPickle(file, pickle);
    try {
      return machine.tensors(machine.run());
    } catch (BufferUnderflowException e) {
      throw new InputException(file + ": its pickle is cut; copy the file again", e);
    }
  }

  private Map<String, PickledTensor> tensors(Object result) {
    if (!(result instanceof Map<?, ?> dictionary)) {
      throw bad("expected a dictionary of tensors, got %s", describe(result));
    }
    Map<String, PickledTensor> tensors = new LinkedHashMap<>();
    dictionary.forEach(
        (key, value) -> {
          if (!(key instanceof String name) || !(value instanceof PickledTensor tensor)) {
            throw bad(
                "expected a dictionary of tensors, got %s at key %s",
                describe(value), describe(key));
          }
          tensors.put(name, tensor);
        });
    return tensors;
  }

  private Object run() {
    while (true) {
      int instruction = Byte.toUnsignedInt(pickle.get());
      if (instruction == '.') {
        return pop();
      }
      execute(instruction);
    }
  }

  private void execute(int instruction) {
    switch (instruction) {
      case 0x80 -> pickle.get(); // PROTO
      case 0x95 -> pickle.getLong(); // FRAME
      case '(' -> mark();
      case 'N' -> push(None.NONE);
      case 0x88 -> push(true);
      case 0x89 -> push(false);
      case 'K' -> push((long) Byte.toUnsignedInt(pickle.get())); // BININT1
      case 'M' -> push((long) Short.toUnsignedInt(pickle.getShort())); // BININT2
      case 'J' -> push((long) pickle.getInt()); // BININT
      case 0x8a -> push(longInteger()); // LONG1
      case 'G' -> push(Double.longBitsToDouble(Long.reverseBytes(pickle.getLong()))); // BINFLOAT
      case 0x8c -> push(string(Byte.toUnsignedInt(pickle.get()))); // SHORT_BINUNICODE
      case 'X' -> push(string(Integer.toUnsignedLong(pickle.getInt()))); // BINUNICODE
      case ')' -> push(new Tuple(List.of()));
      case 0x85 -> push(tuple(1));
      case 0x86 -> push(tuple(2));
      case 0x87 -> push(tuple(3));
      case 't' -> push(new Tuple(popMark()));
      case ']' -> push(new ArrayList<>());
      case 'a' -> append(List.of(pop()));
      case 'e' -> append(popMark());
      case '}' -> push(new LinkedHashMap<>());
      case 's' -> set(take(2));
      case 'u' -> set(popMark());
      case 'q' -> memo.put((long) Byte.toUnsignedInt(pickle.get()), top()); // BINPUT
      case 'r' -> memo.put(Integer.toUnsignedLong(pickle.getInt()), top()); // LONG_BINPUT
      case 0x94 -> memo.put((long) memo.size(), top()); // MEMOIZE
      case 'h' -> push(remembered(Byte.toUnsignedInt(pickle.get()))); // BINGET
      case 'j' -> push(remembered(Integer.toUnsignedLong(pickle.getInt()))); // LONG_BINGET
      case 'c' -> push(global(line(), line())); // GLOBAL
      case 0x93 -> stackGlobal();
      case 'i' -> throw refused(line() + "." + line()); // INST
      case 'Q' -> push(storage(pop())); // BINPERSID
      case 'R' -> reduce();
      case 'b' -> build();
      default ->
          throw bad(
              "its pickle uses instruction 0x%02x, which no dictionary of tensors needs; nothing was"
                  + " run. Save it again as safetensors",
              instruction);
    }
  }

  // Names and what they build

  private Global global(String module, String name) {
    String full = module + "." + name;
    boolean isTensorName =
        switch (full) {
          case ORDERED_DICT, SIZE, TENSOR, TENSOR_OF_TYPE, PARAMETER -> true;
          default ->
              UNTYPED.contains(full)
                  || storageType(full).isPresent()
                  || elementType(full).isPresent();
        };
    if (!isTensorName) {
      throw refused(full);
    }
    return new Global(full);
  }

  private void stackGlobal() {
    List<Object> names = take(2);
    if (!(names.get(0) instanceof String module) || !(names.get(1) instanceof String name)) {
      throw broken("a name is not text");
    }
    push(global(module, name));
  }

  private static Optional<StorageType> storageType(String global) {
    return global.startsWith(TORCH)
        ? StorageType.ofTorchStorage(global.substring(TORCH.length()))
        : Optional.empty();
  }

  private static Optional<StorageType> elementType(String global) {
    return global.startsWith(TORCH)
        ? StorageType.ofTorch(global.substring(TORCH.length()))
        : Optional.empty();
  }

  /** From {@code ("storage", type, key, location, elements)}. */
  private Storage storage(Object id) {
    if (id instanceof Tuple tuple
        && tuple.items.size() == 5
        && tuple.items.get(0).equals("storage")
        && tuple.items.get(1) instanceof Global global
        && tuple.items.get(2) instanceof String key
        && tuple.items.get(4) instanceof Long elements
        && elements >= 0) {
      Optional<StorageType> type = storageType(global.name);
      if (type.isPresent() || UNTYPED.contains(global.name)) {
        int size = type.map(StorageType::bytes).orElse(1);
        if (elements <= Long.MAX_VALUE / size) {
          return new Storage(type, key, elements * size);
        }
      }
    }
    throw broken("a storage is not described as torch describes it");
  }

  private void reduce() {
    Object arguments = pop();
    Object function = pop();
    if (!(function instanceof Global global) || !(arguments instanceof Tuple tuple)) {
      throw broken("it calls something that is not a function");
    }
    List<Object> items = tuple.items;
    push(
        switch (global.name) {
          case ORDERED_DICT -> orderedDict(items);
          case SIZE -> items.size() == 1 ? items.get(0) : null;
          case TENSOR -> tensor(items, 6, Optional.empty());
          case TENSOR_OF_TYPE ->
              items.size() > 6 && items.get(6) instanceof Global type
                  ? tensor(items, 7, elementType(type.name))
                  : null;
          case PARAMETER ->
              !items.isEmpty() && items.get(0) instanceof PickledTensor tensor ? tensor : null;
          default -> throw refused(global.name);
        });
  }

  private Object orderedDict(List<Object> items) {
    if (!items.isEmpty()) {
      throw broken("an OrderedDict has arguments");
    }
    return new LinkedHashMap<>();
  }

  /**
   * From {@code (storage, offset, sizes, strides, requires_grad, hooks)}, then the type if the
   * storage has none, then metadata.
   *
   * @param known how many arguments have a meaning here
   */
  private PickledTensor tensor(List<Object> items, int known, Optional<StorageType> givenType) {
    if (items.size() < known
        || !(items.get(0) instanceof Storage storage)
        || !(items.get(1) instanceof Long offset)) {
      throw broken("a tensor is not described as torch describes it");
    }
    // Metadata are the bits of lazy conjugation and negation (torch/_utils.py,
    // set_tensor_metadata).
    if (items.size() > known && items.get(known) instanceof Map<?, ?> bits && !bits.isEmpty()) {
      throw bad("a tensor has metadata %s, which is not supported", describe(bits));
    }
    Optional<StorageType> type = givenType.or(storage::type);
    if (type.isEmpty()) {
      throw broken("a tensor has no element type");
    }
    List<Long> shape = numbers(items.get(2));
    List<Long> strides = numbers(items.get(3));
    if (offset < 0 || shape.size() != strides.size()) {
      throw broken("a tensor has as many strides as sizes, and an offset");
    }
    return new PickledTensor(type.get(), storage.key, storage.bytes, offset, shape, strides);
  }

  private List<Long> numbers(Object value) {
    List<Object> items = value instanceof Tuple tuple ? tuple.items : List.of(None.NONE);
    List<Long> numbers = new ArrayList<>(items.size());
    for (Object item : items) {
      if (!(item instanceof Long number) || number < 0) {
        throw broken("sizes or strides are not whole numbers");
      }
      numbers.add(number);
    }
    return numbers;
  }

  /** Attributes: torch puts {@code _metadata} on the dictionary; none of them is a tensor. */
  private void build() {
    pop();
    if (!(top() instanceof Map)) {
      throw broken("it sets attributes of something that is not a dictionary");
    }
  }

  // Containers

  private void append(List<Object> values) {
    if (!(top() instanceof List<?> list)) {
      throw broken("it appends to something that is not a list");
    }
    @SuppressWarnings("unchecked") // made by this class, as a list of objects
    List<Object> objects = (List<Object>) list;
    objects.addAll(values);
  }

  private void set(List<Object> keysAndValues) {
    if (!(top() instanceof Map<?, ?> map) || keysAndValues.size() % 2 != 0) {
      throw broken("it sets items of something that is not a dictionary");
    }
    @SuppressWarnings("unchecked") // made by this class, as a map of objects
    Map<Object, Object> objects = (Map<Object, Object>) map;
    for (int i = 0; i < keysAndValues.size(); i += 2) {
      Object key = keysAndValues.get(i);
      // Only these: the hash of a container may never end.
      if (!(key instanceof String || key instanceof Long)) {
        throw bad("expected text as key of a dictionary, got %s", describe(key));
      }
      if (objects.put(key, keysAndValues.get(i + 1)) != null) {
        throw bad("the key %s is there twice", describe(key));
      }
    }
  }

  private Tuple tuple(int size) {
    return new Tuple(take(size));
  }

  // Stack, memo and bytes

  private void push(Object value) {
    if (value == null) {
      throw broken("a call does not have the arguments that torch gives");
    }
    stack.add(value);
  }

  private Object pop() {
    return take(1).get(0);
  }

  private Object top() {
    if (stack.isEmpty()) {
      throw broken("its stack is empty");
    }
    return stack.get(stack.size() - 1);
  }

  private List<Object> take(int count) {
    if (stack.size() < count) {
      throw broken("its stack is empty");
    }
    List<Object> end = stack.subList(stack.size() - count, stack.size());
    List<Object> taken = List.copyOf(end);
    end.clear();
    return taken;
  }

  private void mark() {
    outer.push(stack);
    // Most marks hold few values, and a pickle may consist of marks.
    stack = new ArrayList<>(0);
  }

  private List<Object> popMark() {
    if (outer.isEmpty()) {
      throw broken("a mark is missing");
    }
    List<Object> items = Collections.unmodifiableList(stack);
    stack = outer.pop();
    return items;
  }

  private Object remembered(long index) {
    Object value = memo.get(index);
    if (value == null) {
      throw broken("it recalls what it never stored");
    }
    return value;
  }

  private long longInteger() {
    int size = Byte.toUnsignedInt(pickle.get());
    if (size > Long.BYTES) {
      throw broken("it has a whole number beyond 64 bits");
    }
    long value = 0;
    for (int i = 0; i < size; i++) {
      long digit = i == size - 1 ? pickle.get() : Byte.toUnsignedLong(pickle.get());
      value |= digit << (8 * i);
    }
    return value;
  }

  private String string(long size) {
    if (size > pickle.remaining()) {
      throw new BufferUnderflowException();
    }
    byte[] bytes = new byte[(int) size];
    pickle.get(bytes);
    try {
      return Utf8Text.decode(bytes);
    } catch (CharacterCodingException e) {
      throw new InputException(file + ": its pickle has a name that is not UTF-8", e);
    }
  }

  private String line() {
    int start = pickle.position();
    while (pickle.get() != '\n') {
      // the position moves
    }
    byte[] line = new byte[pickle.position() - 1 - start];
    pickle.get(start, line);
    return new String(line, StandardCharsets.UTF_8);
  }

  // Messages

  private InputException refused(String global) {
    return InputException.of(
        "%s wants to run %s; nothing was run. Only tensors are read from such a file: save it again"
            + " as safetensors",
        file, Shown.text(global));
  }

  private InputException broken(String reason) {
    return bad("its pickle is broken: %s; copy the file again", reason);
  }

  private InputException bad(String format, Object... args) {
    return new InputException(file + ": " + InputException.of(format, args).getMessage());
  }

  /** What a value is, not what it holds: a container may hold itself. */
  private static String describe(Object value) {
    if (value instanceof String text) {
      return "\"" + Shown.text(text) + "\"";
    }
    if (value instanceof Global global) {
      return global.name;
    }
    if (value instanceof Map<?, ?> map) {
      return "a dictionary of " + map.size();
    }
    if (value instanceof List<?> list) {
      return "a list of " + list.size();
    }
    if (value instanceof Tuple tuple) {
      return "a tuple of " + tuple.items.size();
    }
    if (value instanceof Storage) {
      return "a storage";
    }
    return value instanceof PickledTensor ? "a tensor" : value.toString();
  }
}
