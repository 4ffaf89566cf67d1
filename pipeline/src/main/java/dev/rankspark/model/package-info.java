/**
 * The cross encoder on a device, to score with and to be trained: its configuration, the
 * TorchScript programs, its weights. DJL lives here, Spark does not.
 */
package dev.rankspark.model;
