import { createHash } from 'node:crypto';
import { lastUserText, type Message, textOf } from '../../contracts/chat.ts';
import { DETECTORS, type Privacy } from '../../contracts/privacy.ts';
import { LONGEST_ERROR_MESSAGE, type TraceRow, type TraceStart } from '../../contracts/traces.ts';
import { type Mask, TEXT_MASKS } from './detectors.ts';
import { type JsonMasks, maskJson, REMOVED } from './mask-json.ts';
import { ownMasks } from './own-patterns.ts';
import { withoutBodies } from './without-bodies.ts';

/** What a project's settings make of what is about to be stored. */
export interface Redaction {
  row: (row: TraceRow) => TraceRow;
  start: (start: TraceStart) => TraceStart;
  /** A text that is not part of a body: an error's message, what somebody says of a call. */
  text: (text: string) => string;
  /** Whose a call is, as it is stored. */
  owners: (owners: Owners) => Owners;
}

/** Empty: nobody's. */
type Owners = Pick<TraceRow, 'user_id' | 'session_id' | 'metadata'>;

/** Letters of a row's bodies times steps of the project's own patterns. Other calls wait while a text is looked through: for less than a second, at the worst. */
const MOST_STEPS = 20_000_000;
/** Before it is masked; afterwards less of it is kept. */
const LONGEST_MESSAGE = 10 * LONGEST_ERROR_MESSAGE;

/** Throws `invalid_request` for a pattern that can't be used. */
export function redactionOf(privacy: Privacy): Redaction {
  const own = ownMasks(privacy.patterns);
  const masks: Mask[] = [...own.masks];
  for (const detector of DETECTORS) if (detector !== 'image' && privacy.mask.includes(detector)) masks.push(TEXT_MASKS[detector]);
  const isRemoved = removedFields(privacy.fields);
  const plain: Mask = (text) => masks.reduce((masked, mask) => mask(masked), text);
  const value: Mask = (text) => {
    if (text.startsWith('data:') && DATA_URL.test(text))
      return text.startsWith('data:image/') && privacy.mask.includes('image') ? IMAGE : text;
    return isJson(text) ? maskJson(text, json) : plain(text);
  };
  const json: JsonMasks = { text: value, isRemoved, withoutLogprobs: masks.length > 0 };
  const metadata = (pairs: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(pairs).map(([key, text]) => [plain(key), isRemoved(['metadata', key]) ? REMOVED : value(text)]));
  const bodies = (row: TraceRow): TraceRow => {
    if (row.request === '' && row.response === '') return row;
    if (!isChosen(row.id, privacy.storeBodies)) return withoutBodies(row, 'not_stored');
    if (own.steps * lettersOf(row) > MOST_STEPS) return withoutBodies(row, 'too_long_to_mask');
    const [request, response] = [value(row.request), value(row.response)];
    // What a text was taken from may be gone.
    const anew = privacy.fields.length > 0;
    const prompt_text = anew && request !== row.request ? promptOf(request) : value(row.prompt_text);
    const answer_text = anew && response !== row.response ? answerOf(response) : value(row.answer_text);
    return { ...row, request, response, prompt_text, answer_text };
  };
  const owners = ({ user_id, session_id, metadata: pairs }: Owners): Owners => ({
    user_id: user_id !== '' && isRemoved(['user']) ? REMOVED : plain(user_id),
    session_id: session_id !== '' && isRemoved(['metadata', 'session_id']) ? REMOVED : plain(session_id),
    metadata: metadata(pairs),
  });
  return {
    text: plain,
    owners,
    start: (start) => (start.origin === 'pipeline' ? start : { ...start, metadata: metadata(start.metadata) }),
    row: (row) => ({
      ...bodies(row),
      error_message: plain(row.error_message.slice(0, LONGEST_MESSAGE)),
      ...owners(row),
      parameters: value(row.parameters ?? ''),
      tools: (row.tools ?? []).map(plain),
      tools_called: (row.tools_called ?? []).map(plain),
      // The pipeline's are names of its own runs, by which it finds its calls and their cost.
      ...(row.origin === 'pipeline' ? { metadata: row.metadata } : {}),
    }),
  };
}

const IMAGE = '[image]';
/** Files in a body are not looked into: what is found by chance in base64 would spoil them. */
const DATA_URL = /^data:[\w.+/-]{1,100}(?:;[\w=."-]{1,100}){0,5};base64,[A-Za-z0-9+/=_-]*$/;

function isJson(text: string): boolean {
  const body = text.trim();
  if (!/^[{["]/.test(body) || !/[}\]"]$/.test(body.slice(-1))) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** By hash, so that all that tells of the call chooses alike, however often it is asked. */
function isChosen(id: string, share: number): boolean {
  if (share >= 1) return true;
  return createHash('sha256').update(id).digest().readUInt32BE(0) / 2 ** 32 < share;
}

function lettersOf({ request, response, prompt_text, answer_text }: TraceRow): number {
  return request.length + response.length + prompt_text.length + answer_text.length;
}

/** Whether a path of names ends as one of the fields does. */
function removedFields(fields: readonly string[]): (path: readonly string[]) => boolean {
  const byLast = new Map<string, string[][]>();
  for (const field of fields) {
    const names = field.split('.');
    const last = names.at(-1)!;
    byLast.set(last, [...(byLast.get(last) ?? []), names]);
  }
  return (path) =>
    byLast.get(path.at(-1) ?? '')?.some((names) => names.every((name, i) => path[path.length - names.length + i] === name)) ?? false;
}

function promptOf(request: string): string {
  const messages = (parsed(request) as { messages?: unknown } | null)?.messages;
  return Array.isArray(messages) ? lastUserText(messages.filter(isObject) as Message[]) : '';
}

function answerOf(response: string): string {
  const choices = (parsed(response) as { choices?: unknown } | null)?.choices;
  const first: unknown = Array.isArray(choices) ? choices[0] : undefined;
  const message = isObject(first) ? first['message'] : undefined;
  return isObject(message) ? textOf(message as Message) : '';
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
