package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/**
 * Every argument of Tevatron's reranker drivers: it is an option here, or changes nothing whatever
 * its value, or is refused at the values that would change something.
 */
class KnownArgumentTest {
  /** ModelArguments and DataArguments of tevatron/reranker/arguments.py. */
  private static final String TEVATRON =
      """
      model_name_or_path config_name tokenizer_name cache_dir reranker_model_type reranker_pooling
      lora lora_name_or_path lora_r lora_alpha lora_dropout lora_target_modules attn_implementation
      dataset_name dataset_config dataset_path dataset_split dataset_cache_dir
      dataset_number_of_shards dataset_shard_index train_group_size positive_passage_no_shuffle
      negative_passage_no_shuffle rerank_output_path rerank_max_len query_prefix passage_prefix
      append_eos_token pad_to_multiple_of
      """;

  /** TrainingArguments of transformers 4.49, with the opposites of its flags that are true. */
  private static final String TRAINER =
      """
      output_dir overwrite_output_dir do_train do_eval do_predict eval_strategy prediction_loss_only
      per_device_train_batch_size per_device_eval_batch_size per_gpu_train_batch_size
      per_gpu_eval_batch_size gradient_accumulation_steps eval_accumulation_steps eval_delay
      torch_empty_cache_steps learning_rate weight_decay adam_beta1 adam_beta2 adam_epsilon
      max_grad_norm num_train_epochs max_steps lr_scheduler_type lr_scheduler_kwargs warmup_ratio
      warmup_steps log_level log_level_replica log_on_each_node no_log_on_each_node logging_dir
      logging_strategy logging_first_step logging_steps logging_nan_inf_filter
      no_logging_nan_inf_filter save_strategy save_steps save_total_limit save_safetensors
      no_save_safetensors save_on_each_node save_only_model restore_callback_states_from_checkpoint
      no_cuda use_cpu use_mps_device seed data_seed jit_mode_eval use_ipex bf16 fp16 fp16_opt_level
      half_precision_backend bf16_full_eval fp16_full_eval tf32 local_rank ddp_backend tpu_num_cores
      tpu_metrics_debug debug dataloader_drop_last eval_steps dataloader_num_workers
      dataloader_prefetch_factor past_index run_name disable_tqdm remove_unused_columns
      no_remove_unused_columns label_names load_best_model_at_end metric_for_best_model
      greater_is_better ignore_data_skip fsdp fsdp_min_num_params fsdp_config
      fsdp_transformer_layer_cls_to_wrap accelerator_config deepspeed label_smoothing_factor optim
      optim_args adafactor group_by_length length_column_name report_to ddp_find_unused_parameters
      ddp_bucket_cap_mb ddp_broadcast_buffers dataloader_pin_memory no_dataloader_pin_memory
      dataloader_persistent_workers skip_memory_metrics no_skip_memory_metrics
      use_legacy_prediction_loop push_to_hub resume_from_checkpoint hub_model_id hub_strategy
      hub_token hub_private_repo hub_always_push gradient_checkpointing
      gradient_checkpointing_kwargs include_inputs_for_metrics include_for_metrics
      eval_do_concat_batches no_eval_do_concat_batches fp16_backend evaluation_strategy
      push_to_hub_model_id push_to_hub_organization push_to_hub_token mp_parameters
      auto_find_batch_size full_determinism torchdynamo ray_scope ddp_timeout torch_compile
      torch_compile_backend torch_compile_mode dispatch_batches split_batches
      include_tokens_per_second include_num_input_tokens_seen neftune_noise_alpha
      optim_target_modules batch_eval_metrics eval_on_start use_liger_kernel
      eval_use_gather_object average_tokens_across_devices
      """;

  /** Those whose value never changes what the reference trains, writes or measures. */
  private static final String WITHOUT_EFFECT =
      """
      config_name reranker_pooling attn_implementation dataset_cache_dir
      dataset_shard_index rerank_output_path pad_to_multiple_of do_train do_eval do_predict
      per_device_eval_batch_size per_gpu_eval_batch_size eval_accumulation_steps
      torch_empty_cache_steps log_level log_level_replica log_on_each_node no_log_on_each_node
      logging_dir logging_nan_inf_filter no_logging_nan_inf_filter save_on_each_node
      restore_callback_states_from_checkpoint use_mps_device jit_mode_eval use_ipex fp16_opt_level
      bf16_full_eval fp16_full_eval local_rank ddp_backend tpu_num_cores tpu_metrics_debug debug
      dataloader_num_workers dataloader_prefetch_factor past_index run_name
      remove_unused_columns no_remove_unused_columns label_names fsdp fsdp_min_num_params
      fsdp_config fsdp_transformer_layer_cls_to_wrap optim_args length_column_name report_to
      ddp_find_unused_parameters ddp_bucket_cap_mb ddp_broadcast_buffers dataloader_pin_memory
      no_dataloader_pin_memory dataloader_persistent_workers skip_memory_metrics
      no_skip_memory_metrics use_legacy_prediction_loop hub_model_id hub_strategy hub_token
      hub_private_repo hub_always_push gradient_checkpointing_kwargs include_inputs_for_metrics
      include_for_metrics eval_do_concat_batches no_eval_do_concat_batches push_to_hub_model_id
      push_to_hub_organization push_to_hub_token mp_parameters full_determinism torchdynamo
      ray_scope torch_compile torch_compile_backend torch_compile_mode dispatch_batches
      include_tokens_per_second include_num_input_tokens_seen optim_target_modules
      batch_eval_metrics use_liger_kernel eval_use_gather_object average_tokens_across_devices
      """;

