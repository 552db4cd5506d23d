import { setTimeout as wait } from 'node:timers/promises';
import { APIConnectionError, APIError } from 'openai';
import { StillhouseError } from '../contracts/errors.ts';
import { HEADERS } from '../contracts/http.ts';
import { DEFAULT_PROJECT } from '../contracts/names.ts';
import type { GatewayAccess } from './distil/gateway-targets.ts';
import { gatewayClient } from './generate/teacher-call.ts';
import { withHeartbeat } from './heartbeat.ts';

/** A gateway sees a new student within a second; a large model takes minutes to be fetched and loaded. */
const PATIENCE_MS = 10 * 60_000;
const AGAIN_MS = 500;

export interface WarmedStudent {
  waitedMs: number;
  /** What the answer cost; null where the gateway does not say. */
  costUsd: number | null;
}

export type WarmStudentActivity = ReturnType<typeof createWarmStudentActivity>;

export function createWarmStudentActivity({ gateway, now }: { gateway: GatewayAccess; now: () => number }) {
  return {
    /**
     * Has a student answer through the gateway, so that it is loaded and known to answer before an alias moves to it. Safe to
     * retry because another answer changes nothing.
     */
    warmStudent: ({ student, project = DEFAULT_PROJECT }: { student: string; project?: string }): Promise<WarmedStudent> =>
      withHeartbeat(PATIENCE_MS + 60_000, async ({ signal, progress }) => {
        const client = gatewayClient(gateway, project);
        const began = now();
        const body = { model: student, messages: [{ role: 'user' as const, content: 'warm-up' }], max_tokens: 1 };
        for (;;) {
          try {
            const { response } = await client.chat.completions.create(body, { signal }).withResponse();
            const cost = response.headers.get(HEADERS.costUsd);
            return { waitedMs: now() - began, costUsd: cost === null ? null : Number(cost) };
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
