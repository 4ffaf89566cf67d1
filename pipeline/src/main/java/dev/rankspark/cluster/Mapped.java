package dev.rankspark.cluster;

import java.util.Iterator;
import java.util.function.Function;

/** Another iterator's values as a function makes others of them, one at a time. */
public record Mapped<A, B>(Iterator<A> values, Function<A, B> function) implements Iterator<B> {
  @Override
  public boolean hasNext() {
    return values.hasNext();
  }

  @Override
  public B next() {
    return function.apply(values.next());
  }
}
