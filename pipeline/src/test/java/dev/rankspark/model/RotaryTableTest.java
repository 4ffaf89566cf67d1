package dev.rankspark.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Frequencies and tables as transformers 4.57.6 and 5.24.0 (equal) with torch 2.7.1 compute them,
 * of a head of 16:
 *
 * <pre>
 * rope = LlamaRotaryEmbedding(DecoderConfig(hidden_size=32, num_attention_heads=2, head_dim=16, rope_theta=THETA,
 *                                         max_position_embeddings=MAX, rope_scaling=SCALING))
 * print(rope.inv_freq.tolist())
 * cos, sin = rope(torch.zeros(1), torch.tensor([[511]]))
 * print(cos[0, 0, :8].tolist(), sin[0, 0, :8].tolist())
 * </pre>
 */
class RotaryTableTest {
  private static final int HEAD_DIM = 16;
  private static final int LAST = 511;

  /** Java's cosine and torch's differ in the last bit. */
  private static final float ROUNDING = 2e-7f;

  private static final String LLAMA3 =
      "\"rope_type\": \"llama3\", \"factor\": 8, \"low_freq_factor\": 1, \"high_freq_factor\": 4,"
          + " \"original_max_position_embeddings\": 8192";
  private static final String YARN =
      "\"rope_type\": \"yarn\", \"factor\": 40.0, \"beta_fast\": 24.0, \"beta_slow\": 2.0,"
          + " \"mscale\": 1.3, \"mscale_all_dim\": 0.707,"
          + " \"original_max_position_embeddings\": 4096, \"truncate\": false";

  @Test
  void withoutScaling() {
    assertTable(
        config(1e4, 2_048, "\"rope_type\": \"default\""),
        floats(
            1.0,
            0.3162277638912201,
            0.10000000149011612,
            0.03162277862429619,
            0.009999999776482582,
            0.003162277862429619,
            0.0010000000474974513,
            0.0003162277862429619),
        floats(
            -0.47167888283729553,
            -0.1983063966035843,
            0.6715335249900818,
            -0.8998907208442688,
            0.3872165083885193,
            -0.045112356543540955,
            0.8722558617591858,
            0.9869723320007324),
        floats(
            0.8817703723907471,
            -0.9801400899887085,
            0.7409741282463074,
            -0.43611547350883484,
            -0.9219887852668762,
            0.9989818930625916,
            0.4890497922897339,
            0.16089005768299103));
  }

  @Test
  void linear() {
    assertTable(
        config(1e4, 2_048, "\"rope_type\": \"linear\", \"factor\": 2.5"),
        floats(
            0.4000000059604645,
            0.12649109959602356,
            0.03999999910593033,
            0.012649111449718475,
            0.003999999724328518,
            0.0012649111449718475,
            0.0004000000189989805,
            0.0001264911115868017),
        floats(
            -0.980758547782898,
            -0.23216786980628967,
            -0.019645115360617638,
            0.9837521314620972,
            -0.45574018359184265,
            0.7982756495475769,
            0.9791829586029053,
            0.9979117512702942),
        floats(
            -0.1952248215675354,
            0.9726757407188416,
            0.9998070001602173,
            0.179531991481781,
            0.8901128768920898,
            0.6022922992706299,
            0.2029796838760376,
            0.06459195911884308));
  }

  @Test
  void llama3() {
    assertTable(
        config(5e5, 131_072, LLAMA3),
        floats(
            1.0,
            0.193922758102417,
            0.03760603070259094,
            0.00729266507551074,
            0.0005248460220173001,
            3.428102354519069e-05,
            6.647869668086059e-06,
            1.289173155782919e-06),
        floats(
            -0.47167888283729553,
            0.133955717086792,
            0.933362603187561,
            -0.8337346315383911,
            0.9642504453659058,
            0.9998465776443481,
            0.9999942183494568,
            0.9999997615814209),
        floats(
            0.8817703723907471,
            -0.9909873008728027,
            0.3589349091053009,
            -0.5521653294563293,
            0.2649926543235779,
            0.017516708001494408,
            0.003397054970264435,
            0.0006587674142792821));
  }

  @Test
  void yarnMultipliesCosinesAndSinesToo() {
    assertTable(
        config(
            1e6,
            40_960,
            "\"type\": \"yarn\", \"factor\": 4, \"original_max_position_embeddings\": 32768"),
        floats(
            1.0,
            0.17782793939113617,
            0.03162277862429619,
            0.004217559937387705,
            0.0005000000237487257,
            4.4456985051510856e-05,
            7.905693564680405e-06,
            1.405853367941745e-06),
        floats(
            -0.5370674729347229,
            -1.1070390939712524,
            -1.0246421098709106,
            -0.628158688545227,
            1.1016662120819092,
            1.1383355855941772,
            1.138620138168335,
            1.1386291980743408),
        floats(
            1.00400972366333,
            0.26634854078292847,
            -0.49657392501831055,
            0.9496808052062988,
            0.28776493668556213,
            0.025864610448479652,
            0.004599833395332098,
            0.0008179811993613839));
  }

