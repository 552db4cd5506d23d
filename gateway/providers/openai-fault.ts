import { parseWritable } from '../../core/json-nesting.ts';
import type { Dialect, ProviderFault } from './dialect.ts';
import type { ProviderAnswer } from './provider.ts';

type WholeAnswer = Extract<ProviderAnswer, { form: 'whole' }>;

/** A provider's error in OpenAI's shape. */
export function openAIFault({ message, code }: ProviderFault): object {
  return { error: { message: message === '' ? 'The provider gave no reason' : message, type: code ?? 'api_error', param: null, code } };
}

/** A provider's error answer in OpenAI's shape; what it asks to wait is said by headers, unless its own say it. */
export function faultAnswer(answer: WholeAnswer, dialect: Pick<Dialect, 'error'>): WholeAnswer {
  const fault = dialect.error(jsonOf(answer.text));
  const { headers } = answer;
  const says = headers['retry-after'] !== undefined || headers['retry-after-ms'] !== undefined;
  const wait = fault.waitMs === undefined || says ? {} : waitHeaders(fault.waitMs);
  return { ...answer, headers: { ...headers, ...wait, 'content-type': 'application/json' }, text: JSON.stringify(openAIFault(fault)) };
}

/** Most clients know whole seconds only. */
function waitHeaders(waitMs: number): Record<string, string> {
  return { 'retry-after-ms': String(waitMs), 'retry-after': String(Math.ceil(waitMs / 1000)) };
}

/** Parsed, or the text itself where it is no JSON, or too deep to be written again. */
export function jsonOf(text: string): unknown {
  try {
    return parseWritable(text);
  } catch {
    return text;
  }
}
