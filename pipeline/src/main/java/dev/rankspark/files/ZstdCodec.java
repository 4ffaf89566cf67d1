package dev.rankspark.files;

import org.apache.parquet.hadoop.codec.ZstandardCodec;

/**
 * Files that end in {@code .zst}. Hadoop's own codec needs a Hadoop built with a native library;
 * this is Parquet's, over the library that Spark brings for its own shuffles.
 */
public final class ZstdCodec extends ZstandardCodec {
  @Override
  public String getDefaultExtension() {
    return ".zst";
  }
}
