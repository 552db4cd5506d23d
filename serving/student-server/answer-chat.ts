import type { Context } from 'hono';
import { ERROR_CODES } from '../../contracts/errors.ts';
import type { AnswerPiece, LanguageModelAnswer } from '../language-model/engine-contract.ts';
import { parseStudentCall, type StudentCall } from './chat-request.ts';
import { answerHead, frames, wholeCompletion, type AnswerHead } from './completion-shape.ts';
import { errorText, knownError } from './error-response.ts';
import type { ServedStudent } from './served-students.ts';
import type { StudentServerContext, StudentServerParts } from './server-parts.ts';

const JSON_HEADERS = { 'content-type': 'application/json' };
const STREAM_HEADERS = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' };

/** `POST /v1/chat/completions`. */
export function answerChat(parts: StudentServerParts): (c: Context<StudentServerContext>) => Promise<Response> {
  return async function chat(c) {
    const ended = parts.metrics.begin();
    let streaming = false;
    let status = 200;
    try {
      const call = parseStudentCall(await c.req.text());
      const student = parts.students.find(call.model);
      const head = answerHead(student.name, parts.now());
      const signal = goneSignal(c);
      if (call.stream) {
        const response = await streamed(parts, student, call, { head, signal, ended });
        streaming = true;
        return response;
      }
      const answer = await parts.engine.complete(student.manifest, call.request, { signal });
      return new Response(wholeCompletion(head, answer), { headers: JSON_HEADERS });
    } catch (error) {
      status = ERROR_CODES[knownError(error).code].status;
      throw error;
    } finally {
      if (!streaming) ended(status);
    }
  };
}

/** A stream begins with the first text: what fails before is an answer with its status. */
async function streamed(
  parts: StudentServerParts,
  student: ServedStudent,
  call: StudentCall,
  { head, signal, ended }: { head: AnswerHead; signal: AbortSignal; ended: (status: number) => void },
): Promise<Response> {
  const gone = new AbortController();
  const either = AbortSignal.any([signal, gone.signal]);
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({
    start: (own) => void (controller = own),
    cancel: () => gone.abort(),
  });
  const send = (text: string) => {
    if (!either.aborted) controller.enqueue(Buffer.from(text));
  };
  let begin!: () => void;
  const begun = new Promise<void>((resolve) => (begin = resolve));
  let sent = false;
  const onToken = (piece: AnswerPiece) => {
    if (!sent) send(frames.begin(head));
    sent = true;
    send(frames.piece(head, piece));
    begin();
  };
  const answering = parts.engine.complete(student.manifest, call.request, { onToken, signal: either });
  const finish = (answer: LanguageModelAnswer) => {
    if (!sent) send(frames.begin(head));
    send(frames.end(head, answer));
    if (call.usageAsked) send(frames.usage(head, answer));
    send(frames.done);
  };
  const settled = answering.then(finish, (error: unknown) => {
    if (!sent) throw error;
    const known = knownError(error);
    if (known !== error) parts.log.error({ err: error, student: student.id }, 'a stream failed inside the student server');
    send(`data: ${errorText(known)}\n\n`);
  });
  await Promise.race([begun, settled]);
  void settled.finally(() => {
    ended(either.aborted ? ERROR_CODES.cancelled.status : 200);
    if (!either.aborted) controller.close();
  });
  return new Response(body, { headers: STREAM_HEADERS });
}

/** Fires when the connection closes before the answer is through. */
function goneSignal(c: Context<StudentServerContext>): AbortSignal {
  const outgoing = c.env?.outgoing;
  if (!outgoing) return c.req.raw.signal;
  const gone = new AbortController();
  outgoing.on('close', () => {
    if (!outgoing.writableFinished) gone.abort();
  });
  return gone.signal;
}
