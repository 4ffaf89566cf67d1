package dev.rankspark.distributed;

import ai.djl.Device;

/** What carries the sums: Gloo over TCP for arrays on a CPU, NCCL for those on a GPU. */
public enum Backend {
  GLOO("gloo"),
  /** Only in a library of one's own: the one in the jar is built without (build.sh says how). */
  NCCL("nccl");

  private final String c10dName;

  Backend(String c10dName) {
    this.c10dName = c10dName;
  }

  /** The backend for arrays on a device. */
  public static Backend of(Device device) {
    return device.isGpu() ? NCCL : GLOO;
  }

  String c10dName() {
    return c10dName;
  }
}
