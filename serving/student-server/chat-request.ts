import { z } from 'zod';
import { Message } from '../../contracts/chat.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import type { LanguageModelRequest } from '../language-model/engine-contract.ts';

/** A call of the student server, read from OpenAI's body. */
export interface StudentCall {
  model: string;
  request: LanguageModelRequest;
  stream: boolean;
  /** Whether the caller asked for the extra usage chunk of a stream. */
  usageAsked: boolean;
}

const optional = <T extends z.ZodType>(type: T) => type.nullish().transform((value) => value ?? undefined);
const nothing = (what: string) =>
  z
    .unknown()
    .optional()
    .refine((value) => value == null || (typeof value === 'object' && Object.keys(value).length === 0), `a student cannot do ${what}`);

/** The fields that mean something here. Those that only name the caller (`user`, `metadata`, …) pass; what a student can't do is refused. */
const Body = z.looseObject({
  model: z.string().min(1),
  messages: z.array(Message).min(1),
  stream: optional(z.boolean()),
  stream_options: optional(z.looseObject({ include_usage: optional(z.boolean()) })),
  max_tokens: optional(z.number().int().positive()),
  max_completion_tokens: optional(z.number().int().positive()),
  temperature: optional(z.number().min(0).max(2)),
  top_p: optional(z.number().gt(0).max(1)),
  seed: optional(z.number().int()),
  frequency_penalty: optional(z.number().min(-2).max(2)),
  presence_penalty: optional(z.number().min(-2).max(2)),
  stop: optional(z.union([z.string().transform((one) => [one]), z.array(z.string()).max(16)])),
  logprobs: optional(z.boolean()),
  top_logprobs: optional(z.number().int().min(0).max(20)),
  n: optional(z.literal(1, 'a student gives one choice')),
  response_format: optional(
    z.discriminatedUnion('type', [
      z.looseObject({ type: z.literal('text') }),
      z.looseObject({ type: z.literal('json_object') }),
      z.looseObject({ type: z.literal('json_schema'), json_schema: z.looseObject({ schema: z.record(z.string(), z.unknown()) }) }),
    ]),
  ),
  tools: nothing('tool calls'),
  functions: nothing('function calls'),
  logit_bias: nothing('biased tokens'),
});

/** Parses a body. Throws `invalid_json`, or `invalid_request` with the field's name. */
export function parseStudentCall(text: string): StudentCall {
  const parsed = Body.safeParse(parseJson(text));
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    const param = issue.path.reduce<string>(
      (path, step) => (typeof step === 'number' ? `${path}[${step}]` : path === '' ? String(step) : `${path}.${String(step)}`),
      '',
    );
    throw new StillhouseError('invalid_request', `Invalid '${param}': ${issue.message}`, { param });
  }
  const body = parsed.data;
  body.messages.forEach(refuseOtherThanText);
  const format = body.response_format;
  return {
    model: body.model,
    stream: body.stream ?? false,
    usageAsked: body.stream_options?.include_usage ?? false,
    request: {
      messages: body.messages,
      maxTokens: body.max_completion_tokens ?? body.max_tokens,
      temperature: body.temperature,
      topP: body.top_p,
      // OpenAI's seeds may be negative; llama.cpp's are not.
      seed: body.seed === undefined ? undefined : Math.abs(body.seed) % 2 ** 31,
      stop: body.stop,
      frequencyPenalty: body.frequency_penalty,
      presencePenalty: body.presence_penalty,
      topLogprobs: body.logprobs ? (body.top_logprobs ?? 0) : undefined,
      json:
        format?.type === 'json_schema'
          ? { schema: format.json_schema.schema }
          : format?.type === 'json_object'
            ? { schema: null }
            : undefined,
    },
  };
}

function refuseOtherThanText(message: Message, index: number): void {
  const param = `messages[${index}]`;
  const cannot = (what: string) =>
    new StillhouseError('invalid_request', `Invalid '${param}': a student reads text, not ${what}`, { param });
  if (Array.isArray(message.content)) {
    const other = message.content.find((part) => part.type !== 'text');
    if (other) throw cannot(`parts of the type "${other.type}"`);
  }
  if (message['tool_calls'] != null || message.role === 'tool' || message.role === 'function') throw cannot('tool calls');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new StillhouseError('invalid_json', `The request's body is not JSON: ${(error as Error).message.slice(0, 200)}`, {
      cause: error,
    });
  }
}
