package dev.rankspark.template;

import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;

/**
 * The names that blocks read and set, from the innermost block outwards: jinja2 decides before it
 * renders which block a name belongs to, we while we do. That differs for a name that an inner
 * block reads before the outer one sets it.
 */
final class Names {
  private static final class Block {
    final Set<String> known = new HashSet<>();
    final Set<String> readInside = new HashSet<>();
  }

  private final Deque<Block> blocks = new ArrayDeque<>();

  Names() {
    blocks.push(new Block());
  }

  void enter(Collection<String> known) {
    blocks.push(new Block());
    blocks.peek().known.addAll(known);
  }

  void leave() {
    blocks.pop();
  }

  void read(String name) {
    blocks.forEach(block -> block.readInside.add(name));
    blocks.peek().known.add(name);
  }

  /** Whether the innermost block has read the name or set it. */
  boolean isKnown(String name) {
    return blocks.peek().known.contains(name);
  }

  /** False where jinja2 and we differ. */
  boolean set(String name) {
    boolean alike =
        !blocks.peek().readInside.contains(name)
            || blocks.stream().anyMatch(block -> block.known.contains(name));
    blocks.peek().known.add(name);
    return alike;
  }
}
