import type { Context } from 'hono';
import { StillhouseError } from '../../contracts/errors.ts';
import { nearestNames } from '../../core/nearest-names.ts';
import type { Caller, GatewayContext } from '../keys/caller.ts';
import { mayCall } from '../keys/key-rules.ts';
import type { DataPlane } from './data-plane.ts';
import { callerOf } from './make-call.ts';
import { asStillhouseError, errorResponse } from './openai-error.ts';

interface Model {
  id: string;
  object: 'model';
  created: number;
  owned_by: string;
}

/** `GET /v1/models`: aliases, students, and the models of providers that can be reached. */
export function listModels(plane: DataPlane): (c: Context<GatewayContext>) => Response {
  return function answerModels(c) {
    try {
      return c.json({ object: 'list', data: modelsOf(plane, callerOf(plane, c)) });
    } catch (error) {
      return errorResponse(asStillhouseError(error));
    }
  };
}

/** `GET /v1/models/{id}`; the id may hold slashes. */
export function showModel(plane: DataPlane): (c: Context<GatewayContext>) => Response {
  return function answerModel(c) {
    try {
      const models = modelsOf(plane, callerOf(plane, c));
      const id = decoded(c.req.path.slice('/v1/models/'.length));
      const model = models.find((one) => one.id === id);
      if (model) return c.json(model);
      const nearest = nearestNames(
        id,
        models.map((one) => one.id),
      );
      const hint = nearest.length > 0 ? ` Did you mean ${nearest.map((name) => `"${name}"`).join(', ')}?` : '';
      throw new StillhouseError('model_not_found', `The model "${id}" does not exist.${hint}`, { param: 'model' });
    } catch (error) {
      return errorResponse(asStillhouseError(error));
    }
  };
}

/** As it is where it can't be decoded: no model is called so. */
function decoded(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    return id;
  }
}

/** Those that the caller's key may call. */
function modelsOf(plane: DataPlane, caller: Caller): Model[] {
  const snapshot = plane.snapshots.current(caller.project);
  const aliases = Object.values(snapshot.aliases)
    .filter(({ name, targets, fallbacks }) =>
      mayCall(caller, { alias: name, targets: [...targets.map(({ target }) => target), ...fallbacks] }),
    )
    .map((alias) => model(alias.name, alias.createdAt, 'stillhouse'));
  const targets = plane.catalogue
    .targets(snapshot)
    .filter(({ ready, target }) => ready && mayCall(caller, { alias: '', targets: [target] }))
    .map(({ target, kind }) => {
      const [owner = ''] = target.split('/', 1);
      return kind === 'student'
        ? model(target, snapshot.students[target.slice(8)]?.createdAt, 'stillhouse')
        : model(target, undefined, owner);
    });
  return [...aliases, ...targets];
}

function model(id: string, createdAt: string | undefined, owner: string): Model {
  return { id, object: 'model', created: createdAt === undefined ? 0 : Math.floor(Date.parse(createdAt) / 1000), owned_by: owner };
}