  @Test
  void yarnsPositionsAreMaxPositionEmbeddingsWhereItHasNone() {
    assertTable(
        config(1e6, 2_048, "\"rope_type\": \"yarn\", \"factor\": 4.0"),
        floats(
            1.0,
            0.17782793939113617,
            0.023717083036899567,
            0.0028117066249251366,
            0.0002500000118743628,
            4.4456985051510856e-05,
            7.905693564680405e-06,
            1.405853367941745e-06),
        floats(
            -0.5370674729347229,
            -1.1070390939712524,
            1.0267858505249023,
            0.1521361768245697,
            1.1293507814407349,
            1.1383355855941772,
            1.138620138168335,
            1.1386291980743408),
        floats(
            1.00400972366333,
            0.26634854078292847,
            -0.4921259880065918,
            1.1284199953079224,
            0.1450645923614502,
            0.025864610448479652,
            0.004599833395332098,
            0.0008179811993613839));
  }

  @Test
  void yarnWithAllItReads() {
    assertTable(
        config(1e4, 163_840, YARN),
        floats(
            1.0,
            0.3162277638912201,
            0.10000000149011612,
            0.029736267402768135,
            0.004886118695139885,
            0.00011662647011689842,
            2.499999936844688e-05,
            7.905694474175107e-06),
        floats(
            -0.553515613079071,
            -0.2327127307653427,
            0.7880451679229736,
            -1.022598147392273,
            -0.9378951787948608,
            1.1714175939559937,
            1.1734051704406738,
            1.173491358757019),
        floats(
            1.0347583293914795,
            -1.1501952409744263,
            0.8695337772369385,
            0.5756711363792419,
            0.7053062319755554,
            0.0698947161436081,
            0.014991065487265587,
            0.004740707576274872));
  }

  @Test
  void yarnsAttentionFactorCountsMoreThanItsScales() {
    assertTable(
        config(
            1e4,
            4_096,
            "\"rope_type\": \"yarn\", \"factor\": 40, \"attention_factor\": 0.7,"
                + " \"mscale\": 1.0, \"mscale_all_dim\": 1.0"),
        floats(
            1.0,
            0.3162277638912201,
            0.10000000149011612,
            0.023914724588394165,
            0.005124999675899744,
            0.0008498621755279601,
            2.499999936844688e-05,
            7.905694474175107e-06),
        floats(
            -0.3301752209663391,
            -0.13881447911262512,
            0.4700734615325928,
            0.6585285663604736,
            -0.6065258383750916,
            0.6350213885307312,
            0.6999428868293762,
            0.6999942660331726),
        floats(
            0.617239236831665,
            -0.686098039150238,
            0.5186818838119507,
            -0.23736071586608887,
            0.34946584701538086,
            0.29452985525131226,
            0.0089422557502985,
            0.0028278592508286238));
  }

  @Test
  void yarnsMeanBeginsAtTheFirstFrequencyAtTheEarliest() {
    assertFrequencies(
        config(
            1e4,
            2_048,
            "\"rope_type\": \"yarn\", \"factor\": 4, \"truncate\": false,"
                + " \"original_max_position_embeddings\": 100"),
        floats(
            1.0,
            0.21755623817443848,
            0.03759465739130974,
            0.007905694656074047,
            0.0024999999441206455,
            0.0007905694656074047,
            0.0002500000118743628,
            7.905694656074047e-05));
  }

  @Test
  void yarnsMeanEndsAtTheHeadsWidthAtTheLatest() {
    assertFrequencies(
        config(
            10,
            2_048,
            "\"rope_type\": \"yarn\", \"factor\": 4,"
                + " \"original_max_position_embeddings\": 1000"),
        floats(
            1.0,
            0.7498942017555237,
            0.5623413324356079,
            0.4216965138912201,
            0.3162277638912201,
            0.23713736236095428,
            0.16449084877967834,
            0.11334932595491409));
  }

  @Test
  void yarnsMeanMayBeOfNoFrequency() {
    assertFrequencies(
        config(
            1e4,
            2_048,
            "\"rope_type\": \"yarn\", \"factor\": 4," + " \"original_max_position_embeddings\": 4"),
        floats(
            1.0,
            0.07905694097280502,
            0.02500000037252903,
            0.007905694656074047,
            0.0024999999441206455,
            0.0007905694656074047,
            0.0002500000118743628,
            7.905694656074047e-05));
  }

