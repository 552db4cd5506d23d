import type { TrainEncoderInput, TrainEncoderResult } from '../contracts/stages.ts';
import type { EncoderDeps } from './encoder/encoder-deps.ts';
import { trainEncoder } from './encoder/train.ts';
import { withHeartbeat } from './heartbeat.ts';

/** The learner reports nothing between its start and its end: the longest that it takes for 100,000 rows, twice. */
const STALL_MS = 20 * 60_000;

export type TrainEncoderActivity = ReturnType<typeof createTrainEncoderActivity>;

export function createTrainEncoderActivity(deps: EncoderDeps) {
  return {
    /**
     * Trains an encoder student. Safe to retry because the result is found by the hash of its inputs, vectors that were
     * computed are kept, and the last thing written is what makes it count.
     */
    trainEncoder: (input: TrainEncoderInput): Promise<TrainEncoderResult> =>
      withHeartbeat(STALL_MS, (pulse) => trainEncoder(deps, input, pulse)),
  };
}
