import { LENIENT_HEADER, METADATA_HEADER } from '../../contracts/chat.ts';
import { ERROR_CODES, type ErrorCode, type StillhouseError } from '../../contracts/errors.ts';
import { PROJECT_HEADER } from '../../contracts/names.ts';
import type { RegistrySnapshot } from '../../contracts/registry.ts';
import type { AttemptRow } from '../../contracts/traces.ts';
import { resolveModel } from '../aliases/route.ts';
import { originOf, type Caller } from '../keys/caller.ts';
import { checkMayCall } from '../keys/key-rules.ts';
import type { Admitted } from '../limits/call-limits.ts';
import { askedTierUsd, worstUsage, worstUsd } from '../limits/worst-case.ts';
import { CancelSignal } from '../providers/cancel-signal.ts';
import { NO_USAGE, type Usage } from '../providers/provider.ts';
import type { Answer } from './answer.ts';
import type { AnswerForm } from './answer-form.ts';
import { answerHeaders } from './answer-headers.ts';
import type { Answered } from './answered.ts';
import { Asking } from './asking.ts';
import { chargeEstimate, UNKNOWN_COST } from './attempt-outcome.ts';
import type { CallKind } from './call-kind.ts';
import { newCall, startOf, type Call } from './call.ts';
import type { ChatRequest } from './chat-request.ts';
import { estimatePrompt, estimateUsage } from './completion-facts.ts';
import type { DataPlane } from './data-plane.ts';
import type { Inbound } from './inbound.ts';
import { fileIdsIn, mayNameFiles } from './named-files.ts';
import { asStillhouseError, errorAnswer, statusOf } from './openai-error.ts';
import { recordCall } from './record-call.ts';
import { streamAnswer } from './stream-answer.ts';
import { wholeAnswer } from './whole-answer.ts';

/** What of a call's attempts its idempotency key depends on. */
export function sentBy(attempts: () => readonly AttemptRow[]): { mayHaveCost: () => boolean; wasSent: () => boolean } {
  return {
    mayHaveCost: () => attempts().some(({ error_class: code }) => code === '' || UNKNOWN_COST.has(code as ErrorCode)),
    wasSent: () => attempts().length > 0,
  };
}

/** A route of the data plane. Never rejects. */
export type CallHandler = (c: Inbound) => Promise<Answer>;

/** Who asks. Throws `unauthorized`. */
export function callerOf(plane: DataPlane, c: Inbound): Caller {
  return plane.keys.callerOf(c.req.header('authorization'), c.req.header('x-api-key'), c.req.header(PROJECT_HEADER));
}

/** What is asked, and how the answer is to be written. */
export interface Asked {
  kind: CallKind;
  request: ChatRequest;
  form: AnswerForm;
  /** The request's body as it came. */
  body: string;
}

/** Whether the files that it names are the project's, where to, then the call. Throws at once where it can't be made. */
export function answerCall(plane: DataPlane, c: Inbound, caller: Caller, asked: Asked): Promise<Answer> {
  const { files } = plane;
  const ids = files && mayNameFiles(asked.body) ? fileIdsIn(asked.request.body) : null;
  if (!files || !ids || ids.size === 0) return answerChecked(plane, c, caller, asked);
  return files.checkOwn(caller.project, ids).then(() => answerChecked(plane, c, caller, asked));
}

function answerChecked(plane: DataPlane, c: Inbound, caller: Caller, asked: Asked): Promise<Answer> {
  const key = c.req.header('idempotency-key');
  if (key !== undefined) return answerOnce(plane, c, { caller, key, asked });
  return beginCall(plane, c, caller, asked, cancelSignal(c)).answer;
}

