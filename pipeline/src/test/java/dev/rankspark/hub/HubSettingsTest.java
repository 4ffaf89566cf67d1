package dev.rankspark.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The variables of {@code huggingface_hub}, read as it reads them. */
class HubSettingsTest {
  @TempDir private Path home;

  private HubSettings of(String... variables) {
    Map<String, String> environment = new java.util.HashMap<>();
    for (int i = 0; i < variables.length; i += 2) {
      environment.put(variables[i], variables[i + 1]);
    }
    return HubSettings.of(environment, home);
  }

  @Test
  void theDefaultsAreThoseOfHuggingFace() {
    HubSettings settings = of();

    assertThat(settings.endpoint()).isEqualTo("https://huggingface.co");
    assertThat(settings.cache()).isEqualTo(home.resolve(".cache/huggingface/hub"));
    assertThat(settings.token()).isEmpty();
    assertThat(settings.isOffline()).isFalse();
    assertThat(settings.timeout()).isEqualTo(Duration.ofSeconds(10));
  }

  @Test
  void theCacheIsNamedByTheMostSpecialVariable() {
    assertThat(of("XDG_CACHE_HOME", "/x").cache()).isEqualTo(Path.of("/x/huggingface/hub"));
    assertThat(of("XDG_CACHE_HOME", "/x", "HF_HOME", "~/hf").cache())
        .isEqualTo(home.resolve("hf/hub"));
    assertThat(of("HF_HOME", "/h", "HUGGINGFACE_HUB_CACHE", "/old").cache())
        .isEqualTo(Path.of("/old"));
    assertThat(of("HUGGINGFACE_HUB_CACHE", "/old", "HF_HUB_CACHE", "/new").cache())
        .isEqualTo(Path.of("/new"));
  }

  @Test
  void theTokenIsAVariablesOrAFilesAndIsShownNowhere() throws IOException {
    Files.createDirectories(home.resolve(".cache/huggingface"));
    Files.writeString(home.resolve(".cache/huggingface/token"), "hf_file\n");
    Files.writeString(home.resolve("token"), "hf_other");

    assertThat(of().token()).hasValue("hf_file");
    assertThat(of("HF_TOKEN_PATH", home.resolve("token").toString()).token()).hasValue("hf_other");
    assertThat(of("HF_TOKEN", "hf_variable").token()).hasValue("hf_variable");
    assertThat(of("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1").token()).isEmpty();
    assertThat(of("HF_TOKEN", "hf_variable").toString()).doesNotContain("hf_variable");
    assertThatThrownBy(() -> of("HF_TOKEN", "hf_a\nX-Evil: 1"))
        .hasMessageContaining("white space")
        .hasMessageNotContaining("hf_a");
  }

  @ParameterizedTest
  @CsvSource({
    "HF_HUB_OFFLINE, 1, true",
    "HF_HUB_OFFLINE, on, true",
    "TRANSFORMERS_OFFLINE, True, true",
    "HF_HUB_OFFLINE, 0, false",
    "HF_HUB_OFFLINE, '', false"
  })
  void offline(String variable, String value, boolean expected) {
    assertThat(of(variable, value).isOffline()).isEqualTo(expected);
  }

  @Test
  void aValueThatNoneCanHaveIsSaid() {
    assertThatThrownBy(() -> of("HF_ENDPOINT", "hub.example.com"))
        .hasMessage(
            "HF_ENDPOINT: expected an address such as https://huggingface.co, got hub.example.com");
    assertThatThrownBy(() -> of("HF_HUB_DOWNLOAD_TIMEOUT", "soon"))
        .hasMessage("HF_HUB_DOWNLOAD_TIMEOUT: expected whole seconds, got soon");
    assertThatThrownBy(() -> of("https_proxy", "socks5://user:secret@proxy:1080"))
        .hasMessageContaining("HTTPS_PROXY: expected http://HOST:PORT")
        .hasMessageNotContaining("secret");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "https://huggingface.co | proxy:3128",
        "http://huggingface.co | plain:80",
        "https://hub.corp.example | ",
        "https://corp.example | ",
        "https://notcorp.example | proxy:3128",
        "https://10.0.0.7:8443 | ",
        "https://10.0.0.7 | proxy:3128"
      })
  void proxiesAreThoseOfTheEnvironment(String address, String expected) {
    HubProxies proxies =
        HubProxies.of(
            Map.of(
                "HTTPS_PROXY", "http://ignored:1",
                "https_proxy", "proxy:3128",
                "HTTP_PROXY", "http://plain",
                "NO_PROXY", " .corp.example ,10.0.0.7:8443"));

    assertThat(proxies.to(URI.create(address)).map(HubProxies.Via::toString).orElse(null))
        .isEqualTo(expected);
  }

  @Test
  void aProxysUserIsToldToItAlone() {
    HubProxies proxies = HubProxies.of(Map.of("all_proxy", "http://me:pass%20word@proxy:8"));

    assertThat(proxies.to(URI.create("https://huggingface.co")))
        .hasValueSatisfying(
            via -> {
              assertThat(via.authorization()).hasValue("Basic bWU6cGFzcyB3b3Jk");
              assertThat(via.toString()).isEqualTo("proxy:8");
            });
  }
}
