package dev.rankspark.model;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Packs the source of one TorchScript class into the zip that {@code torch.jit.load} reads, so that
 * the program of a model stays a readable file among our sources. The format is the one of {@code
 * torch/csrc/jit/serialization}: the source in PyTorch's serialized dialect, a pickle that makes
 * one object of the class, empty constants, a version.
 *
 * <p>The class's attributes, the lines {@code name : type} before its first method, are false, 0 or
 * empty here. The program sets them: a list of weights too, so that those in a dtype that DJL has
 * no array for never leave libtorch.
 */
final class ScriptArchive {
  /**
   * Any version from 3 on is read by libtorch 2; later ones only changed operators that the program
   * does not use.
   */
  private static final String VERSION = "3\n";

  private static final Pattern ATTRIBUTE = Pattern.compile("(?m)^  (\\w+) : (.+)$");

  private ScriptArchive() {}

  static byte[] pack(String className, String source) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      put(zip, "data.pkl", module(className, source));
      put(zip, "code/__torch__.py", source.getBytes(StandardCharsets.UTF_8));
      // protocol 2, an empty tuple
      put(zip, "constants.pkl", new byte[] {(byte) 0x80, 2, ')', '.'});
      put(zip, "version", VERSION.getBytes(StandardCharsets.US_ASCII));
    } catch (IOException e) {
      throw new UncheckedIOException(e); // nothing here leaves memory
    }
    return bytes.toByteArray();
  }

  /** The pickle of {@code CLASS()} with its state, the attributes by name. */
  private static byte[] module(String className, String source) throws IOException {
    ByteArrayOutputStream pickle = new ByteArrayOutputStream();
    pickle.write(new byte[] {(byte) 0x80, 2}); // protocol 2
    ascii(pickle, "c__torch__\n" + className + "\n"); // GLOBAL: the class
    ascii(pickle, ")\u0081}("); // EMPTY_TUPLE, NEWOBJ, EMPTY_DICT, MARK
    int begin = source.indexOf("class " + className + "(Module):");
    Matcher attributes =
        ATTRIBUTE.matcher(source.substring(begin, source.indexOf("  def ", begin)));
    while (attributes.find()) {
      key(pickle, attributes.group(1));
      ascii(pickle, zero(attributes.group(2)));
    }
    ascii(pickle, "ub."); // SETITEMS, BUILD, STOP
    return pickle.toByteArray();
  }

  private static String zero(String type) {
    return switch (type) {
      case "bool" -> "\u0089"; // NEWFALSE
      case "int" -> "K\0"; // BININT1
      case "float" -> "G" + "\0".repeat(8); // BINFLOAT
      case "List[int]" -> "ctorch.jit._pickle\nbuild_intlist\n(](etR"; // REDUCE over an empty list
      case "List[Tensor]" -> "ctorch.jit._pickle\nbuild_tensorlist\n(](etR";
      default -> throw new IllegalStateException("an attribute of type " + type);
    };
  }

  private static void key(ByteArrayOutputStream pickle, String name) throws IOException {
    pickle.write(new byte[] {'X', (byte) name.length(), 0, 0, 0}); // BINUNICODE, length
    ascii(pickle, name);
  }

  private static void ascii(ByteArrayOutputStream out, String text) throws IOException {
    out.write(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  /** An entry without compression: PyTorch maps its files. */
  private static void put(ZipOutputStream zip, String name, byte[] bytes) throws IOException {
    ZipEntry entry = new ZipEntry("model/" + name);
    CRC32 crc = new CRC32();
    crc.update(bytes);
    entry.setMethod(ZipEntry.STORED);
    entry.setSize(bytes.length);
    entry.setCrc(crc.getValue());
    zip.putNextEntry(entry);
    zip.write(bytes);
    zip.closeEntry();
  }
}