  @Test
  void numbersAreRoundedToFloat32StepByStep() {
    assertFrequencies(
        config(10_000.1, 2_048, "\"rope_type\": \"default\""),
        floats(
            1.0,
            0.31622737646102905,
            0.09999975562095642,
            0.03162265941500664,
            0.009999950416386127,
            0.0031622580718249083,
            0.0009999925969168544,
            0.0003162250213790685));
    assertFrequencies(
        config(
            5e5,
            131_072,
            "\"rope_type\": \"llama3\", \"factor\": 32, \"low_freq_factor\": 0.4,"
                + " \"high_freq_factor\": 7, \"original_max_position_embeddings\": 500"),
        floats(
            1.0,
            0.193922758102417,
            0.015485844574868679,
            0.00042092654621228576,
            4.4194170186528936e-05,
            8.570255886297673e-06,
            1.6619674170215148e-06,
            3.2229328894572973e-07));
  }

  @Test
  void dynamicChangesNothingUpToMaxPositionEmbeddings() {
    assertThat(table(config(1e4, LAST + 1, "\"rope_type\": \"dynamic\", \"factor\": 8.3")))
        .isEqualTo(table(config(1e4, LAST + 1, "\"rope_type\": \"default\"")));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          "factor": 39
          "beta_fast": 23
          "beta_slow": 3
          "mscale": 1.2
          "mscale": null
          "mscale_all_dim": 1.0
          "attention_factor": 1.1
          "original_max_position_embeddings": 4095
          "original_max_position_embeddings": null
          "truncate": true
          """)
  void eachNumberOfYarnChangesTheTable(String changed) {
    assertThat(table(config(1e4, 163_840, YARN + ", " + changed)))
        .isNotEqualTo(table(config(1e4, 163_840, YARN)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          "factor": 7
          "low_freq_factor": 0.5
          "high_freq_factor": 12
          "original_max_position_embeddings": 8191
          """)
  void eachNumberOfLlama3ChangesTheTable(String changed) {
    assertThat(table(config(5e5, 131_072, LLAMA3 + ", " + changed)))
        .isNotEqualTo(table(config(5e5, 131_072, LLAMA3)));
  }

  private static void assertTable(
      DecoderConfig config, float[] frequencies, float[] lastCos, float[] lastSin) {
    assertFrequencies(config, frequencies);
    RotaryTable table = RotaryTable.of(LAST + 1, HEAD_DIM, config.rope());
    int row = LAST * HEAD_DIM;
    int half = row + HEAD_DIM / 2;
    int end = row + HEAD_DIM;
    assertThat(Arrays.copyOfRange(table.cos(), row, half))
        .containsExactly(lastCos, within(ROUNDING))
        .containsExactly(Arrays.copyOfRange(table.cos(), half, end));
    assertThat(Arrays.copyOfRange(table.sin(), half, end))
        .containsExactly(lastSin, within(ROUNDING));
    for (int i = row; i < half; i++) {
      assertThat(table.sin()[i]).isEqualTo(-table.sin()[i + HEAD_DIM / 2]);
    }
  }

  private static void assertFrequencies(DecoderConfig config, float[] frequencies) {
    assertThat(config.rope().frequencies(HEAD_DIM)).containsExactly(frequencies);
  }

  private static List<Float> table(DecoderConfig config) {
    RotaryTable table = RotaryTable.of(LAST + 1, HEAD_DIM, config.rope());
    List<Float> numbers = new ArrayList<>();
    for (float[] half : List.of(table.cos(), table.sin())) {
      for (float number : half) {
        numbers.add(number);
      }
    }
    return numbers;
  }

  private static float[] floats(double... values) {
    float[] floats = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      floats[i] = (float) values[i];
    }
    return floats;
  }

  /** Of later members with the same name the last counts. */
  private static DecoderConfig config(double theta, int positions, String scaling) {
    ObjectMapper json = new ObjectMapper();
    ObjectNode config =
        json.createObjectNode()
            .put("model_type", "llama")
            .put("vocab_size", 64)
            .put("hidden_size", 2 * HEAD_DIM)
            .put("intermediate_size", 64)
            .put("num_hidden_layers", 1)
            .put("num_attention_heads", 2)
            .put("max_position_embeddings", positions)
            .put("rope_theta", theta);
    try {
      config.set("rope_scaling", json.readTree("{" + scaling + "}"));
    } catch (JsonProcessingException e) {
      throw new AssertionError(e);
    }
    return DecoderConfig.parse(config, "config.json", LAST + 1);
  }
}
