package dev.rankspark.cuda;

import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.PointerByReference;
import dev.rankspark.files.NativeFolders;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * NVIDIA's driver, asked directly: it is the one library of CUDA that every GPU machine has under
 * the same name, whatever libtorch is there.
 */
final class CudaDriver {
  /** The driver's name everywhere on Linux. */
  static final String LIBRARY = "libcuda.so.1";

  static final int NO_DEVICE = 100;

  private static final int CAPABILITY_MAJOR = 75;
  private static final int CAPABILITY_MINOR = 76;

  private final Api api;

  private CudaDriver(Api api) {
    this.api = api;
  }

  /** The functions of {@code cuda.h} that are called here, by its names. */
  interface Api extends Library {
    int cuInit(int flags);

    int cuDriverGetVersion(int[] version);

    int cuGetErrorName(int error, PointerByReference name);

    int cuDeviceGetCount(int[] count);

    int cuDeviceGet(int[] device, int ordinal);

    int cuDeviceGetName(byte[] name, int length, int device);

    int cuDeviceGetAttribute(int[] value, int attribute, int device);

    int cuDeviceGetUuid_v2(byte[] uuid, int device);

    int cuDevicePrimaryCtxRetain(PointerByReference context, int device);

    int cuDevicePrimaryCtxRelease_v2(int device);

    int cuCtxPushCurrent_v2(Pointer context);

    int cuCtxPopCurrent_v2(PointerByReference context);

    int cuMemGetInfo_v2(long[] free, long[] total);
  }

  /** The driver says no. */
  static final class Failure extends Exception {
    private static final long serialVersionUID = 1L;

    private final int code;

    Failure(int code, String message) {
      super(message);
      this.code = code;
    }

    int code() {
      return code;
    }
  }

  /**
   * Loads it.
   *
   * @throws UnsatisfiedLinkError if there is none
   */
  static CudaDriver load(String library) {
    NativeFolders.temporary(); // JNA unpacks a library of its own
    return new CudaDriver(Native.load(library, Api.class));
  }

  /** The newest CUDA that it knows, 1000 for each major version and 10 for each minor. */
  int version() throws Failure {
    int[] version = new int[1];
    check(api.cuDriverGetVersion(version));
    return version[0];
  }

  /** What {@code CUDA_VISIBLE_DEVICES} leaves, in CUDA's order. */
  List<CudaDevice> devices() throws Failure {
    check(api.cuInit(0));
    int[] count = new int[1];
    check(api.cuDeviceGetCount(count));
    List<CudaDevice> devices = new ArrayList<>();
    for (int ordinal = 0; ordinal < count[0]; ordinal++) {
      int device = device(ordinal);
      byte[] name = new byte[256];
      check(api.cuDeviceGetName(name, name.length, device));
      devices.add(
          new CudaDevice(
              ordinal,
              Native.toString(name, StandardCharsets.UTF_8),
              attribute(CAPABILITY_MAJOR, device),
              attribute(CAPABILITY_MINOR, device),
              uuid(device)));
    }
    return List.copyOf(devices);
  }

  /** The memory of a device; of a MIG slice the slice's own. */
  CudaMemory memory(int ordinal) throws Failure {
    int device = device(ordinal);
    PointerByReference context = new PointerByReference();
    // The context that libtorch computes in as well, so that this costs nothing that it would not.
    check(api.cuDevicePrimaryCtxRetain(context, device));
    try {
      check(api.cuCtxPushCurrent_v2(context.getValue()));
      long[] free = new long[1];
      long[] total = new long[1];
      try {
        check(api.cuMemGetInfo_v2(free, total));
      } finally {
        check(api.cuCtxPopCurrent_v2(new PointerByReference()));
      }
      return new CudaMemory(free[0], total[0]);
    } finally {
      check(api.cuDevicePrimaryCtxRelease_v2(device));
    }
  }

  private int device(int ordinal) throws Failure {
    int[] device = new int[1];
    check(api.cuDeviceGet(device, ordinal));
    return device[0];
  }

  private int attribute(int attribute, int device) throws Failure {
    int[] value = new int[1];
    check(api.cuDeviceGetAttribute(value, attribute, device));
    return value[0];
  }

  private Optional<String> uuid(int device) {
    byte[] bytes = new byte[16];
    try {
      if (api.cuDeviceGetUuid_v2(bytes, device) != 0) {
        return Optional.empty();
      }
    } catch (UnsatisfiedLinkError e) {
      return Optional.empty(); // a driver before CUDA 11.4
    }
    ByteBuffer halves = ByteBuffer.wrap(bytes);
    return Optional.of(new UUID(halves.getLong(), halves.getLong()).toString());
  }

  private void check(int code) throws Failure {
    if (code != 0) {
      PointerByReference name = new PointerByReference();
      boolean named = api.cuGetErrorName(code, name) == 0 && name.getValue() != null;
      throw new Failure(
          code, named ? name.getValue().getString(0) + " (" + code + ")" : "CUDA error " + code);
    }
  }
}
