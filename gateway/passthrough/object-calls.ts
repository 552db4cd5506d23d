import { StillhouseError } from '../../contracts/errors.ts';
import type { ProviderObject, ProviderObjectKind } from '../../store/clickhouse/provider-objects.ts';
import type { Answer } from '../chat/answer.ts';
import { jsonBody } from '../chat/chat-request.ts';
import { newCall } from '../chat/call.ts';
import type { Inbound } from '../chat/inbound.ts';
import { editFields, topLevelMembers } from '../chat/json-members.ts';
import { callerOf, cancelSignal, refusalOfStore } from '../chat/make-call.ts';
import { readBody } from '../chat/read-body.ts';
import type { Caller } from '../keys/caller.ts';
import type { BatchRecords } from '../batches/batch-records.ts';
import type { Provider } from '../providers/provider.ts';
import type { ProviderObjects } from './objects.ts';
import { type FormParts, openForm, recordedForm } from './open-form.ts';
import { BegunBatch } from './begun-batch.ts';
import { checkLines, checkMayUse } from './batch-lines.ts';
import { LONGEST_TEXT, shortened } from './body-digest.ts';
import { UNMETERED } from './operations.ts';
import { passCall } from './pass-call.ts';
import { type Once, passOnce } from './pass-once.ts';
import type { Passing } from './passing.ts';
import { chooseProvider, passedRequest, providerNamed, refuseIdempotencyKey, routeTo } from './passed-request.ts';

export interface ObjectParts extends FormParts {
  objects: ProviderObjects;
  batches: BatchRecords;
  /** Told of a batch's answer, whoever asked for it: the batch may have ended. Nobody waits for it. */
  heardOf: (project: string, provider: string, batchText: string) => void;
}

/** A handler of a path that may end with an id. Never rejects. */
export type ObjectHandler = (c: Inbound, id?: string) => Promise<Answer>;

/** As paths call them. */
export const CALLED = { file: 'files', batch: 'batches' } as const;

/** Wraps what may refuse. */
export function objectHandler({ plane }: ObjectParts, answer: (c: Inbound, caller: Caller, id: string) => Promise<Answer>): ObjectHandler {
  return async function answerObject(c, id = '') {
    try {
      // Hono answers it as `GET` without the body, which nobody would end then.
      if (c.env?.incoming?.method === 'HEAD') throw new StillhouseError('method_not_allowed', 'Not allowed to HEAD here (HINT: use GET)');
      return await answer(c, callerOf(plane, c), id);
    } catch (error) {
      return refusalOfStore(plane, error);
    }
  };
}

/** `POST /v1/files`. */
export function createFile(parts: ObjectParts): ObjectHandler {
  return objectHandler(parts, async function passFile(c, caller) {
    refuseIdempotencyKey(c);
    const { catalogue } = parts.plane;
    let provider: Provider | null = null;
    let failure: unknown = null;
    const choose = (field?: string) => {
      provider = chooseProvider(catalogue, providerNamed(c, field));
      checkMayUse(caller, provider);
    };
    try {
      choose();
    } catch (error) {
      // A field of the form may still say which.
      if (providerNamed(c) !== null || catalogue.passing().length < 2) throw error;
      failure = error;
    }
    await parts.objects.check(caller.project);
    const form = await openForm(c, {
      single: ['provider', 'purpose'],
      onField(name, value) {
        if (name !== 'provider') return value;
        const before = provider;
        choose(value);
        if (before && before !== provider)
          throw new StillhouseError('invalid_request', `The file goes to "${before.id}" already`, { param: 'provider' });
        return null;
      },
      settled: () => provider !== null,
      maxBytes: parts.maxUploadBytes,
      room: parts.room,
    });
    try {
      if (!provider) throw failure;
      return await passObject(parts, c, caller, {
        kind: 'file',
        provider,
        request: { method: 'POST', path: '/files', contentType: form.contentType, body: form.body() },
        fields: form.facts.fields,
        again: 'unsent',
        isUntouched: form.isUntouched,
        isSent: form.isWhole,
        recorded: () => recordedForm(form),
        requestBytes: () => form.count.bytes,
        held: (text) => parts.objects.made(caller, 'file', provider!.id, text),
      });
    } finally {
      await form.close();
    }
  });
}

/** `POST /v1/batches`: at the provider that has its file. */
export function createBatch(parts: ObjectParts): ObjectHandler {
  return objectHandler(parts, async function passBatch(c, caller) {
    const text = await readBody(c, parts.plane.maxBodyBytes);
    return passOnce(parts.plane, c, { caller, text }, (once) => passBatchOnce(parts, c, { caller, text, once }));
  });
}

