import { answerSchema, mostTokens, numberIn, offeredTools, stopTexts, toolChoice } from '../chat-parts.ts';
import { refuseUnsupported, wrong } from '../chat-fields.ts';
import type { DialectCall, WireRequest } from '../dialect.ts';
import { googleContents } from './contents.ts';

const SUPPORTED = new Set([
  ...['tools', 'tool_choice', 'stop', 'seed', 'temperature', 'top_p', 'top_k', 'n', 'frequency_penalty', 'presence_penalty'],
  ...['max_tokens', 'max_completion_tokens', 'response_format', 'reasoning_effort', 'logprobs', 'top_logprobs'],
]);
/** Tokens of thinking for OpenAI's `reasoning_effort`, as Google's own OpenAI dialect has them. */
const BUDGETS: Readonly<Record<string, number>> = { none: 0, minimal: 1024, low: 1024, medium: 8192, high: 24_576 };

type Body = DialectCall['body'];

/** `:generateContent`, or `:streamGenerateContent` as server-sent events. */
export function googleRequest({ body, model, stream, lenient }: DialectCall): WireRequest {
  refuseUnsupported(body, SUPPORTED, { provider: 'Google', lenient });
  const { system, contents } = googleContents(body['messages'] as unknown[]);
  const tools = offeredTools(body);
  const generationConfig = configOf(body, model, lenient);
  const wire = {
    ...(system.length > 0 ? { systemInstruction: { parts: system } } : {}),
    contents,
    ...(tools.length > 0
      ? {
          tools: [
            {
              functionDeclarations: tools.map(({ name, description, parameters }) => ({
                name,
                ...(description === undefined ? {} : { description }),
                parametersJsonSchema: parameters,
              })),
            },
          ],
          ...choiceOf(body),
        }
      : {}),
    ...(Object.keys(generationConfig).length > 0 ? { generationConfig } : {}),
  };
  const method = stream ? 'streamGenerateContent?alt=sse' : 'generateContent';
  return { path: `/models/${encodeURIComponent(model)}:${method}`, body: JSON.stringify(wire) };
}

function choiceOf(body: Body): object {
  const choice = toolChoice(body);
  if (choice === null || choice === 'auto') return {};
  const mode =
    choice === 'none' ? { mode: 'NONE' } : choice === 'required' ? { mode: 'ANY' } : { mode: 'ANY', allowedFunctionNames: [choice.name] };
  return { toolConfig: { functionCallingConfig: mode } };
}

function configOf(body: Body, model: string, lenient: boolean): Record<string, unknown> {
  const stop = stopTexts(body);
  const most = mostTokens(body);
  const numbers = [
    ['temperature', 'temperature'],
    ['top_p', 'topP'],
    ['top_k', 'topK'],
    ['seed', 'seed'],
    ['n', 'candidateCount'],
    ['frequency_penalty', 'frequencyPenalty'],
    ['presence_penalty', 'presencePenalty'],
    ['top_logprobs', 'logprobs'],
  ] as const;
  return {
    ...Object.fromEntries(numbers.flatMap(([from, to]) => (numberIn(body, from) === undefined ? [] : [[to, numberIn(body, from)]]))),
    ...(body['logprobs'] === true ? { responseLogprobs: true } : {}),
    ...(most === undefined ? {} : { maxOutputTokens: most }),
    ...(stop.length > 0 ? { stopSequences: stop } : {}),
    ...formatOf(body),
    ...thinkingOf(body, model, lenient),
  };
}

function formatOf(body: Body): object {
  const schema = answerSchema(body);
  if (schema === null) return {};
  return { responseMimeType: 'application/json', ...(schema === 'json' ? {} : { responseJsonSchema: schema.schema }) };
}

/** A level from Gemini 3 on, a budget before. */
function thinkingOf(body: Body, model: string, lenient: boolean): object {
  const effort = body['reasoning_effort'];
  if (effort == null) return {};
  const budget = typeof effort === 'string' ? BUDGETS[effort] : undefined;
  if (budget === undefined) {
    if (lenient) return {};
    throw wrong('reasoning_effort', `one of ${Object.keys(BUDGETS).join(', ')} is needed`);
  }
  const generation = Number(/gemini-(\d+)/.exec(model)?.[1] ?? 2);
  if (generation < 3) return { thinkingConfig: { thinkingBudget: budget, ...(budget > 0 ? { includeThoughts: true } : {}) } };
  const level = effort === 'high' || effort === 'medium' ? effort : 'low';
  return { thinkingConfig: { thinkingLevel: level, includeThoughts: true } };
}