/** A caller who goes away does not end such a call: its answer is kept for when the caller asks again. */
function answerOnce(plane: DataPlane, c: Inbound, { caller, key, asked }: { caller: Caller; key: string; asked: Asked }): Promise<Answer> {
  const { project, keyId } = caller;
  const parts = [c.req.path, asked.body, c.req.header(METADATA_HEADER) ?? '', String(isLenient(c))];
  return plane.idempotency.answer({ key, project, keyId, parts }, () => {
    const { call, answer } = beginCall(plane, c, caller, asked, new CancelSignal());
    return { answer, ...sentBy(() => call.attempts) };
  });
}

function beginCall(
  plane: DataPlane,
  c: Inbound,
  caller: Caller,
  { kind, request, form, body }: Asked,
  signal: CancelSignal,
): { call: Call; answer: Promise<Answer> } {
  const snapshot = plane.snapshots.current(caller.project);
  const route = resolveModel(request.model, snapshot, plane.catalogue, plane.random);
  checkMayCall(caller, route);
  const call = newCall({ kind, caller, request, route, nowMs: plane.now(), parent: c.req.header('traceparent') });
  if (route.cacheTtlSeconds !== undefined) return { call, answer: answerCached(plane, c, call, { snapshot, form, signal, body }) };
  plane.admission.enter(originOf(caller));
  return { call, answer: makeCall(plane, call, { snapshot, form, signal }) };
}

/** A call to an alias with a cache. A hit is recorded as one that asked nobody and cost nothing. */
function answerCached(
  plane: DataPlane,
  c: Inbound,
  call: Call,
  { body, ...circumstances }: Circumstances & { body: string },
): Promise<Answer> {
  const { caller, route } = call;
  const parts = [caller.project, route.alias, String(route.aliasVersion), c.req.path, body, String(isLenient(c))];
  const request = { ttlSeconds: route.cacheTtlSeconds!, parts, control: c.req.header('cache-control') ?? '' };
  return plane.cache.answer(request, {
    hit(outcome, of) {
      call.route = { ...route, decision: JSON.stringify({ by: 'cache', of, targets: route.targets.map((target) => ({ target })) }) };
      return recordCall(call, outcome, plane);
    },
    miss() {
      plane.admission.enter(originOf(caller));
      return makeCall(plane, call, circumstances);
    },
    outcome: () => call.outcome,
    headers: () => answerHeaders(call, 0),
  });
}

interface Circumstances {
  snapshot: RegistrySnapshot;
  form: AnswerForm;
  signal: CancelSignal;
}

async function makeCall(plane: DataPlane, call: Call, { snapshot, form, signal }: Circumstances): Promise<Answer> {
  const left = () => plane.admission.leave(originOf(call.caller));
  let streaming = false;
  try {
    const admitted = await enterLimits(plane, call);
    try {
      await plane.tracer.begin(startOf(call, ...estimateOf(plane, call)));
    } catch (error) {
      admitted?.release();
      throw error;
    }
    const asking = new Asking(call, snapshot, signal, plane);
    let answered: Answered;
    try {
      answered = await asking.next();
    } catch (error) {
      return await failed(plane, call, form, error);
    }
    // Not within the `try`: an answer that could not be recorded is owed by the spool, and must not get a second row.
    if (answered.form === 'whole') return await wholeAnswer(call, answered, form, plane);
    const { breakers, log } = plane;
    const response = streamAnswer(call, answered, { asking, recording: plane, breakers, signal, frames: form.frames(call), left, log });
    streaming = true;
    return response;
  } finally {
    if (!streaming) left();
  }
}

/** Whether the key's limits and the budgets let it in; it settles with its trace. null where nothing is limited. */
async function enterLimits({ limits, catalogue }: DataPlane, call: Call): Promise<Admitted | null> {
  const { caller, request, route } = call;
  const entering = limits.enter(caller, {
    id: call.id,
    beganAt: call.beganAt,
    usage: () => worstUsage(request),
    // Of two that are asked at once, both may charge.
    worstUsd: () => times(route.hedgeAfterMs === undefined ? 1 : 2, worstUsd(route.targets, request, catalogue)),
  });
  if (entering === null) return null;
  const admitted = await entering;
  call.limitHeaders = admitted.headers;
  return admitted;
}