async function passBatchOnce(
  parts: ObjectParts,
  c: Inbound,
  { caller, text, once }: { caller: Caller; text: string; once: Once },
): Promise<Answer> {
  const fields = jsonBody(text);
  const file = fields['input_file_id'];
  if (typeof file !== 'string' || file === '')
    throw new StillhouseError('invalid_request', "Missing required parameter: 'input_file_id'", { param: 'input_file_id' });
  const { provider: id } = await parts.objects.find(caller.project, 'file', file, providerNamed(c, fields['provider']));
  const provider = chooseProvider(parts.plane.catalogue, id);
  // Its metadata is the batch's own, and goes on with it. The file is the one that was looked up, to a reader who takes the first of two, too.
  const body = editFields(text, topLevelMembers(text), { input_file_id: JSON.stringify(file), provider: null });
  const said = typeof fields['endpoint'] === 'string' ? fields['endpoint'] : '';
  // Azure's older API leaves its first part out.
  const endpoint = said.startsWith('/v1/') ? said : `/v1${said}`;
  const begun = new BegunBatch(parts, caller);
  const made = passObject(parts, c, caller, {
    kind: 'batch',
    provider,
    once,
    request: { method: 'POST', path: '/batches', contentType: 'application/json', body },
    fields,
    again: 'unsent',
    async check(call) {
      const { signal } = once;
      const longestLine = parts.plane.maxBodyBytes;
      const lines = await checkLines(file, { caller, provider, files: parts.objects, signal, longestLine, endpoint });
      await begun.asked(call, { provider: provider.id, inputFileId: file, endpoint, ...lines });
    },
    recorded: () => shortened(text),
    requestBytes: () => Buffer.byteLength(text),
    held: (answer) => begun.made(provider.id, answer),
  });
  return made.finally(() => begun.over(once.call));
}

/** What is done with one object. */
export interface OneObject {
  kind: ProviderObjectKind;
  method: 'GET' | 'POST' | 'DELETE';
  /** Behind the object's own path. */
  suffix?: string;
  /** What must be done before its provider is asked. */
  before?: (caller: Caller, object: ProviderObject) => Promise<void>;
  /** What its answer means; absent: it goes through, whatever it is. */
  onAnswer?: (caller: Caller, object: ProviderObject, text: string) => Promise<void>;
}

/** `/v1/files/{id}` and what is below it; the same of batches. */
export function oneObject(parts: ObjectParts, { kind, method, suffix = '', before, onAnswer }: OneObject): ObjectHandler {
  return objectHandler(parts, async function passOne(c, caller, id) {
    const object = await parts.objects.find(caller.project, kind, id, providerNamed(c));
    const path = `/${CALLED[kind]}/${encodeURIComponent(id)}${suffix}`;
    return passObject(parts, c, caller, {
      kind,
      provider: chooseProvider(parts.plane.catalogue, object.provider),
      request: { method, path, contentType: '', body: null },
      fields: {},
      again: method === 'GET' ? 'always' : 'unsent',
      isContent: suffix === '/content',
      recorded: () => JSON.stringify({ method, path }),
      requestBytes: () => 0,
      ...(before ? { check: () => before(caller, object) } : {}),
      ...(onAnswer ? { held: (text: string) => onAnswer(caller, object, text) } : {}),
    });
  });
}

interface PassedObject {
  kind: ProviderObjectKind;
  provider: Provider;
  /** Absent: it ends with its caller. */
  once?: Once;
  request: Pick<ReturnType<Passing['request']>, 'method' | 'path' | 'contentType' | 'body'>;
  fields: Readonly<Record<string, unknown>>;
  recorded: Passing['recorded'];
  requestBytes: Passing['requestBytes'];
  again: Passing['again'];
  isUntouched?: () => boolean;
  isSent?: () => boolean;
  check?: Passing['check'];
  isContent?: boolean;
  held?: (text: string) => Promise<void>;
}

function passObject(
  { plane }: ObjectParts,
  c: Inbound,
  caller: Caller,
  { kind, provider, request, fields, once = { signal: cancelSignal(c), call: null }, ...passing }: PassedObject,
): Promise<Answer> {
  checkMayUse(caller, provider);
  const name = CALLED[kind];
  const call = newCall({
    kind: { name },
    caller,
    request: passedRequest(c, { model: '', fields }),
    route: routeTo(provider, name),
    nowMs: plane.now(),
    parent: c.req.header('traceparent'),
  });
  once.call = call;
  return passCall(plane, call, {
    isSent: () => true,
    ...passing,
    request: () => ({ ...request, model: '' }),
    worst: [UNMETERED],
    // What a batch uses is recorded once it has ended (`gateway/batches/`).
    isFree: kind === 'batch',
    longestString: LONGEST_TEXT,
    signal: once.signal,
  });
}
