package dev.rankspark.template;

import java.util.HashMap;
import java.util.Map;

/** The names of a block, and of those around it; a block sets its own alone. */
final class Scope {
  /** A name that is not there; null is None. */
  static final Object MISSING = new Object();

  final Rendering rendering;
  private final Scope outer;
  private final Map<String, Object> names;

  private Scope(Rendering rendering, Scope outer, Map<String, Object> names) {
    this.rendering = rendering;
    this.outer = outer;
    this.names = names;
  }

  static Scope of(Rendering rendering, Map<String, Object> names) {
    return new Scope(rendering, null, names);
  }

  Scope inner() {
    return new Scope(rendering, this, new HashMap<>());
  }

  Object find(String name) {
    for (Scope scope = this; scope != null; scope = scope.outer) {
      if (scope.names.containsKey(name)) {
        return scope.names.get(name);
      }
    }
    return MISSING;
  }

  void set(String name, Object value) {
    names.put(name, value);
  }
}
