package dev.rankspark.checkpoint;

import dev.rankspark.InputException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;

/**
 * A reader of the pickles that {@code torch.save} writes (opcodes: {@code Lib/pickletools.py}). It
 * executes nothing: a pickle's calls are looked up among the few that build tensors, all others are
 * refused by their names before anything else is read.
 */
final class Pickle {
  /** What a pickle may call: a global's name, and what it does with its arguments. */
  interface Calls {
    /** The function of that name, null if it is not allowed. */
    BiFunction<Global, List<?>, Object> lookup(String name);

    /** The object behind a persistent id. */
    Object load(List<?> persistentId);
  }

  /** A global that was read: the module and the name, joined by a point. */
  record Global(String name, BiFunction<Global, List<?>, Object> function) {}

  private static final Object MARK = new Object();

  private final String file;
  private final ByteBuffer in;
  private final Calls calls;
  private final List<Object> stack = new ArrayList<>();
  private final Map<Integer, Object> memo = new HashMap<>();

  private Pickle(String file, ByteBuffer in, Calls calls) {
    this.file = file;
    this.in = in;
    this.calls = calls;
  }

  /**
   * Reads one object: maps, lists, texts, numbers and what {@code calls} makes.
   *
   * @param file for messages
   * @param in little-endian
   * @throws InputException if the pickle is broken or calls something that is not allowed
   */
  static Object read(String file, ByteBuffer in, Calls calls) {
    try {
      return new Pickle(file, in, calls).run();
    } catch (java.nio.BufferUnderflowException
        | IndexOutOfBoundsException
        | ClassCastException
        | IllegalArgumentException e) {
      throw new InputException(file + ": broken pickle (" + e + "); save the file again", e);
    }
  }

  private Object run() {
    while (true) {
      int opcode = in.get() & 0xff;
      switch (opcode) {
        case 0x80 -> in.get(); // PROTO
        case 0x95 -> in.getLong(); // FRAME
        case '.' -> {
          return pop();
        }
        case '(' -> push(MARK);
        case '0' -> pop();
        case '}' -> push(new LinkedHashMap<>());
        case ']' -> push(new ArrayList<>());
        case ')' -> push(List.of());
        case 'N' -> push(null);
        case 0x88 -> push(true);
        case 0x89 -> push(false);
        case 'K' -> push((long) (in.get() & 0xff));
        case 'M' -> push((long) (in.getShort() & 0xffff));
        case 'J' -> push((long) in.getInt());
        case 0x8a -> push(longOf(in.get() & 0xff));
        case 'G' -> push(Double.longBitsToDouble(Long.reverseBytes(in.getLong())));
        case 'X' -> push(text(in.getInt()));
        case 0x8c -> push(text(in.get() & 0xff));
        case 'q' -> memo.put(in.get() & 0xff, top());
        case 'r' -> memo.put(in.getInt(), top());
        case 0x94 -> memo.put(memo.size(), top());
        case 'h' -> push(remembered(in.get() & 0xff));
        case 'j' -> push(remembered(in.getInt()));
        case 't' -> push(List.copyOf(nonNull(popToMark())));
        case 0x85 -> push(tuple(1));
        case 0x86 -> push(tuple(2));
        case 0x87 -> push(tuple(3));
        case 'a' -> {
          Object element = pop();
          list(top()).add(element);
        }
        case 'e' -> {
          List<Object> elements = popToMark();
          list(top()).addAll(elements);
        }
        case 's' -> {
          Object value = pop();
          Object key = pop();
          map(top()).put(key, value);
        }
        case 'u' -> {
          List<Object> entries = popToMark();
          for (int i = 0; i + 1 < entries.size(); i += 2) {
            map(top()).put(entries.get(i), entries.get(i + 1));
          }
        }
        case 'c' -> push(global(line() + "." + line()));
        case 0x93 -> {
          Object name = pop();
          push(global(pop() + "." + name));
        }
        case 'R' -> {
          List<?> arguments = (List<?>) pop();
          Global global = (Global) pop();
          push(global.function().apply(global, arguments));
        }
        case 'Q' -> push(calls.load((List<?>) pop()));
        case 'b' -> pop(); // BUILD: the state of an OrderedDict is its metadata
        default ->
            throw InputException.of(
                "%s: pickle opcode 0x%02x is none that torch.save writes; save the file again",
                file, opcode);
      }
    }
  }

  private Global global(String name) {
    BiFunction<Global, List<?>, Object> function = calls.lookup(name);
    if (function == null) {
      throw InputException.of(
          "%s wants to call %s, which builds no tensor; nothing was run. Trust the file's author and"
              + " convert it to safetensors, or take another file",
          file, name);
    }
    return new Global(name, function);
  }

  private void push(Object value) {
    stack.add(value);
  }

  private Object pop() {
    return stack.remove(stack.size() - 1);
  }

  private Object top() {
    return stack.get(stack.size() - 1);
  }

  private List<Object> popToMark() {
    int mark = stack.lastIndexOf(MARK);
    List<Object> above = stack.subList(mark, stack.size());
    List<Object> values = new ArrayList<>(above.subList(1, above.size()));
    above.clear();
    return values;
  }

  private List<Object> tuple(int size) {
    List<Object> last = stack.subList(stack.size() - size, stack.size());
    List<Object> values = List.copyOf(nonNull(last));
    last.clear();
    return values;
  }

  /**
   * Tuples are immutable lists here, which hold no null: None in one becomes false, which no caller
   * of ours reads.
   */
  private static List<Object> nonNull(List<Object> values) {
    return values.stream().map(value -> value == null ? (Object) false : value).toList();
  }

  private Object remembered(int key) {
    if (!memo.containsKey(key)) {
      throw new IllegalArgumentException("nothing remembered as " + key);
    }
    return memo.get(key);
  }

  @SuppressWarnings("unchecked") // pickles are untyped; whoever takes an element out checks it
  private static List<Object> list(Object value) {
    return (List<Object>) value;
  }

  @SuppressWarnings("unchecked") // as above
  private static Map<Object, Object> map(Object value) {
    return (Map<Object, Object>) value;
  }

  private String text(int length) {
    if (length < 0 || length > in.remaining()) {
      throw new IllegalArgumentException("a text of " + length + " bytes");
    }
    byte[] bytes = new byte[length];
    in.get(bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private String line() {
    StringBuilder line = new StringBuilder();
    for (char c = (char) in.get(); c != '\n'; c = (char) in.get()) {
      line.append(c);
    }
    return line.toString();
  }

  /** LONG1: two's complement, little-endian. */
  private long longOf(int bytes) {
    if (bytes > Long.BYTES) {
      throw new IllegalArgumentException("an integer of " + bytes + " bytes");
    }
    long value = 0;
    for (int i = 0; i < bytes; i++) {
      value |= (in.get() & 0xffL) << (8 * i);
    }
    int unused = Long.SIZE - 8 * bytes;
    return bytes == 0 ? 0 : value << unused >> unused;
  }
}
