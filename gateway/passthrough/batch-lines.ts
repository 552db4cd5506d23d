import { StillhouseError } from '../../contracts/errors.ts';
import { topLevelMembers } from '../chat/json-members.ts';
import { fileIdsIn, type FileOwners, mayNameFiles } from '../chat/named-files.ts';
import type { Caller } from '../keys/caller.ts';
import { checkMayCall, mayCall } from '../keys/key-rules.ts';
import type { CancelSignal } from '../providers/cancel-signal.ts';
import type { Provider } from '../providers/provider.ts';
import { GrowingBytes } from '../../platform/growing-bytes.ts';
import { jsonObject } from './objects.ts';
import { allOf } from './passed-request.ts';

const NEWLINE = 10;

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

/** What a batch's file is checked by. */
interface LineCheck {
  caller: Caller;
  provider: Provider;
  files: FileOwners;
  signal: CancelSignal;
  longestLine: number;
}

/** So many files that lines name are looked up at once. */
const FILES_AT_ONCE = 100;

/**
 * Throws `forbidden` where a line of a batch's file asks for a model that the key may not call, `invalid_request` where it does not say
 * one, `not_found` where it names another project's file. The file is read as it lies at its provider, and no more of it is held than a line.
 */
export async function checkLines(fileId: string, { caller, provider, files, signal, longestLine }: LineCheck): Promise<void> {
  const path = `/files/${encodeURIComponent(fileId)}/content`;
  const answer = await provider.passOn!({ method: 'GET', path, model: '', contentType: '', body: null, signal });
  const checksModels = !mayCall(caller, allOf(provider));
  const models = new Set<string>();
  const ids = new Set<string>();
  let number = 0;
  try {
    if (answer.status !== 200) throw unread(`its provider answers ${answer.status}`);
    for await (const line of linesOf(answer.body as AsyncIterable<Uint8Array>, longestLine)) {
      number++;
      if (mayNameFiles(line)) for (const id of fileIdsIn(jsonObject(line))) ids.add(id);
      if (ids.size >= FILES_AT_ONCE) {
        await files.checkOwn(caller.project, ids);
        ids.clear();
      }
      if (!checksModels || line.trim() === '') continue;
      const model = modelOf(line);
      if (model === null) throw unread(`line ${number} does not name one model in its body`);
      if (models.has(model)) continue;
      checkMayCall(caller, { alias: '', targets: [`${provider.id}/${model}`] });
      models.add(model);
    }
    await files.checkOwn(caller.project, ids);
  } finally {
    answer.body.on('error', () => undefined).destroy();
  }
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

async function* linesOf(chunks: AsyncIterable<Uint8Array>, longest: number): AsyncGenerator<string> {
  const line = new GrowingBytes();
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0 && line.length <= longest; end = chunk.indexOf(NEWLINE, from)) {
      line.add(chunk.subarray(from, end));
      from = end + 1;
      yield line.take().toString();
    }
    line.add(chunk.subarray(from));
    if (line.length > longest) throw unread(`a line is longer than ${longest} bytes`);
  }
  yield line.take().toString();
}
