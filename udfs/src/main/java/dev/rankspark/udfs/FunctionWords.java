package dev.rankspark.udfs;

/**
 * What {@code DESCRIBE FUNCTION EXTENDED} tells of a function, in Spark's form: {@code _FUNC_} is
 * its name, the other texts are indented by four.
 */
public record FunctionWords(String usage, String arguments, String examples) {}
