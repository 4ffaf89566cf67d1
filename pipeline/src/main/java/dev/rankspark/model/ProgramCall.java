package dev.rankspark.model;

import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.ToLongFunction;

/**
 * One call of a program's method: arguments are given by the names that they have there, in any
 * order, and checked against the method's own parameters, which TorchScript's interface takes by
 * position. Holds the arguments until it is closed.
 */
final class ProgramCall implements AutoCloseable {
  private final Function<IValue[], IValue> body;
  private final String method;
  private final Map<String, String> parameters;
  private final PtNDManager arrays;
  private final Map<String, IValue> arguments = new LinkedHashMap<>();
  private final Set<IValue> kept = Collections.newSetFromMap(new IdentityHashMap<>());

  /**
   * @param body calls the method with its arguments in order
   * @param parameters the method's types by name, in its order
   */
  ProgramCall(
      Function<IValue[], IValue> body,
      String method,
      Map<String, String> parameters,
      NDManager manager) {
    this.body = body;
    this.method = method;
    this.parameters = parameters;
    this.arrays = (PtNDManager) manager.newSubManager();
  }

  ProgramCall with(String name, PtNDArray array) {
    return with(name, "Tensor", IValue.from(array));
  }

  /** What another call gave, a tensor or a record of the program's; closed with this one. */
  ProgramCall with(String name, IValue value) {
    return with(name, ofProgram(name), value);
  }

  /** Likewise, but it stays open. */
  ProgramCall withKept(String name, IValue value) {
    kept.add(value);
    return with(name, value);
  }

  /** The parameter's type, if no value of Java's own can be of it. */
  private String ofProgram(String name) {
    String type = parameters.getOrDefault(name, "");
    return type.startsWith("__torch__.") || type.equals("List[Tensor]") ? type : "Tensor";
  }

  /** A vector that lives as long as the call. */
  ProgramCall withVector(String name, long[] values) {
    return with(name, (PtNDArray) arrays.create(values));
  }

  ProgramCall with(String name, long value) {
    return with(name, "int", IValue.from(value));
  }

  ProgramCall with(String name, double value) {
    return with(name, "float", IValue.from(value));
  }

  ProgramCall with(String name, boolean value) {
    return with(name, "bool", IValue.from(value));
  }

  ProgramCall with(String name, String value) {
    return with(name, "str", IValue.from(value));
  }

  ProgramCall with(String name, long[] values) {
    return with(name, "List[int]", IValue.listFrom(values));
  }

  /** A list of one number of each record. */
  <T> ProgramCall withEach(String name, List<T> records, ToLongFunction<T> number) {
    return with(name, records.stream().mapToLong(number).toArray());
  }

  private ProgramCall with(String name, String type, IValue value) {
    String expected = parameters.get(name);
    if (!type.equals(expected) || arguments.containsKey(name)) {
      if (!kept.contains(value)) {
        value.close();
      }
      throw new IllegalArgumentException(
          String.format(
              "%s of %s: %s",
              name,
              method,
              expected == null
                  ? "no such parameter"
                  : type.equals(expected)
                      ? "given twice"
                      : "expected " + expected + ", got " + type));
    }
    arguments.put(name, value);
    return this;
  }

  /** Arrays that live as long as the call. */
  PtNDManager arrays() {
    return arrays;
  }

  /** Calls a method whose result tells nothing. */
  void run() {
    value().close();
  }

  /** Calls a method whose result is a float32 vector. */
  float[] floats() {
    try (IValue result = value()) {
      return result.toTensor(arrays).toFloatArray();
    }
  }

  /** Calls a method. The result is the caller's to close. */
  IValue value() {
    Set<String> missing = new LinkedHashSet<>(parameters.keySet());
    missing.removeAll(arguments.keySet());
    if (!missing.isEmpty()) {
      throw new IllegalArgumentException(method + " lacks " + String.join(", ", missing));
    }
    IValue[] values = parameters.keySet().stream().map(arguments::get).toArray(IValue[]::new);
    return NativeCalls.OF_PROCESS.call(() -> body.apply(values));
  }

  @Override
  public void close() {
    arguments.values().stream().filter(value -> !kept.contains(value)).forEach(IValue::close);
    arrays.close();
  }
}
