package dev.rankspark.checkpoint;

/**
 * Where a tensor lies in a file of this machine, counted in its own elements: what {@code
 * torch.from_file} wants to know.
 *
 * @param path absolute
 * @param first the tensor's first element, counted from the start of the file
 */
public record LocalElements(String path, long first) {}
