import { HEADERS } from '../../contracts/http.ts';
import type { NamedKind } from './call-kind.ts';
import type { Call } from './call.ts';

/** What an answer's headers say of its call. The cost is not known yet when a stream begins. */
export function answerHeaders(call: Call<NamedKind>, costUsd?: number | null): Record<string, string> {
  const headers: Record<string, string> = {
    ...call.limitHeaders,
    [HEADERS.traceId]: call.id,
    [HEADERS.target]: headerText(call.attempts.at(-1)?.target ?? call.route.targets[0]!),
    [HEADERS.attempts]: String(call.attempts.length),
  };
  if (costUsd != null) headers[HEADERS.costUsd] = String(costUsd);
  return headers;
}

const PLAIN = /^[\x21-\x7e]*$/;

/** What a header can't carry, percent-encoded: a model may be called anything. */
function headerText(name: string): string {
  if (PLAIN.test(name)) return name;
  return name.replaceAll(/[^\x21-\x7e]+/g, (part) => encodeURIComponent(part.toWellFormed()));
}
