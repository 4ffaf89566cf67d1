package dev.rankspark.checkpoint;

import java.util.Arrays;
import java.util.Optional;

/**
 * What one element of a stored tensor is, with the name that each format has for it. Weights are
 * {@link #FLOAT16}, {@link #BFLOAT16} or {@link #FLOAT32}; the others are known so that a buffer of
 * integers beside the weights does not break a file.
 */
public enum StorageType {
  FLOAT16(2, "F16", "float16", "HalfStorage"),
  BFLOAT16(2, "BF16", "bfloat16", "BFloat16Storage"),
  FLOAT32(4, "F32", "float32", "FloatStorage"),
  FLOAT64(8, "F64", "float64", "DoubleStorage"),
  FLOAT8_E4M3FN(1, "F8_E4M3", "float8_e4m3fn", ""),
  FLOAT8_E5M2(1, "F8_E5M2", "float8_e5m2", ""),
  FLOAT8_E8M0FNU(1, "F8_E8M0", "float8_e8m0fnu", ""),
  INT8(1, "I8", "int8", "CharStorage"),
  INT16(2, "I16", "int16", "ShortStorage"),
  INT32(4, "I32", "int32", "IntStorage"),
  INT64(8, "I64", "int64", "LongStorage"),
  UINT8(1, "U8", "uint8", "ByteStorage"),
  UINT16(2, "U16", "uint16", ""),
  UINT32(4, "U32", "uint32", ""),
  UINT64(8, "U64", "uint64", ""),
  BOOL(1, "BOOL", "bool", "BoolStorage"),
  COMPLEX64(8, "C64", "complex64", "ComplexFloatStorage"),
  COMPLEX128(16, "C128", "complex128", "ComplexDoubleStorage");

  private final int bytes;
  private final String safetensorsName;
  private final String torchName;
  private final String torchStorage;

  StorageType(int bytes, String safetensorsName, String torchName, String torchStorage) {
    this.bytes = bytes;
    this.safetensorsName = safetensorsName;
    this.torchName = torchName;
    this.torchStorage = torchStorage;
  }

  /** The size of one element. */
  public int bytes() {
    return bytes;
  }

  /** Whether a model can use tensors of this type as weights. */
  public boolean isWeight() {
    return this == FLOAT16 || this == BFLOAT16 || this == FLOAT32;
  }

  /** torch's name, as in {@code torch.bfloat16}. */
  public String torchName() {
    return torchName;
  }

  /** The {@code dtype} of a safetensors header. */
  String safetensorsName() {
    return safetensorsName;
  }

  /** By the {@code dtype} of a safetensors header. */
  static Optional<StorageType> ofSafetensors(String name) {
    return Arrays.stream(values()).filter(type -> type.safetensorsName.equals(name)).findFirst();
  }

  /** By the name of a {@code torch.dtype}, without {@code torch.}. */
  public static Optional<StorageType> ofTorch(String name) {
    return Arrays.stream(values()).filter(type -> type.torchName.equals(name)).findFirst();
  }

  /** By the class of a torch storage, such as {@code HalfStorage}. */
  static Optional<StorageType> ofTorchStorage(String name) {
    return Arrays.stream(values())
        .filter(type -> !name.isEmpty() && type.torchStorage.equals(name))
        .findFirst();
  }
}
