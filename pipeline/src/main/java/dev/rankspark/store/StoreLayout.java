package dev.rankspark.store;

/** The version of all that is written in a store. */
final class StoreLayout {
  /** Of this version. What an older one wrote is read for ever. */
  static final int VERSION = 1;

  private StoreLayout() {}
}
