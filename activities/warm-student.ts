import { setTimeout as wait } from 'node:timers/promises';
import { APIConnectionError, APIError } from 'openai';
import { METADATA_HEADER } from '../contracts/chat.ts';
import { StillhouseError } from '../contracts/errors.ts';
import type { GatewayAccess } from './distil/gateway-targets.ts';
import type { RunIdentity } from './distil/run-plan.ts';
import { gatewayClient } from './generate/teacher-call.ts';
import { withHeartbeat } from './heartbeat.ts';

/** A gateway sees a new student within a second; a large model takes minutes to be fetched and loaded. */
const PATIENCE_MS = 10 * 60_000;
const AGAIN_MS = 500;

export interface WarmStudentInput {
  student: string;
  /** Where the answer is charged for: the run that pays. */
  run?: RunIdentity;
}

export type WarmStudentActivity = ReturnType<typeof createWarmStudentActivity>;

export function createWarmStudentActivity({ gateway, now }: { gateway: GatewayAccess; now: () => number }) {
  return {
    /**
     * Has a student answer through the gateway, so that it is loaded and known to answer before an alias moves to it. Safe to
     * retry because another answer changes nothing.
     */
    warmStudent: ({ student, run }: WarmStudentInput): Promise<{ waitedMs: number }> =>
      withHeartbeat(PATIENCE_MS + 60_000, async ({ signal, progress }) => {
        const client = gatewayClient(gateway);
        const began = now();
        const body = { model: student, messages: [{ role: 'user' as const, content: 'warm-up' }], max_tokens: 1 };
        const metadata = run && { distillation: run.distillation, run: run.runId, stage: 'alias' };
        const headers = metadata ? { [METADATA_HEADER]: JSON.stringify(metadata) } : {};
        for (;;) {
          try {
            await client.chat.completions.create(body, { signal, headers });
            return { waitedMs: now() - began };
          } catch (error) {
            if (!(error instanceof APIError)) throw error;
            const status = error.status as number | undefined;
            const mayPass =
              error instanceof APIConnectionError || status === undefined || status === 404 || status === 429 || status >= 500;
            signal.throwIfAborted();
            if (mayPass && now() - began < PATIENCE_MS) {
              progress({ waitsFor: error.message.slice(0, 200) });
              await wait(AGAIN_MS, undefined, { signal });
              continue;
            }
            throw new StillhouseError(
              'unavailable',
              `"${student}" does not answer, so no alias is moved to it: ${error.message.slice(0, 300)}`,
              {
                cause: error,
                retryable: mayPass,
              },
            );
          }
        }
      }),
  };
}
