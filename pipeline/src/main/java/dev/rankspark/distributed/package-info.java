/**
 * Several workers as one: the tasks of a barrier stage meet and sum their gradients, by libtorch's
 * own c10d (Gloo, NCCL) through a small library of ours, whose source is {@code src/main/native}. A
 * worker that is lost is an exception on every other, never a hang.
 */
package dev.rankspark.distributed;
