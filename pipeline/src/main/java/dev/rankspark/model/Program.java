package dev.rankspark.model;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.IValueUtils;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * A TorchScript class of our own, loaded from the file beside this class that has its name; with
 * the methods of {@code parts.py}, which scoring and training share.
 */
final class Program implements AutoCloseable {
  private static final String PARTS = "parts.py";

  /** Our operators for CPUs; {@code parts.py} has a method for each. */
  private static final String OPERATORS = "ops.rankspark.";

  private static final String LINEAR = OPERATORS + "linear";

  private final Model model;
  private final PtSymbolBlock block;

  /**
   * Loads a program.
   *
   * @param className {@code Llama} for {@code llama.py}
   */
  Program(String className, Device device) {
    this.model = Model.newInstance(className, device, "PyTorch");
    try {
      model.load(new ByteArrayInputStream(archive(className, device)));
    } catch (Exception e) { // DJL declares two, the program is our own: neither is the user's
      model.close();
      throw new IllegalStateException("the program " + file(className) + " does not load", e);
    }
    this.block = (PtSymbolBlock) model.getBlock();
  }

  /** The program as this device takes it, in the form that {@code torch.jit.load} reads. */
  static byte[] archive(String className, Device device) {
    String program =
        source(file(className))
            + source(PARTS).replace("__torch__.CLASS", "__torch__." + className);
    program = program.replace(LINEAR, product(device));
    if (device.isGpu() || !CpuOperators.areFused()) {
      program = program.replace(OPERATORS, "self.");
    }
    return ScriptArchive.pack(className, program);
  }

  private static String file(String className) {
    return className.toLowerCase(Locale.ROOT) + ".py";
  }

  /** By what the device multiplies fastest. */
  private static String product(Device device) {
    if (device.isGpu()) {
      return "self.linear";
    }
    if (CpuOperators.splitFloat32()) {
      return LINEAR;
    }
    return CpuFeatures.here().multiplyBfloat16() ? "self.linear" : "self.wide_linear";
  }

  /** Calls a method of the class. The result is the caller's to close. */
  IValue run(String method, IValue... arguments) {
    return IValueUtils.runMethod(block, method, arguments);
  }

  private static String source(String file) {
    try (InputStream in = Program.class.getResourceAsStream(file)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    model.close();
  }
}
