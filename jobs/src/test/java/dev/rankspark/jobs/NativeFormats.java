package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;

/** Which platform the native libraries in a jar are for, by their first bytes, not their names. */
final class NativeFormats {
  private static final int ELF = 0x464c457f;
  private static final int MACH_O = 0xfeedfacf;
  private static final int MACH_O_OF_SEVERAL = 0xbebafeca; // and every class file
  private static final int MZ = 0x5a4d;

  private NativeFormats() {}

  /** Every one is for that platform, and none of those that the product needs is missing. */
  static void assertAllFor(String platform, Path jar) throws IOException {
    Map<String, String> platforms = ofAll(jar);

    assertThat(platforms).isNotEmpty().values().containsOnly(platform);
    assertThat(platforms.keySet())
        .anyMatch(name -> name.matches("pytorch/cpu/.*/libtorch_cpu\\.\\w+"))
        .anyMatch(name -> name.matches("jnilib/.*/libdjl_torch\\.\\w+"))
        .anyMatch(name -> name.matches("native/lib/.*/libtokenizers\\.\\w+"))
        .anyMatch(name -> name.matches("com/sun/jna/.*/libjnidispatch\\.\\w+"));
  }

  /** The platform of each entry that is native code, by its name. */
  static Map<String, String> ofAll(Path file) throws IOException {
    Map<String, String> platforms = new TreeMap<>();
    try (JarFile jar = new JarFile(file.toFile())) {
      for (JarEntry entry : Collections.list(jar.entries())) {
        if (entry.getSize() >= 32 && !entry.getName().endsWith(".class")) {
          try (InputStream in = jar.getInputStream(entry)) {
            String platform = platform(in.readNBytes(32));
            if (!platform.isEmpty()) {
              platforms.put(entry.getName(), platform);
            }
          }
        }
      }
    }
    return platforms;
  }

  /** Empty for what is no native code. */
  private static String platform(byte[] begin) {
    ByteBuffer header = ByteBuffer.wrap(begin).order(ByteOrder.LITTLE_ENDIAN);
    int magic = header.getInt(0);
    if (magic == ELF) {
      int machine = Short.toUnsignedInt(header.getShort(18)); // e_machine
      return "linux-" + (machine == 62 ? "x86_64" : machine == 183 ? "aarch64" : machine);
    }
    if (magic == MACH_O) {
      int processor = header.getInt(4); // cputype
      return "osx-"
          + (processor == 0x0100000c ? "aarch64" : processor == 0x01000007 ? "x86_64" : processor);
    }
    if (magic == MACH_O_OF_SEVERAL) {
      return "osx-several";
    }
    return (magic & 0xffff) == MZ ? "win" : "";
  }
}
