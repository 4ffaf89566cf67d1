package dev.rankspark.model;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValueUtils;
import dev.rankspark.files.Platform;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A TorchScript class of our own, loaded from the file beside this class that has its name; with
 * the methods of {@code parts.py}, which scoring and training share.
 */
final class Program implements AutoCloseable {
  private static final String PARTS = "parts.py";

  /** Our operators for CPUs; {@code parts.py} has a method for each. */
  private static final String OPERATORS = "ops.rankspark.";

  private static final String LINEAR = OPERATORS + "linear";

  private static final Pattern METHOD =
      Pattern.compile("(?s)\\n  def (\\w+)\\(self: [\\w.]+(.*?)\\) ->");

  private static final Pattern PARAMETER =
      Pattern.compile(",\\s*(\\w+): ([\\w.]+(?:\\[[\\w.]+\\])?)");

  private final Model model;
  private final PtSymbolBlock block;

  /** By method its parameters' types by name, in order. */
  private final Map<String, Map<String, String>> signatures;

  /**
   * Loads a program.
   *
   * @param className {@code Decoder} for {@code decoder.py}
   */
  Program(String className, Device device) {
    this.model = Model.newInstance(className, device, "PyTorch");
    try {
      String program = program(className, device);
      signatures = signatures(program);
      model.load(new ByteArrayInputStream(ScriptArchive.pack(className, program)));
    } catch (Exception e) { // DJL declares two, the program is our own: neither is the user's
      model.close();
      throw new IllegalStateException("the program " + file(className) + " does not load", e);
    }
    this.block = (PtSymbolBlock) model.getBlock();
  }

  /** The program as this device takes it, in the form that {@code torch.jit.load} reads. */
  static byte[] archive(String className, Device device) {
    return ScriptArchive.pack(className, program(className, device));
  }

  private static String program(String className, Device device) {
    String program =
        source(file(className))
            + source(PARTS).replace("__torch__.CLASS", "__torch__." + className);
    program = program.replace(LINEAR, product(device));
    if (device.isGpu() || !CpuOperators.areFused()) {
      program = program.replace(OPERATORS, "self.");
    }
    return Platform.here().isMacos() ? withoutOneDnn(program) : program;
  }

  /**
   * The program for a libtorch that has no oneDNN, as PyTorch builds it for macOS: its products are
   * libtorch's own. Weights are in no layout of oneDNN's there ({@link Hardware#packsWeights}).
   */
  static String withoutOneDnn(String program) {
    String none = ", annotate\\(List\\[Optional\\[number\\]\\], \\[\\]\\), \"\"\\)";
    String unary = "ops\\.mkldnn\\._linear_pointwise\\(([^,()]+), ([^,()]+), None, ";
    String binary = "ops\\.mkldnn\\._linear_pointwise\\(([^,()]+), ([^,()]+), ([^,()]+), None, ";
    return program
        .replaceAll("ops\\.mkldnn\\._reorder_linear_weight\\(([^,()]+), [^,()]+\\)", "$1")
        .replaceAll(unary + "\"none\"" + none, "torch.linear($1, $2)")
        .replaceAll(unary + "\"swish\"" + none, "torch.silu(torch.linear($1, $2))")
        .replaceAll(binary + "\"add\"\\)", "torch.add(torch.linear($1, $3), $2)")
        .replaceAll(binary + "\"mul\"\\)", "torch.mul(torch.linear($1, $3), $2)");
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

  /**
   * Begins a call of a method of the class.
   *
   * @param manager of the device
   */
  ProgramCall call(String method, NDManager manager) {
    Map<String, String> parameters = signatures.get(method);
    if (parameters == null) {
      throw new IllegalArgumentException("no method " + method);
    }
    return new ProgramCall(
        arguments -> IValueUtils.runMethod(block, method, arguments), method, parameters, manager);
  }

  private static Map<String, Map<String, String>> signatures(String program) {
    Map<String, Map<String, String>> signatures = new HashMap<>();
    Matcher methods = METHOD.matcher(program);
    while (methods.find()) {
      Map<String, String> parameters = new LinkedHashMap<>();
      Matcher parameter = PARAMETER.matcher(methods.group(2));
      while (parameter.find()) {
        parameters.put(parameter.group(1), parameter.group(2));
      }
      signatures.put(methods.group(1), parameters);
    }
    return signatures;
  }

  static String source(String file) {
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
