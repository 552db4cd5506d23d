import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import type { DistilRequest } from '../sdk/index.ts';
import { wholeNumber } from './traces.ts';

/** What the command line can state of a distillation. */
export type DistilOptions = Omit<DistilRequest, 'dataset' | 'project' | 'training' | 'quantize' | 'search'> & {
  quantize?: 'q4_k_m' | 'q8_0' | 'f16' | 'none';
  loraRank?: number;
  learningRate?: number;
  batchRows?: number;
  warmupEpochs?: number;
  epochs?: number;
  maxTokens?: number;
  trials?: number;
};

/** Adds the options of a distillation's request to a command. */
export function addDistilOptions(command: Command): Command {
  return command
    .option('--name <name>', 'name of the run; default: from the hash of its input')
    .option('--dataset-version <number>', 'default: the newest that is ready', wholeNumber)
    .option('--teacher <target>', "default: what answered the dataset's traces")
    .option(
      '--student <name>',
      'encoder, lora, a name of "students bases", a hub id, a configured base, or hosted/<provider>/<model>',
      'encoder',
    )
    .option('--judge <target>', 'model that scores candidates; none by default for labels')
    .option('--alias <name>', 'alias to move when the student is not worse')
    .option('--n-samples <count>', 'candidates per prompt', wholeNumber)
    .option('--keep-best <count>', 'candidates to keep', wholeNumber)
    .option('--temperature <value>', 'of the candidates', number)
    .option('--bond-beta <weight>', 'language models: weight of the preference term', number)
    .option('--bond-gamma <weight>', 'language models: weight of the distance from the anchor', number)
    .addOption(new Option('--preference <loss>', 'language models: how best and worst are compared').choices(['best-of-n', 'dpo']))
    .option('--lora-rank <rank>', 'language models: rank of the adapter', wholeNumber)
    .option('--learning-rate <rate>', 'language models', number)
    .option('--batch-rows <count>', 'language models: rows a step', wholeNumber)
    .option('--warmup-epochs <count>', 'language models: passes of phase one at most', number)
    .option('--epochs <count>', 'language models: passes of phase two, a round', number)
    .option('--max-tokens <count>', 'language models: tokens of a row and its answer at most', wholeNumber)
    .option('--trials <count>', 'language models: trainings to search rank, rate and passes with', wholeNumber)
    .option('--steps <count>', 'language models: steps at most', wholeNumber)
    .option('--rounds <count>', 'language models: rounds that sample from the student', wholeNumber)
    .addOption(new Option('--quantize <form>', 'language models: form of the exported file').choices(['q4_k_m', 'q8_0', 'f16', 'none']))
    .option('--margin-points <points>', 'how much worse the student may be', number)
    .option('--max-usd <dollars>', 'hard cap on new spend', number)
    .addOption(new Option('--until <stage>', 'stop after this stage').choices(['curate']))
    .option('--use-gold', 'let gold answers into training; the report says so')
    .option('--approval', 'wait for a person before the alias moves')
    .option('--seed <number>', 'of everything random', number);
}

/** The request that the options make. */
export function distilRequest(dataset: string, options: DistilOptions): DistilRequest {
  const { quantize, loraRank, learningRate, batchRows, warmupEpochs, epochs, maxTokens, trials, ...plain } = options;
  const stated = Object.entries({ loraRank, learningRate, batchRows, warmupEpochs, epochs, maxTokens });
  const training = Object.fromEntries(stated.filter(([, value]) => value !== undefined));
  return {
    dataset,
    ...plain,
    ...(quantize === undefined ? {} : { quantize: quantize === 'none' ? null : quantize }),
    ...(trials === undefined ? {} : { search: { trials } }),
    ...(Object.keys(training).length > 0 ? { training } : {}),
  };
}

export function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('must be a number.');
  return value;
}
