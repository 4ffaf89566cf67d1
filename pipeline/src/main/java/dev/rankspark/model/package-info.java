/**
 * The cross encoder on a device: its configuration, the TorchScript program, its weights. DJL lives
 * here, Spark does not.
 */
package dev.rankspark.model;
