package dev.rankspark.corpus;

import dev.rankspark.InputException;

/** A piece of input that can say where it stands. */
interface Located {
  /** An error about it: {@code where: message}. */
  InputException wrong(String message);
}
