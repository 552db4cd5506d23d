import { StillhouseError } from '../../contracts/errors.ts';
import { topLevelMembers } from '../chat/json-members.ts';
import { fileIdsIn, type FileOwners, mayNameFiles } from '../chat/named-files.ts';
import type { Caller } from '../keys/caller.ts';
import { checkMayCall, mayCall } from '../keys/key-rules.ts';
import type { CancelSignal } from '../providers/cancel-signal.ts';
import type { Provider } from '../providers/provider.ts';
import { linesOf } from './lines-of.ts';
import { worstOfLine } from '../batches/line-price.ts';
import { isObject } from '../providers/chat-fields.ts';
import { jsonObject } from './objects.ts';
import { allOf } from './passed-request.ts';

/** Whether a key may call any model of that provider: one that may not has nothing to do with its files. */
export function mayUse({ rules }: Caller, { id }: Provider): boolean {
  const isOfIt = (model: string) => model.startsWith(`${id}/`);
  return (
    rules === undefined || [...rules.models].some(isOfIt) || rules.prefixes.some((prefix) => isOfIt(prefix) || `${id}/`.startsWith(prefix))
  );
}

/** Refuses with `forbidden` who may not. */
export function checkMayUse(caller: Caller, provider: Provider): void {
  if (!mayUse(caller, provider)) checkMayCall(caller, allOf(provider));
}

/** What a batch's lines ask for. */
export interface BatchLines {
  /** As they name them. */
  models: string[];
  /** What all of them may cost at most, US dollars; null where none has a price. */
  worstUsd: number | null;
}

/** What a batch's file is checked by. */
interface LineCheck {
  caller: Caller;
  provider: Provider;
  files: FileOwners;
  signal: CancelSignal;
  longestLine: number;
  /** The batch's: a path of OpenAI's. */
  endpoint: string;
}

/** No batch asks for more: what is not a model of its provider's has no price either. */
const MOST_MODELS = 100;
/** So many files that lines name are looked up at once. */
const FILES_AT_ONCE = 100;

/**
 * Throws `forbidden` where a line of a batch's file asks for a model that the key may not call, `invalid_request` where it does not say
 * one, `not_found` where it names another project's file. The file is read as it lies at its provider, and no more of it is held than a line.
 */
export async function checkLines(
  fileId: string,
  { caller, provider, files, signal, longestLine, endpoint }: LineCheck,
): Promise<BatchLines> {
  const path = `/files/${encodeURIComponent(fileId)}/content`;
  const answer = await provider.passOn!({ method: 'GET', path, model: '', contentType: '', body: null, signal });
  const checksModels = !mayCall(caller, allOf(provider));
  const allowed = new Set<string>();
  const lines: BatchLines = { models: [], worstUsd: null };
  const ids = new Set<string>();
  let number = 0;
  try {
    if (answer.status !== 200) throw unread(`its provider answers ${answer.status}`);
    for await (const line of linesOf(answer.body as AsyncIterable<Uint8Array>, longestLine, () => tooLong(longestLine))) {
      number++;
      const asked = jsonObject(line);
      if (mayNameFiles(line)) for (const id of fileIdsIn(asked)) ids.add(id);
      if (ids.size >= FILES_AT_ONCE) {
        await files.checkOwn(caller.project, ids);
        ids.clear();
      }
      addLine(lines, { provider, endpoint, line, asked });
      if (!checksModels || line.trim() === '') continue;
      const model = modelOf(line);
      if (model === null) throw unread(`line ${number} does not name one model in its body`);
      if (allowed.has(model)) continue;
      checkMayCall(caller, { alias: '', targets: [`${provider.id}/${model}`] });
      allowed.add(model);
    }
    await files.checkOwn(caller.project, ids);
    return lines;
  } finally {
    answer.body.on('error', () => undefined).destroy();
  }
}

function addLine(
  lines: BatchLines,
  { provider, endpoint, line, asked }: { provider: Provider; endpoint: string; line: string; asked: Record<string, unknown> | null },
): void {
  const body = asked?.['body'];
  const model = isObject(body) ? body['model'] : null;
  if (typeof model !== 'string') return;
  if (!lines.models.includes(model) && lines.models.length < MOST_MODELS) lines.models.push(model);
  const usd = worstOfLine(provider, { endpoint, line, model, body: body as Record<string, unknown> });
  if (usd !== null) lines.worstUsd = (lines.worstUsd ?? 0) + usd;
}

function tooLong(longest: number): StillhouseError {
  return unread(`a line is longer than ${longest} bytes`);
}

function unread(why: string): StillhouseError {
  return new StillhouseError('invalid_request', `The batch's file can't be checked: ${why}`, { param: 'input_file_id' });
}

/** null where a line says none, or says it twice: another reader may take the other. */
function modelOf(line: string): string | null {
  const parsed = jsonObject(line);
  if (!parsed) return null;
  const bodies = topLevelMembers(line).filter(({ key }) => key === 'body');
  const text = bodies.length === 1 ? line.slice(bodies[0]!.valueStart, bodies[0]!.valueEnd) : '';
  const body = jsonObject(text);
  if (!body || topLevelMembers(text).filter(({ key }) => key === 'model').length !== 1) return null;
  return typeof body['model'] === 'string' ? body['model'] : null;
}
