import type { Callable } from '../providers/catalogue.ts';
import { type ErrorCode, StillhouseError } from '../../contracts/errors.ts';
import { originOf } from '../keys/caller.ts';
import type { Answer } from '../chat/answer.ts';
import { answerHeaders } from '../chat/answer-headers.ts';
import { classOfStatus, startOf, type Outcome } from '../chat/call.ts';
import type { DataPlane } from '../chat/data-plane.ts';
import { UNKNOWN_COST } from '../chat/attempt-outcome.ts';
import { asStillhouseError, errorAnswer, statusOf } from '../chat/openai-error.ts';
import { recordCall } from '../chat/record-call.ts';
import { messageOf } from '../chat/whole-answer.ts';
import type { MediaUsage, PassedAnswer } from '../providers/provider.ts';
import { askTargets } from './ask-targets.ts';
import { BodyDigest } from './body-digest.ts';
import { keptText, mediaFacts } from './media-usage.ts';
import type { Asked, PassedCall, Passing } from './passing.ts';
import { PassedStream } from './passed-stream.ts';

/** An object of a provider's is no longer than this; its errors too. */
const MOST_HELD_BYTES = 4 * 1024 * 1024;

/** Limits, the start on record, the targets in order, the answer, the trace. Rejects where the call is refused before it began. */
export async function passCall(plane: DataPlane, call: PassedCall, passing: Passing): Promise<Answer> {
  const origin = originOf(call.caller);
  plane.admission.enter(origin);
  const left = () => plane.admission.leave(origin);
  let streaming = false;
  try {
    const worstUsd = await begin(plane, call, passing);
    let asked: Asked;
    try {
      await passing.check?.(call);
      asked = await (passing.ask ? passing.ask(call) : askTargets(plane, call, passing));
      if (asked.answer.status >= 400 || passing.held) return await heldAnswer(plane, call, passing, asked);
    } catch (error) {
      return await failed(plane, call, { ...passing, worstUsd }, error);
    }
    streaming = true;
    return streamedAnswer(plane, call, { ...passing, ...asked, worstUsd, left });
  } finally {
    if (!streaming) left();
  }
}

/** Lets the call in and puts its start on record; what it may cost at most, null where nobody knows. */
async function begin({ limits, tracer, catalogue }: DataPlane, call: PassedCall, { worst, isFree }: Passing): Promise<number | null> {
  const prices = call.route.targets.flatMap((target) => {
    const callable = catalogue.find(target);
    return worst.map((usage) => callable?.provider.mediaCost?.(callable.model, usage) ?? null);
  });
  const known = prices.filter((usd) => usd !== null);
  const worstUsd = isFree ? 0 : known.length === 0 ? null : Math.max(...known);
  const admitted = await limits.enter(call.caller, {
    id: call.id,
    beganAt: call.beganAt,
    usage: () => worst[0]!,
    worstUsd: () => worstUsd,
  });
  if (admitted) call.limitHeaders = admitted.headers;
  try {
    await tracer.begin(startOf(call, worst[0]!, worstUsd));
  } catch (error) {
    admitted?.release();
    throw error;
  }
  return worstUsd;
}

/**
 * A caller who goes away does not stop a provider from charging, and what it would have said of that is lost: it counts as a call that
 * a crash cut off does. Else a budget is passed by leaving before the end.
 */
function ofCancelled({ worst, worstUsd, isSent }: Priced, call: PassedCall): Pick<Outcome, 'usage' | 'costUsd'> {
  return call.attempts.length > 0 && isSent() ? { usage: worst[0]!, costUsd: worstUsd } : { costUsd: 0 };
}

/**
 * What an answer without a price counts with in budgets: as much as it may have used, of a body whose length was not said before by the
 * length that it had.
 */
function estimateOf({ provider, model }: Callable, { worst, worstOf, requestBytes }: Passing, usage: MediaUsage | null): number | null {
  if (usage) return null;
  const known = [...(worstOf?.(requestBytes()) ?? worst)]
    .map((used) => provider.mediaCost?.(model, used) ?? null)
    .filter((usd) => usd !== null);
  return known.length === 0 ? null : Math.max(...known);
}

/** Where nobody knows whether the provider charges, budgets count what it may. */
function costOfFailed(
  { worstUsd, isFree, isSent }: Priced,
  { attempts }: PassedCall,
  code: ErrorCode,
): Pick<Outcome, 'costUsd' | 'estimatedUsd'> {
  if (!UNKNOWN_COST.has(code) || isFree) return { costUsd: 0 };
  return { costUsd: null, estimatedUsd: attempts.length > 0 && isSent() ? worstUsd : null };
}

type Priced = Passing & { worstUsd: number | null };

