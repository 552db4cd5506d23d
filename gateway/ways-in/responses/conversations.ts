import { setTimeout as delay } from 'node:timers/promises';
import { StillhouseError } from '../../../contracts/errors.ts';
import type { TraceRow } from '../../../contracts/traces.ts';
import type { CallObserver } from '../../observability/observer.ts';
import { isObject } from '../../providers/chat-fields.ts';
import { timeOfTraceId } from '../../tracing/trace-id.ts';
import { traceOfResponse } from './answer.ts';

type Loose = Record<string, unknown>;

/** What a trace keeps of a call: the chat form of its request, and its completion. */
export interface RecordedCall {
  project: string;
  request: unknown;
  response: unknown;
}

/** So much of the newest calls is at hand before their traces can be looked up. */
const KEPT_BYTES = 16 * 1024 * 1024;

/** Of a call that began of late the trace may be on its way, from another process or replica: it is waited for. */
const OF_LATE_MS = 15 * 60_000;
const PATIENCE = { tries: 15, everyMs: 200 };

/**
 * What `previous_response_id` goes on from: the traces themselves, so that every gateway knows every response for as long as
 * traces are kept. The newest are kept here, for a trace takes a second to arrive.
 */
export class Conversations implements CallObserver {
  readonly #newest = new Map<string, { project: string; request: string; response: string }>();
  readonly #lookUp: (project: string, traceId: string) => Promise<RecordedCall | null>;
  #bytes = 0;

  constructor(lookUp: (project: string, traceId: string) => Promise<RecordedCall | null>) {
    this.#lookUp = lookUp;
  }

  ended({ id, project, request, response, status }: TraceRow): void {
    if (status !== 'ok' || !request.startsWith(RESPONSES_MARK)) return;
    this.#newest.set(id, { project, request, response });
    this.#bytes += request.length + response.length;
    for (const [oldest, kept] of this.#newest) {
      if (this.#bytes <= KEPT_BYTES) break;
      this.#letGo(oldest, kept);
    }
  }

  /** Lets go of the calls of these traces. */
  async forget(traces: readonly string[]): Promise<number> {
    let forgotten = 0;
    for (const trace of traces) {
      const kept = this.#newest.get(trace);
      if (!kept) continue;
      this.#letGo(trace, kept);
      forgotten++;
    }
    return forgotten;
  }

  #letGo(trace: string, { request, response }: { request: string; response: string }): void {
    this.#newest.delete(trace);
    this.#bytes -= request.length + response.length;
  }

  /**
   * The messages up to and with that response, without its instructions, which hold for one call only. Throws `not_found`
   * where there is no such response of the project's, or its text was not kept.
   */
  async upTo(project: string, responseId: string): Promise<Loose[]> {
    const traceId = traceOfResponse(responseId);
    const recorded = traceId === null ? null : await this.#find(project, traceId);
    const messages = recorded && messagesOf(recorded);
    if (messages) return messages;
    const message = `Previous response with id "${responseId}" not found: it is none of this project's, or its text was not kept`;
    throw new StillhouseError('not_found', message, { param: 'previous_response_id' });
  }

  async #find(project: string, traceId: string): Promise<RecordedCall | null> {
    const kept = this.#newest.get(traceId);
    if (kept) return kept.project === project ? { project, request: JSON.parse(kept.request), response: JSON.parse(kept.response) } : null;
    const tries = Math.abs(Date.now() - timeOfTraceId(traceId)) < OF_LATE_MS ? PATIENCE.tries : 1;
    for (let tried = 1; ; tried++) {
      const recorded = await this.#lookUp(project, traceId);
      if (recorded || tried === tries) return recorded;
      await delay(PATIENCE.everyMs);
    }
  }
}

/** How the recorded request of a response begins. */
export const RESPONSES_MARK = '{"api":"responses"';

function messagesOf({ request, response }: RecordedCall): Loose[] | null {
  if (!isObject(request) || request['api'] !== 'responses' || !Array.isArray(request['messages']) || !isObject(response)) return null;
  const [choice] = Array.isArray(response['choices']) ? (response['choices'] as Loose[]) : [];
  if (!isObject(choice?.['message'])) return null;
  const asked = request['messages'].filter(isObject);
  return [...(request['instructed'] === true ? asked.slice(1) : asked), choice['message']];
}
