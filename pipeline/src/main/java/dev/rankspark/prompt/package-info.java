/**
 * From a query and a passage to the token ids that a model sees: Tevatron's pair text, the
 * directory's tokenizer, truncation.
 */
package dev.rankspark.prompt;