/** A provider's error, or an object of its that must be looked at: read whole, then passed on as it came. */
async function heldAnswer(plane: DataPlane, call: PassedCall, passing: Passing, { answer, callable }: Asked): Promise<Answer> {
  const text = await heldText(answer, callable.provider.id);
  const { 'content-length': _, 'content-encoding': __, ...headers } = answer.headers;
  const bytes = { requestBytes: passing.requestBytes(), responseBytes: Buffer.byteLength(text) };
  if (answer.status >= 400) {
    const errorClass = classOfStatus(answer.status);
    const said = { errorClass, errorMessage: messageOf(text), response: text.slice(0, passing.longestString) };
    // Providers charge nothing for an error.
    await record(plane, call, passing, { status: 'error', httpStatus: answer.status, ...said, costUsd: 0, ...bytes });
    return { status: answer.status, headers: { ...headers, ...answerHeaders(call, 0) }, body: text };
  }
  await passing.held!(text, callable);
  const costUsd = passing.isFree ? 0 : null;
  await record(plane, call, passing, { status: 'ok', httpStatus: answer.status, response: text, costUsd, ...bytes });
  return { status: answer.status, headers: { ...headers, ...answerHeaders(call, costUsd) }, body: text };
}

/** Throws `upstream_*`. */
export async function heldText({ body }: PassedAnswer, provider: string): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MOST_HELD_BYTES)
      throw new StillhouseError('upstream_invalid', `Provider "${provider}" sent more than ${MOST_HELD_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function streamedAnswer(plane: DataPlane, call: PassedCall, passing: Priced & Asked & { left: () => void }): Answer {
  const { answer, callable, attempt, signal, left } = passing;
  const contentType = answer.headers['content-type'] ?? '';
  // A form's fields may come after its model: only the answer tells.
  call.request.stream = contentType.startsWith('text/event-stream');
  const digest = new BodyDigest(passing.isContent ? '' : contentType, passing.longestString);
  const stream = new PassedStream(answer.body, callable.provider.id, signal, digest, async (failure) => {
    const { text, whole } = digest.digest;
    const { model, usage } = mediaFacts(text);
    const priceOf = (used: MediaUsage | null | undefined) => used && (callable.provider.mediaCost?.(callable.model, used) ?? null);
    const costUsd = priceOf(usage) ?? priceOf(passing.told) ?? null;
    if (usage) Object.assign(attempt, { tokens_in: usage.tokensIn, tokens_out: usage.tokensOut });
    attempt.cost_usd = costUsd;
    attempt.error_class = failure?.code ?? '';
    const bytes = { requestBytes: passing.requestBytes(), responseBytes: digest.bytes };
    const kept = text !== '' && whole ? keptText(text, call.request.stream) : JSON.stringify({ contentType, bytes: digest.bytes });
    const cancelled = failure?.code === 'cancelled';
    const ended: Outcome = failure
      ? {
          status: cancelled ? 'cancelled' : 'error',
          httpStatus: answer.status,
          errorClass: failure.code,
          errorMessage: failure.message,
        }
      : { status: 'ok', httpStatus: answer.status };
    try {
      await record(plane, call, passing, {
        ...ended,
        modelAnswered: model,
        response: kept,
        ...(usage ? { usage, costUsd } : cancelled && costUsd === null ? ofCancelled(passing, call) : { costUsd }),
        ...(costUsd === null ? { estimatedUsd: estimateOf(callable, passing, usage) } : {}),
        ...bytes,
      });
    } finally {
      left();
    }
  });
  // A file's content type is whatever a caller said it was.
  const headers = { ...answer.headers, 'x-content-type-options': 'nosniff', ...answerHeaders(call) };
  return { status: answer.status, headers, body: stream };
}

/** Records a call that got no answer, and says why. */
async function failed(plane: DataPlane, call: PassedCall, passing: Priced, error: unknown): Promise<Answer> {
  const failure = asStillhouseError(error);
  if (failure.code === 'internal') plane.log.error({ err: error, trace: call.id }, 'a call failed inside the gateway');
  const cancelled = failure.code === 'cancelled';
  await record(plane, call, passing, {
    status: cancelled ? 'cancelled' : 'error',
    httpStatus: statusOf(failure),
    errorClass: failure.code,
    errorMessage: failure.message,
    ...(cancelled ? ofCancelled(passing, call) : costOfFailed(passing, call, failure.code)),
    requestBytes: passing.requestBytes(),
  });
  return errorAnswer(failure, answerHeaders(call));
}

function record(plane: DataPlane, call: PassedCall, passing: Passing, outcome: Outcome): Promise<void> {
  call.request.recorded = passing.recorded();
  return recordCall(call, outcome, plane);
}
