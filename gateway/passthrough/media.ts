import type { Route } from '../aliases/route.ts';
import { resolveModel } from '../aliases/route.ts';
import type { Answer } from '../chat/answer.ts';
import { checkModel, jsonBody } from '../chat/chat-request.ts';
import { newCall } from '../chat/call.ts';
import type { Inbound } from '../chat/inbound.ts';
import { editFields, type JsonMember, topLevelMembers } from '../chat/json-members.ts';
import { callerOf, cancelSignal, refusal, type CallHandler } from '../chat/make-call.ts';
import { fileIdsIn, mayNameFiles } from '../chat/named-files.ts';
import { errorAnswer } from '../chat/openai-error.ts';
import { readBody } from '../chat/read-body.ts';
import type { Caller } from '../keys/caller.ts';
import { checkMayCall } from '../keys/key-rules.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import { splitTarget } from '../../contracts/identifiers.ts';
import { shortened } from './body-digest.ts';
import type { ObjectParts } from './object-calls.ts';
import { openForm, recordedForm } from './open-form.ts';
import { type Operation, type Sized, worstSeconds } from './operations.ts';
import { passCall } from './pass-call.ts';
import { type Once, passOnce } from './pass-once.ts';
import type { Passing } from './passing.ts';
import { allOf, chooseProvider, passedRequest, providerNamed, refuseIdempotencyKey, routeTo } from './passed-request.ts';

/** `POST /v1/images/…`, `/v1/audio/…`, `/v1/moderations`: JSON or a form, to the provider that its model is of. */
export function media(parts: ObjectParts, operation: Operation): CallHandler {
  return async function passMedia(c) {
    try {
      const caller = callerOf(parts.plane, c);
      const isForm = /^multipart\/form-data\b/i.test(c.req.header('content-type') ?? '');
      return await (isForm ? passForm(parts, c, operation, caller) : passJson(parts, c, operation, caller));
    } catch (error) {
      return errorAnswer(refusal(parts.plane, error));
    }
  };
}

async function passJson(parts: ObjectParts, c: Inbound, operation: Operation, caller: Caller): Promise<Answer> {
  const { plane } = parts;
  const text = await readBody(c, plane.maxBodyBytes);
  return passOnce(plane, c, { caller, text }, (once) => passText(parts, c, { operation, caller, text, once }));
}

async function passText(
  parts: ObjectParts,
  c: Inbound,
  { operation, caller, text, once }: { operation: Operation; caller: Caller; text: string; once: Once },
): Promise<Answer> {
  const { plane } = parts;
  const fields = jsonBody(text);
  const members = topLevelMembers(text);
  const named = 'model' in fields || !operation.modelIsOptional ? checkModel(fields) : '';
  const route = routeOf(plane, c, caller, { operation, model: named });
  // Its pictures may be files: of the caller's own project.
  await parts.objects.checkOwn(caller.project, fileIdsIn(fields));
  const plain = asRead(text, members, fields);
  const bytes = Buffer.byteLength(text);
  return begin(plane, c, caller, {
    operation,
    route,
    once,
    model: named,
    sized: { fields, files: null, bytes, isOpen: false },
    passing: {
      request: (model) => ({
        method: 'POST',
        path: operation.path,
        model: named === '' ? '' : model,
        contentType: 'application/json',
        body: editFields(text, members, {
          ...plain,
          ...(named === '' ? {} : { model: JSON.stringify(model) }),
          ...('metadata' in fields ? { metadata: null } : {}),
        }),
      }),
      again: 'always',
      isSent: () => true,
      recorded: () => shortened(text),
      requestBytes: () => bytes,
    },
  });
}

