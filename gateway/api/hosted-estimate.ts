import type { DistilInput } from '../../contracts/distil.ts';
import { DEFAULT_TUNING_EPOCHS, type HostedChoice } from '../../contracts/hosted.ts';
import type { TargetInfo } from '../../contracts/http.ts';
import type { DatasetVolume } from '../../store/clickhouse/dataset-volume.ts';
import type { StudentPart } from './student-estimate.ts';

/** What tuning at a provider would take: its price per token of the training file (the best answer to each row), an epoch. Hours and memory are the provider's. */
export function hostedEstimate(
  input: DistilInput,
  { provider, model }: HostedChoice,
  volume: DatasetVolume,
  targets: readonly TargetInfo[],
): StudentPart {
  const target = `${provider}/${model}`;
  const price = targets.find((info) => info.target === target)?.tuning;
  const tokens = volume.splits.train.rows * (volume.promptTokens + volume.answerTokens);
  const epochs = input.training.epochs ?? DEFAULT_TUNING_EPOCHS;
  const size = { parameters: null, licence: null, gated: false, contextTokens: null, trainBytes: null, taskFloor: [] };
  return {
    student: { name: input.student, family: 'Hosted', kind: 'hosted', base: target, ...size },
    hours: null,
    deviceUsd: price ? (tokens * epochs * price.trainingUsdPerMTok) / 1e6 : null,
    vramBytes: { train16: null, train4: null, serve: null },
    diskBytes: null,
    fits: true,
    reason: '',
    warnings: price ? [] : [`The configuration states no price for tuning "${target}": a run is refused until it does.`],
  };
}
