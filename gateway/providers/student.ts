import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { lastUserText } from '../../contracts/chat.ts';
import type { Student } from '../../contracts/distil.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import type { ArtifactRef } from '../../contracts/identifiers.ts';
import { byName } from '../aliases/by-name.ts';
import type { ChatRequest } from '../chat/chat-request.ts';
import { OR_LENIENT } from './chat-fields.ts';
import type { HostedStudents } from './hosted-student.ts';
import type { PlacedStudents } from './language-model/placed-students.ts';
import type { Provider, ProviderAnswer, ProviderCall } from './provider.ts';

/** The part of the encoder pool that answers calls. */
export interface Classifier {
  /** Loads a student before its first call, which would wait for it otherwise. */
  prepare(manifest: ArtifactRef): Promise<unknown>;
  classify(manifest: ArtifactRef, text: string): Promise<{ label: string; computeMs: number; tokens: number }>;
}

export interface StudentOptions {
  /** null where no embedder is there: students are listed and can't answer. */
  classifier: Classifier | null;
  /** Serves language models; null where the gateway answers with encoders only. */
  languageModels?: PlacedStudents | null;
  /** Students that a provider serves; null where there are none. */
  hosted?: HostedStudents | null;
  /** US dollars of one CPU core for an hour: the price of an answer is its compute time at it. */
  usdPerCoreHour: number;
  now: () => number;
}

const MS_PER_HOUR = 3_600_000;
const JSON_HEADERS = { 'content-type': 'application/json' };
const STREAM_HEADERS = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' };

/**
 * `student/<name>`: an encoder answers in process, from the artifact that the registry names; a language model where it is
 * placed; a hosted one at its provider.
 */
export function studentProvider(options: StudentOptions): Provider {
  const { languageModels = null, hosted = null } = options;
  return Object.freeze({
    id: 'student',
    async call(call: ProviderCall): Promise<ProviderAnswer> {
      const student = byName(call.snapshot.students, call.model);
      if (!student) throw new StillhouseError('unavailable', `The student "${call.model}" is not in the registry`, { retryable: true });
      if (student.kind === 'language-model') {
        if (languageModels) return languageModels.call(student, call);
        throw new StillhouseError('unavailable', `The student "${call.model}" is a language model, which this gateway does not serve`);
      }
      if (student.kind === 'hosted') {
        if (hosted) return hosted.call(student, call);
        throw new StillhouseError('unavailable', `The student "${call.model}" is served by a provider, which this gateway does not ask`);
      }
      if (!options.classifier) throw noEmbedder();
      const text = readableText(call.request, call.model);
      const answer = await options.classifier.classify(student.manifest, text);
      return completion(call, answer, { costUsd: (answer.computeMs / MS_PER_HOUR) * options.usdPerCoreHour, nowMs: options.now() });
    },
    // The price is in each answer: it is time, not tokens.
    cost: () => null,
    targets: (snapshot) =>
      Object.values(snapshot.students).map((student) => {
        const refusal = refusalOf(student, { classifier: options.classifier, languageModels, hosted });
        return {
          target: `student/${student.name}`,
          kind: 'student' as const,
          inputUsdPerMTok: null,
          outputUsdPerMTok: null,
          ready: refusal === null,
          reason: refusal ?? '',
        };
      }),
    close: async () => languageModels?.close(),
  } satisfies Provider);
}

/** The text that an encoder reads; refuses what it can't do instead of leaving it out in silence, unless the caller is lenient. */
function readableText(request: ChatRequest, name: string): string {
  const cannot = (param: string, what: string) =>
    new StillhouseError(
      'invalid_request',
      `The student "${name}" is an encoder: it answers with one label and cannot do ${what}. ${OR_LENIENT}`,
      {
        param,
      },
    );
  const text = lastUserText(request.messages);
  if (text === '') {
    const message = `The student "${name}" is an encoder: it needs text in the last user message`;
    throw new StillhouseError('invalid_request', message, { param: 'messages' });
  }
  if (request.lenient) return text;
  const { body } = request;
  if (Array.isArray(body['tools']) && body['tools'].length > 0) throw cannot('tools', 'tool calls');
  if (Array.isArray(body['functions']) && body['functions'].length > 0) throw cannot('functions', 'function calls');
  if (typeof body['n'] === 'number' && body['n'] !== 1) throw cannot('n', 'more than one choice');
  if (body['logprobs'] === true) throw cannot('logprobs', 'log-probabilities');
  const format = body['response_format'] as { type?: unknown } | null | undefined;
  if (format?.type !== undefined && format.type !== 'text') throw cannot('response_format', 'structured output');
  if (Array.isArray(body['modalities']) && body['modalities'].some((one) => one !== 'text'))
    throw cannot('modalities', 'anything but text');
  return text;
}

function completion(
  call: ProviderCall,
  answer: { label: string; tokens: number },
  { costUsd, nowMs }: { costUsd: number; nowMs: number },
): ProviderAnswer {
  const outTokens = Math.max(1, Math.ceil(answer.label.length / 4));
  const usage = { prompt_tokens: answer.tokens, completion_tokens: outTokens, total_tokens: answer.tokens + outTokens };
  const head = { id: `chatcmpl-${randomUUID()}`, created: Math.floor(nowMs / 1000), model: `student/${call.model}` };
  if (!call.request.stream) {
    const message = { role: 'assistant', content: answer.label, refusal: null };
    const choices = [{ index: 0, message, logprobs: null, finish_reason: 'stop' }];
    return {
      form: 'whole',
      status: 200,
      headers: JSON_HEADERS,
      text: JSON.stringify({ ...head, object: 'chat.completion', choices, usage }),
      costUsd,
    };
  }
  const chunk = (rest: object) => `data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', ...rest })}\n\n`;
  const choice = (delta: object, finish: string | null) => chunk({ choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }] });
  const frames = [
    choice({ role: 'assistant', content: '' }, null),
    choice({ content: answer.label }, null),
    choice({}, 'stop'),
    chunk({ choices: [], usage }),
    'data: [DONE]\n\n',
  ];
  return { form: 'stream', status: 200, headers: STREAM_HEADERS, body: Readable.from(frames.map((frame) => Buffer.from(frame))), costUsd };
}

/** Why a student can't be asked; null where it can. */
function refusalOf(student: Student, { classifier, languageModels, hosted }: Required<Omit<StudentOptions, 'usdPerCoreHour' | 'now'>>) {
  switch (student.kind) {
    case 'encoder':
      return classifier ? null : noEmbedder().message;
    case 'language-model':
      return languageModels ? languageModels.refusal(student) : 'a language model is not served here';
    case 'hosted':
      return hosted ? hosted.refusal(student) : 'a hosted student is not served here';
  }
}

function noEmbedder(): StillhouseError {
  return new StillhouseError('unavailable', 'This gateway has no embedder (STILLHOUSE_EMBEDDER is not set), so students cannot answer');
}
