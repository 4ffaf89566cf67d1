package dev.rankspark.reranker;

/** What a publisher makes of a raw score; it never changes an order, but for what it rounds. */
public enum Activation {
  IDENTITY("raw") {
    @Override
    public float of(float raw) {
      return raw;
    }
  },
  SIGMOID("sigmoids") {
    @Override
    public float of(float raw) {
      return (float) (1 / (1 + Math.exp(-(double) raw)));
    }
  },
  /** zerank's: of a fifth of the score. */
  SIGMOID_OF_FIFTH("sigmoids of a fifth") {
    @Override
    public float of(float raw) {
      return (float) (1 / (1 + Math.exp(-raw / 5.0)));
    }
  };

  private final String title;

  Activation(String title) {
    this.title = title;
  }

  /** What the scores are, for people. */
  public String title() {
    return title;
  }

  /** The published score of a raw one. */
  public abstract float of(float raw);
}
