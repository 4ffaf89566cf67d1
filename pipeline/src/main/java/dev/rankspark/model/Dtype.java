package dev.rankspark.model;

import dev.rankspark.OptionException;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * The number formats a model computes in, with PyTorch's codes for them ({@code
 * c10/core/ScalarType.h}).
 */
public enum Dtype {
  FLOAT32(6),
  BFLOAT16(15),
  FLOAT16(5),
  /**
   * The layers' products in int8: weights rounded with a scale for each output, their input with
   * one for each token, both symmetric; all else in the hardware's other dtype.
   */
  INT8(1);

  private final int torchCode;

  Dtype(int torchCode) {
    this.torchCode = torchCode;
  }

  /** The code by which a TorchScript program names this dtype. */
  int torchCode() {
    return torchCode;
  }

  /** PyTorch's spelling: {@code float32}, {@code bfloat16}, {@code float16}, {@code int8}. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Reads PyTorch's spelling. */
  public static Dtype parse(String text) {
    return Arrays.stream(values())
        .filter(dtype -> dtype.toString().equals(text))
        .findFirst()
        .orElseThrow(
            () ->
                OptionException.of(
                    "--dtype: expected auto or one of %s, got \"%s\"",
                    Arrays.stream(values()).map(Dtype::toString).collect(Collectors.joining(", ")),
                    text));
  }
}
