/**
 * Names of models and data sets as people know them, {@code meta-llama/Llama-2-7b-hf}: what they
 * may be, Hugging Face's cache on this machine, which Python's {@code huggingface_hub} reads and
 * writes too, and the download into it. No Spark, no DJL; code of a repository is neither fetched
 * nor run.
 */
package dev.rankspark.hub;