function times(factor: number, usd: number | null): number | null {
  return usd === null ? null : factor * usd;
}

/** Records a call that got no answer, and says why. */
async function failed(plane: DataPlane, call: Call, form: AnswerForm, error: unknown): Promise<Answer> {
  const failure = asStillhouseError(error);
  if (failure.code === 'internal') plane.log.error({ err: error, trace: call.id }, 'a call failed inside the gateway');
  const cancelled = failure.code === 'cancelled';
  const used = cancelled ? usedByCancelled(plane, call) : { usage: NO_USAGE, costUsd: UNKNOWN_COST.has(failure.code) ? null : 0 };
  const outcome = { httpStatus: statusOf(failure), errorClass: failure.code, errorMessage: failure.message, ...used };
  await recordCall(call, { status: cancelled ? 'cancelled' : 'error', ...outcome }, plane);
  return form.refusal(failure, answerHeaders(call));
}

/**
 * A caller who goes away does not stop a provider from charging for what it has read, nor for what it has written by then: each that was at
 * work. Of a whole answer nobody knows how much, so that it counts as that of a call which a crash cut off.
 */
function usedByCancelled({ catalogue }: DataPlane, { attempts, request }: Call): { usage: Usage; costUsd: number | null } {
  const atWork = attempts.filter(({ error_class: code, tokens_in: counted }) => code === 'cancelled' && counted === 0);
  if (atWork.length === 0) return { usage: NO_USAGE, costUsd: sentBy(() => attempts).mayHaveCost() ? null : 0 };
  const isText = !request.stream && request.messages.length > 0;
  const each = isText ? estimateUsage(request) : { ...NO_USAGE, tokensIn: estimatePrompt(request) };
  const costs = atWork.map((attempt) => chargeEstimate(attempt, each, { catalogue, body: request.body }));
  const known = costs.filter((usd) => usd !== null);
  const costUsd = known.length < costs.length ? null : known.reduce((sum, usd) => sum + usd, 0);
  const usage = { ...NO_USAGE, tokensIn: each.tokensIn * atWork.length, tokensOut: each.tokensOut * atWork.length };
  return { usage, costUsd };
}

/** Why a call was not made; a fault of our own is logged. */
export function refusal(plane: DataPlane, error: unknown): StillhouseError {
  const failure = asStillhouseError(error);
  if (failure.code === 'internal') plane.log.error({ err: error }, 'a request failed inside the gateway');
  return failure;
}

/** The answer where a store of our own was asked and could not be: a moment later it may be. */
export function refusalOfStore(plane: DataPlane, error: unknown): Answer {
  const failure = refusal(plane, error);
  return errorAnswer(failure, ERROR_CODES[failure.code].retryable ? { 'retry-after': '1' } : {});
}

/** Whether what a provider can't do is to be left out. */
export function isLenient(c: Inbound): boolean {
  return c.req.header(LENIENT_HEADER) === 'true';
}

function estimateOf({ catalogue }: DataPlane, { request, route }: Call): [Usage, number | null] {
  const usage = estimateUsage(request);
  const callable = catalogue.find(route.targets[0]!);
  return [usage, callable ? askedTierUsd(callable, usage, request.body['service_tier']) : null];
}

/** Fires when the connection closes before the answer is through. */
export function cancelSignal(c: Inbound): CancelSignal {
  const signal = new CancelSignal();
  const outgoing = c.env?.outgoing;
  // Who has left already says so no more.
  if (outgoing?.destroyed) signal.abort();
  if (outgoing) outgoing.on('close', () => void (outgoing.writableFinished || signal.abort()));
  else c.req.raw.signal.addEventListener('abort', () => signal.abort(), { once: true });
  return signal;
}
