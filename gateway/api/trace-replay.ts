import { createRoute, z } from '@hono/zod-openapi';
import { StillhouseError } from '../../contracts/errors.ts';
import { HEADERS } from '../../contracts/http.ts';
import { Replay, ReplayRequest, type ReplayedAnswer } from '../../contracts/replay.ts';
import type { Trace } from '../../contracts/traces.ts';
import { isSameAnswer } from '../../core/candidates/comparable-answer.ts';
import { jsonOrText } from '../../core/json-nesting.ts';
import { getTrace } from '../../store/clickhouse/traces.ts';
import type { Answer } from '../chat/answer.ts';
import { completionFacts } from '../chat/completion-facts.ts';
import type { ApiDeps } from './dependencies.ts';
import { answers, apiRouter, jsonBody, named } from './openapi.ts';

const replay = createRoute({
  method: 'post',
  path: '/traces/{id}/replay',
  tags: ['traces'],
  summary: 'The same request to another target',
  description:
    "Sends a recorded chat call's request once more, unstreamed, to a provider's model, a student or an alias, and shows both answers. The new call is paid for and " +
    'recorded (origin `pipeline`, metadata `replay_of`). What the target says, an error too, is the answer; only what could not be sent is refused.',
  request: { params: z.object({ id: z.string().max(100) }), body: jsonBody(named('ReplayRequest', ReplayRequest)) },
  responses: answers(200, 'Both answers', named('Replay', Replay)),
});

/** Not of the request that a provider gets: how it came, and how its answer was to come. */
const NOT_REPLAYED = ['api', 'instructed', 'stream', 'stream_options', 'metadata', 'store'];

/** A recorded call's request, sent to another target. */
export function traceReplayRoutes(deps: ApiDeps) {
  return apiRouter().openapi(replay, async (c) => {
    const caller = c.get('caller');
    const id = c.req.valid('param').id.toLowerCase();
    const { target, lenient } = c.req.valid('json');
    const trace = await getTrace(deps.clickhouse, caller.project, id, deps.artifacts);
    if (!trace) throw new StillhouseError('not_found', `There is no trace "${id}" to replay.`, { param: 'id' });
    const body = { ...chatBody(trace), model: target };
    const began = deps.now();
    const answer = await deps.replay(c, caller, { body, traceId: trace.id, lenient });
    const both = { original: recorded(trace), replay: answered(answer, deps.now() - began) };
    return c.json({ ...both, same: isSame(both.original, both.replay) }, 200);
  });
}

function chatBody({ id, request, bodies }: Trace): Record<string, unknown> {
  const body = request as Record<string, unknown> | null;
  if (bodies !== 'stored')
    throw new StillhouseError(
      'invalid_request',
      `The trace "${id}" has no request to replay: its bodies are ${bodies.replaceAll('_', ' ')}.`,
      {
        param: 'id',
      },
    );
  if (typeof body !== 'object' || !Array.isArray(body?.['messages']))
    throw new StillhouseError('invalid_request', `The trace "${id}" has no messages: only chat calls can be replayed.`, { param: 'id' });
  return Object.fromEntries(Object.entries(body).filter(([field]) => !NOT_REPLAYED.includes(field)));
}

function recorded(trace: Trace): ReplayedAnswer {
  const { id: traceId, target, httpStatus, finishReason, response, tokensIn, tokensOut, costUsd, latencyMs } = trace;
  const text = completionFacts(JSON.stringify(response))?.answerText ?? trace.answer;
  const error = trace.status === 'ok' ? '' : trace.errorMessage || trace.status;
  return { traceId, target, httpStatus, error, text, response, finishReason, tokensIn, tokensOut, costUsd, latencyMs };
}

function answered({ status: httpStatus, headers, body }: Answer, latencyMs: number): ReplayedAnswer {
  // Unstreamed calls are answered with text.
  const text = body as string;
  const facts = httpStatus < 400 ? completionFacts(text) : null;
  const response = jsonOrText(text);
  const cost = headers[HEADERS.costUsd];
  return {
    traceId: headers[HEADERS.traceId]!,
    target: headers[HEADERS.target]!,
    httpStatus,
    error: facts ? '' : errorOf(response, httpStatus),
    text: facts?.answerText ?? '',
    response,
    finishReason: facts?.finishReason ?? '',
    tokensIn: facts?.usage?.tokensIn ?? 0,
    tokensOut: facts?.usage?.tokensOut ?? 0,
    costUsd: cost === undefined ? null : Number(cost),
    latencyMs,
  };
}

function isSame(one: ReplayedAnswer, other: ReplayedAnswer): boolean {
  if (one.error !== '' || other.error !== '') return false;
  return isSameAnswer(one.text, other.text) && isSameAnswer(toolsOf(one), toolsOf(other));
}

/** What the first choice calls, as JSON without the ids, which differ from call to call. */
function toolsOf({ response }: ReplayedAnswer): string {
  const choices = (response as { choices?: { message?: { tool_calls?: { function?: { name?: string; arguments?: string } }[] } }[] } | null)
    ?.choices;
  const calls = choices?.[0]?.message?.tool_calls ?? [];
  return JSON.stringify(calls.map((call) => ({ name: call.function?.name, arguments: jsonOrText(call.function?.arguments ?? '') })));
}

function errorOf(response: unknown, status: number): string {
  const message = (response as { error?: { message?: unknown } } | null)?.error?.message;
  return typeof message === 'string' && message !== '' ? message : `answered with ${status}`;
}
