package dev.rankspark.cluster;

import org.apache.hadoop.security.UserGroupInformation;
import org.apache.spark.deploy.SparkSubmit;

/**
 * Spark's {@code SparkSubmit} for a user id that the system has no name for, as containers have
 * them: Hadoop would ask the system for it and fail. {@code bin/rankspark} runs it and gives the
 * name, as {@code user.name}.
 */
public final class NamelessUser {
  private NamelessUser() {}

  public static void main(String[] args) {
    UserGroupInformation.setLoginUser(
        UserGroupInformation.createRemoteUser(System.getProperty("user.name")));
    SparkSubmit.main(args);
  }
}
