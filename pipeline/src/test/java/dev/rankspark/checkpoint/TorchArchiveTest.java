package dev.rankspark.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rankspark.InputException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TorchArchiveTest {
  @TempDir Path directory;

  @Test
  void readsNamesTypesShapesAndValues() throws IOException {
    var tensors =
        read(
            TorchBytes.dictionary()
                .floats("matrix", 2, 3)
                .text("half")
                .entry("data/h", new byte[] {1, 2, 3, 4})
                .tensor("BFloat16Storage", "h", 2, 0, new long[] {2}, new long[] {1})
                .floats("number")
                .bytes());

    assertThat(tensors.keySet()).containsExactly("matrix", "half", "number");
    assertThat(tensors.get("matrix").shape()).containsExactly(2, 3);
    assertThat(floats(tensors.get("matrix"))).containsExactly(0, 1, 2, 3, 4, 5);
    assertThat(tensors.get("half").type()).isEqualTo(StorageType.BFLOAT16);
    assertThat(tensors.get("half").bytes().getShort()).isEqualTo((short) 0x0201);
    assertThat(tensors.get("number").shape()).isEmpty();
  }

  @Test
  void tensorsMayShareAStorage() throws IOException {
    var tensors =
        read(
            TorchBytes.dictionary()
                .entry("data/0", SafetensorsBytes.count(6))
                .text("all")
                .tensor("FloatStorage", "0", 6, 0, new long[] {6}, new long[] {1})
                .text("end")
                .tensor("FloatStorage", "0", 6, 4, new long[] {1, 2}, new long[] {7, 1})
                .bytes());

    assertThat(floats(tensors.get("all"))).containsExactly(0, 1, 2, 3, 4, 5);
    assertThat(floats(tensors.get("end"))).containsExactly(4, 5);
  }

  @Test
  void aTransposedTensorIsPutInOrder() throws IOException {
    var transposed =
        read(TorchBytes.dictionary()
                .entry("data/0", SafetensorsBytes.count(7))
                .text("t")
                .tensor("FloatStorage", "0", 7, 1, new long[] {3, 2}, new long[] {1, 3})
                .bytes())
            .get("t");

    assertThat(floats(transposed)).containsExactly(1, 4, 2, 5, 3, 6);
    assertThat(SafetensorsBytes.toFloats(transposed.bytes(1, 3))).containsExactly(4, 2, 5);
    assertThat(transposed.bytes().isDirect()).isTrue();
  }

  @Test
  void readsAParameterAndADictionaryWithAttributes() throws IOException {
    byte[] storage = SafetensorsBytes.count(1);
    byte[] archive =
        new TorchBytes()
            .entry("data/0", storage)
            .op(0x80, 2)
            .emptyOrderedDict()
            .op('q', 0)
            .op('(')
            .text("p")
            .global("torch._utils", "_rebuild_parameter")
            .op('(')
            .tensor("FloatStorage", "0", 1, 0, new long[] {1}, new long[] {1})
            .op(0x88)
            .emptyOrderedDict()
            .op('t', 'R', 'u')
            .op('}')
            .text("_metadata")
            .emptyOrderedDict()
            .op('s', 'b', '.')
            .archive();

    assertThat(floats(read(archive).get("p"))).containsExactly(0);
  }

  @Test
  void readsNamesFromTheStackAndUntypedStorages() throws IOException {
    byte[] archive =
        TorchBytes.dictionary()
            .entry("data/0", new byte[] {1, 0, 2, 0})
            .text("ids")
            .text("torch._utils")
            .text("_rebuild_tensor_v3")
            .op(0x93, '(')
            .storage("torch.storage", "UntypedStorage", "0", 4)
            .number(0)
            .numbers(2)
            .numbers(1)
            .op(0x89)
            .emptyOrderedDict()
            .global("torch", "uint16")
            .op('t', 'R')
            .bytes();

    assertThat(read(archive).get("ids").type()).isEqualTo(StorageType.UINT16);
  }

  @Test
  void readsZip64() throws IOException {
    Map<String, byte[]> entries = new LinkedHashMap<>();
    entries.put("archive/data.pkl", TorchBytes.dictionary().floats("a", 2).op('u', '.').pickle());
    entries.put("archive/data/1", SafetensorsBytes.count(2));

    assertThat(floats(read(TorchBytes.zip64(entries)).get("a"))).containsExactly(0, 1);
  }

  @Test
  void readsFromFileSystemsThatCannotBeMapped() throws IOException {
    Files.write(directory.resolve("far.bin"), TorchBytes.dictionary().floats("a", 3).bytes());
    var far = ModelDirectory.open("far://" + directory, FarFileSystem.configuration());

    assertThat(floats(TorchArchive.read(far.file("far.bin")).get("a"))).containsExactly(0, 1, 2);
  }

  @Test
  void whatWantsToRunIsNamedAndNothingIsRun() {
    Path touched = directory.resolve("touched");
    assertRefused(
            new TorchBytes()
                .op(0x80, 2)
                .global("posix", "system")
                .text("touch " + touched)
                .op(0x85, 'R', '.')
                .archive())
        .hasMessage(
            "%s/adapter_model.bin wants to run posix.system; nothing was run. Only tensors are read"
                + " from such a file: save it again as safetensors",
            directory);
    assertThat(touched).doesNotExist();
    assertRefused(
            TorchBytes.dictionary()
                .text("a")
                .text("builtins")
                .text("eval")
                .op(0x93, ')', 'R')
                .bytes())
        .hasMessageContaining("wants to run builtins.eval;");
    assertRefused(
            new TorchBytes().op(0x80, 2, '(', 'i').line("os").line("system").op('.').archive())
        .hasMessageContaining("wants to run os.system;");
    assertRefused(TorchBytes.dictionary().text("a").global("torch", "load").bytes())
        .hasMessageContaining("wants to run torch.load;");
    assertRefused(TorchBytes.dictionary().text("a").global("x\u001b[2J", "y").bytes())
        .hasMessageContaining("wants to run x\\u001b[2J.y;");
  }

  @Test
  void aTypeIsNoFunction() {
    assertRefused(
            TorchBytes.dictionary().text("a").global("torch", "FloatStorage").op(')', 'R').bytes())
        .hasMessageContaining("wants to run torch.FloatStorage;");
    assertRefused(TorchBytes.dictionary().text("a").text("eval").op(')', 'R').bytes())
        .hasMessageContaining("calls something that is not a function");
  }

  @Test
  void instructionsThatNoTensorNeedsAreRefused() {
    assertRefused(TorchBytes.dictionary().text("a").op('2').bytes())
        .hasMessageContaining("uses instruction 0x32");
  }

  @Test
  void otherFormatsAreNamedWithWhatToDo() {
    assertRefused(new byte[] {(byte) 0x80, 2, (byte) 0x8a, 10})
        .hasMessageContaining("format of before torch 1.6")
        .hasMessageContaining("torch.save(torch.load(");
    assertRefused("version https://git-lfs.github.com/spec/v1\n".getBytes(StandardCharsets.UTF_8))
        .hasMessageContaining("git lfs pull");
    assertRefused("<html>".getBytes(StandardCharsets.UTF_8))
        .hasMessageContaining("got 6 other bytes");
    assertRefused(new byte[0]).hasMessageContaining("got 0 other bytes");
    assertRefused(TorchBytes.dictionary().entry("constants.pkl", new byte[1]).bytes())
        .hasMessageContaining("is a TorchScript program");
    assertRefused(TorchBytes.zip(new byte[0], Map.of("other/data.pkl", new byte[0]), 0))
        .hasMessageContaining("expected one data.pkl in it, got 2");
    assertRefused(TorchBytes.dictionary().floats("a", 1).compressed().bytes())
        .hasMessageContaining("data.pkl is compressed");
    assertRefused(
            TorchBytes.dictionary()
                .entry("byteorder", "big".getBytes(StandardCharsets.UTF_8))
                .bytes())
        .hasMessageContaining("expected byteorder little, got \"big\"");
  }

  @Test
  void aCutArchiveIsNamed() {
    byte[] whole = TorchBytes.dictionary().floats("a", 4).bytes();

    assertRefused(Arrays.copyOf(whole, whole.length - 1))
        .hasMessageContaining("no zip directory at its end (%d bytes)", whole.length - 1);
    assertRefused(Arrays.copyOfRange(whole, 0, 40)).hasMessageContaining("it is cut");
    byte[] shorterPickle = TorchBytes.dictionary().text("a").archive();
    assertRefused(shorterPickle).hasMessageContaining("its pickle is cut");
  }

  @Test
  void aChangedPickleIsSeenByItsChecksum() {
    byte[] archive = TorchBytes.dictionary().floats("name", 4).bytes();
    int at = new String(archive, StandardCharsets.ISO_8859_1).indexOf("name");
    archive[at]++;

    assertRefused(archive).hasMessageContaining("the checksum of archive/data.pkl is");
  }

  @Test
  void storagesAreChecked() {
    long[] two = {2};
    long[] one = {1};
    assertRefused(
            TorchBytes.dictionary().text("a").tensor("FloatStorage", "7", 2, 0, two, one).bytes())
        .hasMessageContaining("a: its storage data/7 is missing");
    assertTensorRefused(3, 0, two, one, "expected a storage of 12 bytes, got 8");
    assertTensorRefused(2, 1, two, one, "reaches beyond its storage of 2 elements");
    assertTensorRefused(2, 0, two, two, "reaches beyond its storage of 2 elements");
    assertTensorRefused(2, 0, new long[] {4}, new long[] {0}, "4 elements are copies of 2");
    assertTensorRefused(2, -1, two, one, "as many strides as sizes, and an offset");
    assertTensorRefused(2, 0, two, new long[] {1, 1}, "as many strides as sizes");
    assertTensorRefused(2, 0, new long[] {-1}, one, "not whole numbers");
    assertTensorRefused(
        2, 0, new long[] {1L << 40, 1L << 40}, new long[] {0, 0}, "a shape that no file can hold");
    assertTensorRefused(
        2, Long.MAX_VALUE, two, new long[] {Long.MAX_VALUE}, "a shape that no file can hold");
    assertTensorRefused(1L << 62, 0, two, one, "not described as torch describes it");
  }

  @Test
  void onlyADictionaryOfTensorsIsAccepted() {
    assertRefused(new TorchBytes().op(0x80, 2, ']', '.').archive())
        .hasMessageContaining("expected a dictionary of tensors, got a list of 0");
    assertRefused(TorchBytes.dictionary().text("epoch").number(3).bytes())
        .hasMessageContaining("got 3 at key \"epoch\"");
    assertRefused(TorchBytes.dictionary().floats("a", 1).floats("a", 1).bytes())
        .hasMessageContaining("the key \"a\" is there twice");
  }

  @Test
  void aContainerThatHoldsItselfEndsInAMessage() {
    assertRefused(new TorchBytes().op(0x80, 2, ']', 'q', 0, 'h', 0, 'a', '.').archive())
        .hasMessageContaining("got a list of 1");
    assertRefused(new TorchBytes().op(0x80, 2, '}', 'q', 0, 'h', 0, 'N', 's', '.').archive())
        .hasMessageContaining("expected text as key");
  }

  private void assertTensorRefused(
      long elements, long offset, long[] shape, long[] strides, String message) {
    assertRefused(
            TorchBytes.dictionary()
                .entry("data/0", new byte[8])
                .text("a")
                .tensor("FloatStorage", "0", elements, offset, shape, strides)
                .bytes())
        .hasMessageContaining(message);
  }

  private AbstractThrowableAssert<?, ?> assertRefused(byte[] file) {
    return assertThatThrownBy(() -> read(file))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(directory + "/adapter_model.bin")
        .hasMessageNotContaining("\n");
  }

  private static float[] floats(StoredTensor tensor) {
    return SafetensorsBytes.toFloats(tensor.bytes());
  }

  private Map<String, StoredTensor> read(byte[] file) throws IOException {
    Files.write(directory.resolve("adapter_model.bin"), file);
    return TorchArchive.read(
        ModelDirectory.open(directory.toString(), new Configuration(false))
            .file("adapter_model.bin"));
  }
}
