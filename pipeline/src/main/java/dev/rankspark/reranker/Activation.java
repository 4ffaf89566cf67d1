package dev.rankspark.reranker;

/** What a publisher makes of a raw score; it never changes an order, but for what it rounds. */
public enum Activation {
  IDENTITY {
    @Override
    public float of(float raw) {
      return raw;
    }
  },
  SIGMOID {
    @Override
    public float of(float raw) {
      return (float) (1 / (1 + Math.exp(-(double) raw)));
    }
  },
  /** zerank's: of a fifth of the score. */
  SIGMOID_OF_FIFTH {
    @Override
    public float of(float raw) {
      return (float) (1 / (1 + Math.exp(-raw / 5.0)));
    }
  };

  /** The published score of a raw one. */
  public abstract float of(float raw);
}
