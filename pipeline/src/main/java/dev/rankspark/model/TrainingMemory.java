package dev.rankspark.model;

/**
 * Memory for the tensors of training steps on a CPU, by the library's {@code memory.cpp}: large
 * blocks are used again from step to step, where malloc would keep half as much again as a step
 * needs. It is the whole process's while anyone has it open.
 */
final class TrainingMemory implements AutoCloseable {
  private static int users;

  private boolean isOpen = true;

  private TrainingMemory() {}

  /** Opens it; without the library memory stays malloc's. */
  static TrainingMemory open() {
    use(1);
    return new TrainingMemory();
  }

  private static synchronized void use(int more) {
    boolean wasUsed = users > 0;
    users += more;
    if (CpuLibrary.isLoaded() && wasUsed != users > 0) {
      keep(users > 0);
    }
  }

  @Override
  public void close() {
    if (isOpen) {
      isOpen = false;
      use(-1);
    }
  }

  private static native void keep(boolean keep);
}
