package dev.rankspark.template;

import java.util.AbstractList;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * What a template computes with: null for None, {@code Boolean}, {@code Long}, {@code Double},
 * {@code String}, {@code List}, {@code Map} with names as keys, and these.
 */
final class Values {
  private Values() {}

  /** A name or member that is not there: renders as nothing, has no members itself. */
  record Undefined(String what) {}

  /** A list that cannot be added to a list, written in round brackets. */
  static final class Tuple extends AbstractList<Object> {
    private final List<Object> elements;

    Tuple(List<Object> elements) {
      this.elements = elements;
    }

    @Override
    public Object get(int index) {
      return elements.get(index);
    }

    @Override
    public int size() {
      return elements.size();
    }
  }

  /** {@code range}: a list that is written by its bounds. */
  static final class Range extends AbstractList<Object> {
    private final long from;
    private final long to;
    private final long step;

    Range(long from, long to, long step) {
      this.from = from;
      this.to = to;
      this.step = step;
    }

    long count() {
      long gap = step > 0 ? Math.subtractExact(to, from) : Math.subtractExact(from, to);
      return gap <= 0 ? 0 : (gap - 1) / Math.abs(step) + 1;
    }

    @Override
    public Object get(int index) {
      return from + index * step;
    }

    @Override
    public int size() {
      return (int) count();
    }

    @Override
    public String toString() {
      return "range(" + from + ", " + to + (step == 1 ? "" : ", " + step) + ")";
    }
  }

  /** The keys, values or items of a map. */
  record View(List<Object> elements) {}

  /** What {@code map}, {@code select} and their like give: to be gone through once. */
  static final class Lazy {
    private Supplier<Stream<Object>> elements;

    Lazy(Supplier<Stream<Object>> elements) {
      this.elements = elements;
    }

    Stream<Object> use() {
      if (elements == null) {
        throw new UnsupportedException(
            "the second use of what map, select, reverse or their like gave; add \"| list\"");
      }
      Supplier<Stream<Object>> used = elements;
      elements = null;
      return used.get();
    }
  }

  /** {@code namespace()}: what an inner block can set. */
  record Namespace(Map<String, Object> members) {}

  /** {@code loop}. */
  record Loop(List<Object> elements, int index) {
    static final Set<String> MEMBERS =
        Set.of(
            "index",
            "index0",
            "revindex",
            "revindex0",
            "first",
            "last",
            "length",
            "previtem",
            "nextitem");

    Object member(String name) {
      int size = elements.size();
      return switch (name) {
        case "index" -> index + 1L;
        case "index0" -> (long) index;
        case "revindex" -> (long) size - index;
        case "revindex0" -> (long) size - index - 1;
        case "first" -> index == 0;
        case "last" -> index == size - 1;
        case "length" -> (long) size;
        case "previtem" ->
            index > 0 ? elements.get(index - 1) : new Undefined("there is no previous item");
        case "nextitem" ->
            index + 1 < size ? elements.get(index + 1) : new Undefined("there is no next item");
        default -> throw new UnsupportedException("loop." + name);
      };
    }
  }

  /** A value of the caller's as one of a template's. */
  static Object of(Object value) {
    if (value == null || value instanceof String || value instanceof Boolean) {
      return value;
    }
    if (value instanceof Integer || value instanceof Long || value instanceof Short) {
      return ((Number) value).longValue();
    }
    if (value instanceof Double || value instanceof Float) {
      return ((Number) value).doubleValue();
    }
    if (value instanceof Collection<?> elements) {
      List<Object> list = new ArrayList<>();
      elements.forEach(element -> list.add(of(element)));
      return list;
    }
    if (value instanceof Map<?, ?> members) {
      Map<String, Object> map = new LinkedHashMap<>();
      members.forEach((name, member) -> map.put((String) name, of(member)));
      return map;
    }
    throw new IllegalArgumentException("not a template's value: " + value.getClass());
  }

  /** In characters and elements. */
  static long size(Object value) {
    if (value instanceof String text) {
      return text.length();
    } else if (value instanceof List<?> list) {
      return list.size() + list.stream().mapToLong(Values::size).sum();
    }
    return value instanceof Map<?, ?> map
        ? size(List.copyOf(map.keySet())) + map.values().stream().mapToLong(Values::size).sum()
        : 1;
  }
}
