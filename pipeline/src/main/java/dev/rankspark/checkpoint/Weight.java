package dev.rankspark.checkpoint;

import java.util.Optional;

/**
 * One weight of a model, its shape checked: the stored tensor, and what the adapter adds to it.
 *
 * @param stored of type float16, bfloat16 or float32, as the adapter's tensors
 * @param lora both factors fit the shape of {@code stored}
 */
public record Weight(StoredTensor stored, Optional<LoraPair> lora) {}
