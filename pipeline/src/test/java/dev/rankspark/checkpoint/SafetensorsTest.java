package dev.rankspark.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rankspark.InputException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsTest {
  @TempDir Path directory;

  @Test
  void readsNamesTypesShapesAndValues() throws IOException {
    var tensors =
        read(
            new SafetensorsBytes()
                .addFloats("matrix", 2, 3)
                .add("half", "F16", new long[] {2}, new byte[] {1, 2, 3, 4})
                .addFloats("number")
                .addFloats("empty", 0, 5)
                .bytes());

    assertThat(tensors.keySet()).containsExactly("matrix", "half", "number", "empty");
    assertThat(tensors.get("matrix").shape()).containsExactly(2, 3);
    assertThat(tensors.get("matrix").type()).isEqualTo(StorageType.FLOAT32);
    assertThat(SafetensorsBytes.toFloats(tensors.get("matrix").bytes()))
        .containsExactly(0, 1, 2, 3, 4, 5);
    assertThat(tensors.get("half").type()).isEqualTo(StorageType.FLOAT16);
    assertThat(tensors.get("half").bytes().getShort()).isEqualTo((short) 0x0201);
    assertThat(tensors.get("number").shape()).isEmpty();
    assertThat(tensors.get("number").bytes().remaining()).isEqualTo(4);
    assertThat(tensors.get("empty").bytes().remaining()).isZero();
    assertThat(tensors.get("matrix").file()).isEqualTo(directory + "/model.safetensors");
  }

  @Test
  void readsSlices() throws IOException {
    var matrix = read(new SafetensorsBytes().addFloats("matrix", 2, 3).bytes()).get("matrix");

    assertThat(SafetensorsBytes.toFloats(matrix.bytes(2, 3))).containsExactly(2, 3, 4);
    assertThatThrownBy(() -> matrix.bytes(4, 3))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("matrix (float32 [2, 3])")
        .hasMessageContaining("4 + 3");
  }

  @Test
  void buffersAreDirectSoThatNativeCodeCanReadThem() throws IOException {
    var matrix = read(new SafetensorsBytes().addFloats("matrix", 2, 3).bytes()).get("matrix");

    assertThat(matrix.bytes().isDirect()).isTrue();
  }

  @Test
  void readsFromFileSystemsThatCannotBeMapped() throws IOException {
    Files.write(
        directory.resolve("model.safetensors"),
        new SafetensorsBytes().addFloats("first", 3).addFloats("second", 2, 2).bytes());
    var far = ModelDirectory.open("far://" + directory, FarFileSystem.configuration());

    var second = Safetensors.read(far.file("model.safetensors")).get("second");

    assertThat(second.bytes().isDirect()).isTrue();
    assertThat(SafetensorsBytes.toFloats(second.bytes())).containsExactly(0, 1, 2, 3);
    assertThat(SafetensorsBytes.toFloats(second.bytes(1, 2))).containsExactly(1, 2);
  }

  @Test
  void aTensorBeyondOneBufferIsReadInSlicesOnly() {
    var file = new CheckpointFile(null, null, "huge.safetensors", 1L << 40);
    long[] shape = {1L << 20, 1L << 10};
    var huge =
        new StoredTensor("huge", StorageType.FLOAT16, shape, StoredTensor.rowMajor(shape), file, 0);

    assertThatThrownBy(huge::bytes)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("huge (float16 [1048576, 1024]) of huge.safetensors")
        .hasMessageContaining("in slices");
  }

  @Test
  void integersAndMetadataBesideTheWeightsAreRead() throws IOException {
    var tensors =
        read(
            SafetensorsBytes.withHeader(
                """
                {"__metadata__":{"format":"pt"},
                "ids":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}\s\s\s""",
                new byte[8]));

    assertThat(tensors.get("ids").type()).isEqualTo(StorageType.INT64);
    assertThat(tensors.get("ids").type().isWeight()).isFalse();
  }

  @Test
  void aCutFileIsNamedWithBothSizes() {
    byte[] whole = new SafetensorsBytes().addFloats("matrix", 2, 3).bytes();

    assertRefused(Arrays.copyOf(whole, whole.length - 1))
        .hasMessage(
            "%s/model.safetensors: expected %d bytes by its header, got %d: it is cut; copy it again",
            directory, whole.length, whole.length - 1);
    assertRefused(Arrays.copyOf(whole, 20))
        .hasMessageContaining("expected %d bytes for the header alone, got 20", whole.length - 24);
    assertRefused(new byte[3]).hasMessageContaining("at least 8 bytes, got 3");
    assertRefused(new byte[0]).hasMessageContaining("at least 8 bytes, got 0");
    assertRefused(Arrays.copyOf(whole, whole.length + 2))
        .hasMessageContaining("bytes follow the last tensor");
  }

  @Test
  void aHeaderBeyondTheFormatsLimitIsNotAllocated() {
    byte[] file = SafetensorsBytes.withHeader("{}", new byte[0]);
    Arrays.fill(file, 0, 8, (byte) 0xFF);

    assertRefused(file).hasMessageContaining("header of 18446744073709551615 bytes");
  }

  @Test
  void aPointerOfGitLfsIsNamed() {
    assertRefused("version https://git-lfs.github.com/spec/v1\noid sha256:00\n")
        .hasMessageContaining("is a pointer of Git LFS")
        .hasMessageContaining("git lfs pull");
  }

  @Test
  void brokenHeadersAreRefused() {
    assertHeaderRefused("{", "the header is not JSON");
    assertHeaderRefused("[]", "not a JSON object");
    assertHeaderRefused("{} {}", "the header is not JSON");
    assertHeaderRefused("{\"a\":1}", "unknown dtype");
    assertHeaderRefused(entry("a", "F31", "[2]", 0, 8), "a has the unknown dtype \"F31\"");
    assertHeaderRefused(
        entry("a", "F32", "2", 0, 8), "a: expected a list of whole numbers as shape");
    assertHeaderRefused(entry("a", "F32", "[-2]", 0, 8), "whole numbers as shape, got [-2]");
    assertHeaderRefused(entry("a", "F32", "[2.0]", 0, 8), "whole numbers as shape");
    assertHeaderRefused(entry("a", "F32", "[2]", 8, 0), "expected data_offsets [begin, end]");
    assertHeaderRefused(
        entry("a", "F32", "[3]", 0, 8), "F32 of shape [3] takes 12 bytes, its data_offsets [0,8]");
    assertHeaderRefused(
        entry("a", "F32", "[4294967296,4294967296,0]", 0, 0), "a shape that no file can hold");
    assertHeaderRefused(
        entry("a", "F32", "[0,4294967296,4294967296]", 0, 0), "a shape that no file can hold");
    assertHeaderRefused(entry("a", "U8", "[9223372036854775807]", 0, Long.MAX_VALUE), "it is cut");
  }

  @Test
  void gapsOverlapsAndDuplicatesAreRefused() {
    assertHeaderRefused(entry("a", "F32", "[1]", 4, 8), "a starts at byte 4, expected 0");
    assertHeaderRefused(
        both(entry("a", "F32", "[1]", 0, 4), entry("b", "F32", "[1]", 0, 4)),
        "b starts at byte 0, expected 4");
    assertHeaderRefused(
        both(entry("a", "F32", "[1]", 0, 4), entry("a", "F32", "[1]", 4, 8)),
        "Duplicate field 'a'");
  }

  private static String entry(String name, String dtype, String shape, long begin, long end) {
    return "{\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%d,%d]}}"
        .formatted(name, dtype, shape, begin, end);
  }

  private static String both(String header, String other) {
    return header.substring(0, header.length() - 1) + "," + other.substring(1);
  }

  private void assertHeaderRefused(String header, String message) {
    assertRefused(SafetensorsBytes.withHeader(header, new byte[8])).hasMessageContaining(message);
  }

  private AbstractThrowableAssert<?, ?> assertRefused(String file) {
    return assertRefused(file.getBytes(StandardCharsets.UTF_8));
  }

  private AbstractThrowableAssert<?, ?> assertRefused(byte[] file) {
    return assertThatThrownBy(() -> read(file))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(directory + "/model.safetensors")
        .hasMessageNotContaining("\n");
  }

  private Map<String, StoredTensor> read(byte[] file) throws IOException {
    Files.write(directory.resolve("model.safetensors"), file);
    return Safetensors.read(
        ModelDirectory.open(directory.toString(), new Configuration(false))
            .file("model.safetensors"));
  }
}