/** What has gone up can't be sent again: the next target is asked only where the one before was not reached. */
async function passForm(parts: ObjectParts, c: Inbound, operation: Operation, caller: Caller): Promise<Answer> {
  const { plane } = parts;
  refuseIdempotencyKey(c);
  let named = '';
  let route: Route | null = null;
  const form = await openForm(c, {
    single: ['model', 'n'],
    onField(name, value) {
      if (/file_id/i.test(name))
        throw new StillhouseError('invalid_request', `Invalid '${name}': files are named by their ids in JSON, not in a form`, {
          param: name,
        });
      if (name !== 'model') return value;
      named = checkModel({ model: value });
      route = routeOf(plane, c, caller, { operation, model: named });
      return splitTarget(route.targets[0]!)?.model ?? value;
    },
    settled: () => route !== null,
    maxBytes: parts.maxUploadBytes,
    room: parts.room,
  });
  try {
    if (named === '' && !operation.modelIsOptional) checkModel({});
    route ??= routeOf(plane, c, caller, { operation, model: '' });
    const announced = Number(c.req.header('content-length') ?? 0);
    return await begin(plane, c, caller, {
      operation,
      once: { signal: cancelSignal(c), call: null },
      route,
      model: named,
      sized: { fields: form.facts.fields, files: form.facts.files.length, bytes: announced, isOpen: !form.isWhole() },
      passing: {
        request: (model) => ({
          method: 'POST',
          path: operation.path,
          model: named === '' ? '' : model,
          contentType: form.contentType,
          body: named === '' ? form.body() : form.body(model),
        }),
        again: 'unsent',
        isUntouched: form.isUntouched,
        isSent: form.isWhole,
        recorded: () => recordedForm(form),
        requestBytes: () => form.count.bytes,
      },
    });
  } finally {
    await form.close();
  }
}

/** Where it goes, and whether the caller's key allows that. Without a model: to the provider that is named, or the only one. */
function routeOf(
  plane: ObjectParts['plane'],
  c: Inbound,
  caller: Caller,
  { operation, model }: { operation: Operation; model: string },
): Route {
  if (model !== '') {
    const route = resolveModel(model, plane.snapshots.current(caller.project), plane.catalogue, plane.random);
    checkMayCall(caller, route);
    return route;
  }
  const provider = chooseProvider(plane.catalogue, providerNamed(c));
  checkMayCall(caller, allOf(provider));
  return routeTo(provider, operation.kind);
}

interface Begun {
  operation: Operation;
  route: Route;
  once: Once;
  model: string;
  sized: Sized;
  passing: Pick<Passing, 'request' | 'again' | 'isUntouched' | 'isSent' | 'recorded' | 'requestBytes'>;
}

function begin(
  plane: ObjectParts['plane'],
  c: Inbound,
  caller: Caller,
  { operation, route, once, model, sized, passing }: Begun,
): Promise<Answer> {
  const request = passedRequest(c, { model, fields: sized.fields, metadata: sized.fields['metadata'] });
  const kind = { name: operation.kind };
  const call = newCall({ kind, caller, request, route, nowMs: plane.now(), parent: c.req.header('traceparent') });
  once.call = call;
  const told = operation.told?.(sized.fields);
  const worstOf = (bytes: number) => {
    const seconds = told ? null : worstSeconds(operation, { ...sized, bytes });
    return [operation.worst({ ...sized, bytes }), ...(seconds ? [seconds] : []), ...(told ? [told] : [])];
  };
  const { longestString } = operation;
  const worst = worstOf(sized.bytes);
  return passCall(plane, call, { ...passing, signal: once.signal, worst, worstOf, longestString, ...(told ? { told } : {}) });
}

/**
 * Edits that leave nothing to be read in two ways, for another reader may take the first of two members of one name: doubled fields, and
 * where files are named all that could hold their ids.
 */
function asRead(text: string, members: readonly JsonMember[], fields: Readonly<Record<string, unknown>>): Record<string, string> {
  const namesFiles = mayNameFiles(text);
  const counts = Map.groupBy(members, ({ key }) => key);
  const unclear = Object.entries(fields).filter(
    ([key, value]) => counts.get(key)!.length > 1 || (namesFiles && typeof value === 'object' && value !== null),
  );
  return Object.fromEntries(unclear.map(([key, value]) => [key, JSON.stringify(value)]));
}
