import { StillhouseError } from '../../contracts/errors.ts';
import { type FeedbackReceipt, FeedbackRequest } from '../../contracts/feedback.ts';
import type { Redaction } from '../../core/privacy/redaction.ts';
import type { ClickHouseClient } from '../../store/clickhouse/connection.ts';
import { insertFeedback, isTraceStored } from '../../store/clickhouse/feedback.ts';
import { jsonBody } from '../chat/chat-request.ts';
import type { DataPlane } from '../chat/data-plane.ts';
import { type CallHandler, callerOf, refusalOfStore } from '../chat/make-call.ts';
import { readBody } from '../chat/read-body.ts';
import { timeOfTraceId, traceId } from '../tracing/trace-id.ts';

/** A call shows in ClickHouse about a second after it ended; a long one began long before. A clock may be a little ahead. */
const NOT_YET_SHIPPED_MS = 15 * 60_000;
const CLOCK_SKEW_MS = 60_000;

/**
 * `POST /v1/feedback`. Acknowledged once ClickHouse has it: while it is down the answer is a 503, and the caller still has what it
 * wanted to say. A trace that is not stored yet may be on its way from a gateway's spool, so one that began in the last 15 minutes
 * is taken for granted; an older one that the project doesn't have is not found.
 */
export function feedback(plane: DataPlane, clickhouse: ClickHouseClient): CallHandler {
  return async function takeFeedback(c) {
    try {
      const { project, keyId } = callerOf(plane, c);
      const said = parsed(jsonBody(await readBody(c, plane.maxBodyBytes)));
      const now = plane.now();
      const age = now - timeOfTraceId(said.trace_id);
      const fresh = age < NOT_YET_SHIPPED_MS && age > -CLOCK_SKEW_MS;
      if (!fresh && !(await isTraceStored(clickhouse, project, said.trace_id)))
        throw new StillhouseError('not_found', `There is no trace "${said.trace_id}" in this project.`, { param: 'trace_id' });
      const id = said.id?.toLowerCase() ?? traceId(now);
      await insertFeedback(clickhouse, project, {
        id,
        at: new Date(now).toISOString(),
        keyId,
        said: redacted(said, plane.tracer.redactionOf(project)),
      });
      const receipt: FeedbackReceipt = { object: 'feedback', id, trace_id: said.trace_id };
      return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(receipt) };
    } catch (error) {
      return refusalOfStore(plane, error);
    }
  };
}

/** What people say of a call is stored as the call is. */
function redacted(said: FeedbackRequest, redaction: Redaction | null): FeedbackRequest {
  if (redaction === null) return said;
  const { comment, corrected_answer, user } = said;
  return {
    ...said,
    ...(comment === undefined ? {} : { comment: redaction.text(comment) }),
    ...(corrected_answer === undefined ? {} : { corrected_answer: redaction.text(corrected_answer) }),
    ...(user === undefined ? {} : { user: redaction.text(user) }),
  };
}

function parsed(body: unknown): FeedbackRequest {
  const { success, data, error } = FeedbackRequest.safeParse(body);
  if (success) return { ...data, trace_id: data.trace_id.toLowerCase() };
  const [issue] = error.issues;
  const param = issue?.code === 'unrecognized_keys' ? issue.keys[0]! : (issue?.path.join('.') ?? '');
  throw new StillhouseError('invalid_request', `${param === '' ? 'feedback' : param}: ${issue?.message}`, param === '' ? {} : { param });
}
