import { answerSchema, jsonBody, mostTokens, numberIn, offeredTools, stopTexts, toolChoice } from '../chat-parts.ts';
import { cannot, refuseUnsupported, wrong } from '../chat-fields.ts';
import type { DialectCall, WireRequest } from '../dialect.ts';
import { googleContents } from './contents.ts';
import { abilitiesOf, type Abilities } from './models.ts';
import { googleThinking } from './thinking.ts';

const NAME = 'Google';
/** OpenAI's numbers and their names here. */
const NUMBERS = {
  temperature: 'temperature',
  top_p: 'topP',
  top_k: 'topK',
  seed: 'seed',
  n: 'candidateCount',
} as const;
const PENALTIES = { frequency_penalty: 'frequencyPenalty', presence_penalty: 'presencePenalty' } as const;
const SUPPORTED = new Set([
  ...Object.keys(NUMBERS),
  ...Object.keys(PENALTIES),
  'tools',
  'tool_choice',
  'stop',
  'max_tokens',
  'max_completion_tokens',
  'response_format',
  'reasoning_effort',
  'thinking',
  'logprobs',
  'top_logprobs',
]);

type Body = DialectCall['body'];

/** `:generateContent`, or `:streamGenerateContent` as server-sent events. */
export function googleRequest(call: DialectCall): WireRequest {
  const method = call.stream ? 'streamGenerateContent?alt=sse' : 'generateContent';
  return { path: `${modelPath(call.model)}:${method}`, body: jsonBody(() => wireOf(call)) };
}

/** Google's lists name models with `models/` before them; a call may too. Throws `invalid_request` for what no path can have. */
export function modelPath(model: string): string {
  if (!model.isWellFormed()) throw wrong('model', 'it has half a character');
  return `/models/${encodeURIComponent(model.replace(/^models\//, ''))}`;
}

function wireOf(call: DialectCall): object {
  const { body, model, lenient } = call;
  refuseUnsupported(body, SUPPORTED, { provider: NAME, lenient });
  const abilities = abilitiesOf(model);
  const { system, contents } = googleContents(body['messages'] as unknown[], abilities, lenient);
  const generationConfig = configOf(call, abilities);
  return {
    ...(system.length > 0 ? { systemInstruction: { parts: system } } : {}),
    contents,
    ...toolsOf(body),
    ...(Object.keys(generationConfig).length > 0 ? { generationConfig } : {}),
  };
}

function toolsOf(body: Body): object {
  const tools = offeredTools(body);
  const choice = toolChoice(body);
  if (tools.length === 0) {
    if (choice !== null && choice !== 'auto' && choice !== 'none') throw wrong('tool_choice', 'no tools are offered');
    return {};
  }
  const functionDeclarations = tools.map(({ name, description, parameters }) => ({
    name,
    ...(description === undefined ? {} : { description }),
    parametersJsonSchema: parameters,
  }));
  const mode = modeOf(
    choice,
    tools.some(({ strict }) => strict),
  );
  return { tools: [{ functionDeclarations }], ...(mode ? { toolConfig: { functionCallingConfig: mode } } : {}) };
}

/** Where calls are not forced, only `VALIDATED` holds their arguments to the schemas. */
function modeOf(choice: ReturnType<typeof toolChoice>, strict: boolean): object | null {
  if (choice === 'none') return { mode: 'NONE' };
  if (choice === 'required') return { mode: 'ANY' };
  if (choice !== null && choice !== 'auto') return { mode: 'ANY', allowedFunctionNames: [choice.name] };
  return strict ? { mode: 'VALIDATED' } : null;
}

function configOf(call: DialectCall, abilities: Abilities): Record<string, unknown> {
  const { body } = call;
  const stop = stopTexts(body);
  const most = mostTokens(body);
  const numbers = Object.entries(NUMBERS).flatMap(([from, to]) => {
    const value = numberIn(body, from);
    return value === undefined ? [] : [[to, value]];
  });
  return {
    ...Object.fromEntries(numbers),
    ...penaltiesOf(call, abilities),
    ...logprobsOf(body),
    ...(most === undefined ? {} : { maxOutputTokens: most }),
    ...(stop.length > 0 ? { stopSequences: stop } : {}),
    ...formatOf(call, abilities),
    ...googleThinking(call, abilities),
  };
}

/** None is 0, which each model takes. */
function penaltiesOf({ body, lenient, model }: DialectCall, { penalises }: Abilities): object {
  const asked = Object.entries(PENALTIES).flatMap(([from, to]) => {
    const value = numberIn(body, from) ?? 0;
    if (value === 0) return [];
    if (penalises) return [[to, value]];
    if (lenient) return [];
    throw cannot(NAME, from, `'${from}' with ${model}`);
  });
  return Object.fromEntries(asked) as object;
}

/** The number of the likeliest may be said only where they are asked for. */
function logprobsOf(body: Body): object {
  const top = numberIn(body, 'top_logprobs') ?? 0;
  if (body['logprobs'] === true) return { responseLogprobs: true, ...(top === 0 ? {} : { logprobs: top }) };
  if (top !== 0) throw wrong('top_logprobs', "'logprobs' must be true beside it");
  return {};
}

function formatOf({ body, lenient, model }: DialectCall, { formatsBesideTools }: Abilities): object {
  const schema = answerSchema(body);
  if (schema === null) return {};
  if (!formatsBesideTools && offeredTools(body).length > 0) {
    if (lenient) return {};
    throw cannot(NAME, 'response_format', `'response_format' beside 'tools' with ${model}`);
  }
  return { responseMimeType: 'application/json', ...(schema === 'json' ? {} : { responseJsonSchema: schema.schema }) };
}
