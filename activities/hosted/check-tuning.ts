import type { DistilInput } from '../../contracts/distil.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import {
  type CheckedTuning,
  DEFAULT_TUNING_EPOCHS,
  type HostedChoice,
  parseHostedStudent,
  type TuningPrice,
} from '../../contracts/hosted.ts';
import { promptTokenBound, worstCallUsd } from '../../core/candidates/call-bounds.ts';
import { listTargets } from '../distil/gateway-targets.ts';
import { rowPages } from '../distil/row-pages.ts';
import type { RunPlan } from '../distil/run-plan.ts';
import { withHeartbeat } from '../heartbeat.ts';
import type { HostedDeps } from './hosted-deps.ts';
import { tuningLine } from './tuning-lines.ts';

const STALL_MS = 180_000;

/** Planned run and what it is asked to have tuned. */
export interface CheckTuningInput {
  plan: RunPlan;
  input: DistilInput;
}

export function createCheckTuningActivity(deps: HostedDeps) {
  return {
    /**
     * Settles what the provider will be asked and what that can cost, and refuses, with numbers, what the cap can't hold, before
     * the teacher is paid. Safe to retry because it only reads.
     */
    checkTuning: ({ plan, input }: CheckTuningInput): Promise<CheckedTuning> =>
      withHeartbeat(STALL_MS, async ({ progress }) => {
        const choice = parseHostedStudent(input.student);
        if (!choice)
          throw new StillhouseError('invalid_request', `student: "${input.student}" names no provider's model.`, { param: 'student' });
        const price = await tuningPrice(deps, plan.run.project, choice);
        const { epochs = DEFAULT_TUNING_EPOCHS, batchRows = null } = input.training;
        let bytes = 0;
        for await (const rows of rowPages(deps.clickhouse, plan, 'train')) {
          // What is kept is at most as long as an answer may be.
          for (const { messages } of rows) bytes += Buffer.byteLength(tuningLine(messages, '')) + plan.maxAnswerTokens;
          progress({ bytes });
        }
        let evaluationUsd = 0;
        for await (const rows of rowPages(deps.clickhouse, plan, 'test'))
          for (const row of rows) evaluationUsd += worstCallUsd(price, { in: promptTokenBound(row, ''), out: plan.maxAnswerTokens });
        const trainingUsd = (bytes * epochs * price.trainingUsdPerMTok) / 1e6;
        checkCap(plan, { trainingUsd, evaluationUsd, bytes, epochs });
        return { ...choice, price, settings: { epochs, batchRows, seed: input.seed }, trainingUsd, evaluationUsd };
      }),
  };
}

/** What tuning the model costs; refuses one that can't be tuned through the gateway, or whose price nobody has stated. */
async function tuningPrice({ gateway }: HostedDeps, project: string, { provider, model }: HostedChoice): Promise<TuningPrice> {
  const targets = await listTargets(gateway, project);
  const name = `${provider}/${model}`;
  const target = targets.find((known) => known.kind === 'provider' && known.target === name);
  if (target?.tuning && target.ready) return target.tuning;
  if (target && !target.ready)
    throw new StillhouseError('provider_key_missing', `student: "${name}" can't be tuned: ${target.reason}`, { param: 'student' });
  const names = targets.filter(({ tuning }) => tuning).map((known) => `hosted/${known.target}`);
  const field = `models[].tuning {trainingUsdPerMTok, inputUsdPerMTok, outputUsdPerMTok} of "${model}", provider "${provider}"`;
  throw new StillhouseError(
    'price_unknown',
    `student: what tuning "${name}" costs is not known, so the cap could not be kept. State ${field}, in the gateway's stillhouse.yaml. Known are: ${names.join(', ') || 'none'}.`,
    { param: 'student' },
  );
}

function checkCap(plan: RunPlan, most: { trainingUsd: number; evaluationUsd: number; bytes: number; epochs: number }): void {
  const { trainingUsd, evaluationUsd, bytes, epochs } = most;
  const { maxUsd, reservedUsd } = plan;
  if (trainingUsd + evaluationUsd + reservedUsd <= maxUsd) return;
  const usd = (amount: number) => `$${amount.toPrecision(3)}`;
  const references = reservedUsd > 0 ? ` and the fresh references of the test rows ${usd(reservedUsd)}` : '';
  throw new StillhouseError(
    'cap_too_low',
    `maxUsd: the cap is ${usd(maxUsd)}, but the training can cost ${usd(trainingUsd)} (${bytes} bytes, each a token at most, ${epochs} epochs), the tuned model's answers to the test rows ${usd(evaluationUsd)}${references}.`,
    { param: 'maxUsd', data: { maxUsd, trainingUsd, evaluationUsd, referencesUsd: reservedUsd } },
  );
}