  @TempDir private Path folder;

  @Test
  void everyArgumentOfTheDriversIsKnown() {
    CommandLine commands = new CommandLine(new Commands());
    for (String command : List.of("rerank", "train")) {
      Set<String> known = new TreeSet<>(KnownArgument.of(command).keySet());
      known.addAll(commands.getSubcommands().get(command).getCommandSpec().optionsMap().keySet());
      assertThat(known).as(command).containsAll(options(TEVATRON)).containsAll(options(TRAINER));
    }
  }

  @Test
  void trainIgnoresWhatHasNoEffectAndNothingElse() {
    assertThat(
            KnownArgument.of("train").values().stream()
                .filter(argument -> argument.same() == null)
                .map(KnownArgument::name))
        .containsExactlyInAnyOrderElementsOf(options(WITHOUT_EFFECT));
  }

  @Test
  void whatHasNoEffectIsNamedInOneLine() {
    List<String> given =
        List.of("--do-train", "--dataloader-num-workers", "4", "--report-to", "none");
    assertThat(train(given).err())
        .contains(
            "Without meaning here, ignored: --do-train, --dataloader-num-workers, --report-to");
  }

  /** What is done anyway needs no word. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--optim adamw_torch_fused",
        "--label_smoothing_factor 0.0",
        "--neftune_noise_alpha 0",
        "--adafactor False",
        "--group_by_length=false",
        "--lr_scheduler_kwargs {}",
        "--save_safetensors",
        "--no_save_safetensors=False",
        "--half_precision_backend auto",
        "--tf32 no",
        "--dataset_number_of_shards 1",
        "--per_gpu_train_batch_size 8",
        "--lr_scheduler_kwargs {\"num_cycles\":0.5}",
        "--accelerator_config {}",
        "--accelerator_config {\"split_batches\":false,\"even_batches\":true,\"dispatch_batches\":null}"
      })
  void aValueThatIsDoneAnywayIsTaken(String given) {
    Cli.Result result = train(List.of(given.split(" ")));
    assertThat(result.lastLine()).contains("no-such-model");
    assertThat(result.err()).doesNotContain("Without meaning");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--optim adafactor | --optim: expected adamw_torch, adamw_torch_fused,",
        "--optim adamw_hf | got \"adamw_hf\"",
        "--optim sgd --optim lion_8bit | got \"lion_8bit\"",
        "--adafactor | --adafactor: expected false, got \"true\"",
        "--label_smoothing_factor 0.1 | --label-smoothing-factor: expected 0, got \"0.1\"",
        "--neftune_noise_alpha 5 | --neftune-noise-alpha: expected 0, got \"5\"",
        "--group_by_length | --group-by-length: expected false, got \"true\"",
        "--group_by_length yes | --group-by-length: expected false",
        "--lr_scheduler_kwargs {\"num_cycles\":1} | --lr-scheduler-kwargs: expected {\"num_cycles\":0.5}, got \"{",
        "--lr_scheduler_type polynomial | --lr-scheduler-type: expected one of linear, cosine,",
        "--save_safetensors false | --save-safetensors: expected true, got \"false\"",
        "--no_save_safetensors | --no-save-safetensors: expected false, got \"true\"",
        "--save_only_model | --save-only-model: expected false",
        "--half_precision_backend apex | --half-precision-backend: expected auto, cpu_amp, cuda_amp",
        "--fp16_backend apex | --fp16-backend: expected auto",
        "--tf32 True | --tf32: expected false, got \"True\"",
        "--push_to_hub | --push-to-hub: expected false",
        "--auto_find_batch_size true | --auto-find-batch-size: expected false",
        "--split_batches true | --split-batches: expected false",
        "--lr_scheduler_kwargs {\"min_lr\":0} | --lr-scheduler-kwargs: expected {",
        "--accelerator_config {\"split_batches\":true} | --accelerator-config: expected {",
        "--accelerator_config accelerator.json | got \"accelerator.json\"",
        "--dataset_number_of_shards 2 | --dataset-number-of-shards: expected 1, got \"2\"",
        "--per_gpu_train_batch_size 4 | expected the 8 of --per-device-train-batch-size, got 4",
        "--train_group_size 1 | --train-group-size: expected at least 2, got 1",
        "--reranker_model_type backbone | --reranker-model-type: expected sequence_classification",
        "--save_strategy best | --save-strategy best needs --load-best-model-at-end",
        "--save_strategy never | --save-strategy: expected steps, epoch, no, got \"never\"",
        "--logging_strategy x | --logging-strategy: expected steps, epoch, no, got \"x\"",
        "--eval_strategy steps | --eval-strategy steps needs --eval-dataset-path and --eval-qrels",
        "--evaluation_strategy epoch | --eval-strategy epoch needs --eval-dataset-path",
        "--load_best_model_at_end | --load-best-model-at-end needs --eval-dataset-path",
        "--data_seed -1 | --data-seed: expected 0 to 4294967295, got -1",
      })
  void aValueThatWouldChangeTheTrainingIsRefusedByNameAndValue(String given, String message) {
    assertRefused(train(List.of(given.split(" "))), message);
  }

  /** Without an evaluation, a checkpoint to go on from, or a folder, they change nothing. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--eval_delay 5 | evaluating",
        "--eval_on_start | evaluating",
        "--prediction_loss_only | evaluating",
        "--metric_for_best_model loss | evaluating",
        "--greater_is_better False | evaluating",
        "--ignore_data_skip | resuming"
      })
  void someCountInOneCaseAlone(String given, String when) {
    List<String> args = new ArrayList<>(List.of(given.split(" ")));
    String name = args.get(0).replace('_', '-');
    assertThat(train(args).err()).contains("Without meaning here, ignored: " + name);
    args.addAll(
        when.equals("evaluating")
            ? List.of("--eval-dataset-path", "e.jsonl", "--eval-qrels", "q.txt")
            : List.of("--resume-from-checkpoint", "true"));
    assertRefused(train(args), name + ": expected ");
  }

  @Test
  void whatExcludesEachOther() {
    List<String> evaluated = List.of("--eval-dataset-path", "e.jsonl", "--eval-qrels", "q.txt");
    assertRefused(
        train(evaluated, "--eval-strategy", "no"),
        "--eval-strategy no and --eval-dataset-path exclude each other");
    assertRefused(
        train(evaluated, "--load-best-model-at-end", "--save-strategy", "no"),
        "--save-strategy no and --load-best-model-at-end exclude each other");
  }

  @Test
  void aDataSetsConfigurationIsNoneOfAFolder() {
    for (String command : List.of("rerank", "train")) {
      List<String> args =
          new ArrayList<>(List.of(command, "--model-name-or-path", "no-such-model"));
      args.addAll(
          command.equals("train")
              ? List.of("--output-dir", folder.resolve("out").toString())
              : List.of("--rerank-output-path", folder.resolve("run.txt").toString()));
      args.addAll(List.of("--dataset-name", folder.toString(), "--dataset-config", "v2.1"));
      assertRefused(
          Cli.run(args.toArray(String[]::new)), "--dataset-config: expected default, got \"v2.1\"");
    }
    assertRefused(
        Cli.run("prepare", "--corpus-data-config", "v2", "--output-path", "o.jsonl"),
        "--corpus-data-config: expected default, got \"v2\"");
    assertRefused(
        Cli.run("prepare", "--query-data-config", "v2", "--output-path", "o.jsonl"),
        "--query-data-config: expected default, got \"v2\"");
  }

  @Test
  void rerankComputesNoFloat32InTf32() {
    assertRefused(
        Cli.run("rerank", "--model-name-or-path", "no-such-model", "--tf32", "True"),
        "--tf32: expected false, got \"True\"");
  }

  @Test
  void theHelpOfTrainIsItsOwn() {
    String help = Cli.run("train", "--help").out();
    assertThat(help)
        .contains("training data: JSON lines or Parquet of queries")
        .doesNotContain("rerank input of prepare")
        .doesNotContain("shard");
    assertThat(Cli.run("rerank", "--help").out())
        .contains("rerank input of prepare")
        .contains("--dataset-shard-index");
  }

  /** Fails by its model at the latest. */
  private Cli.Result train(List<String> more, String... others) {
    try {
      List<String> args =
          new ArrayList<>(List.of("train", "--model-name-or-path", "no-such-model"));
      Path dataset = folder.resolve("train.jsonl");
      args.addAll(List.of("--dataset-path", Files.writeString(dataset, "{}").toString()));
      args.addAll(List.of("--output-dir", folder.resolve("out").toString()));
      args.addAll(more);
      Cli.Result result = Cli.run(args, others);
      assertThat(result.exitCode()).as(result.err()).isNotZero();
      assertThat(folder.resolve("out")).doesNotExist();
      return result;
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static void assertRefused(Cli.Result result, String message) {
    assertThat(result.exitCode()).as(result.err()).isEqualTo(Main.USAGE);
    assertThat(result.lastLine()).startsWith("rankspark: ").contains(message);
  }

  private static List<String> options(String names) {
    return Stream.of(names.strip().split("\\s+"))
        .map(name -> "--" + name.replace('_', '-'))
        .collect(Collectors.toList());
  }
}
