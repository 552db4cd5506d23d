import type { Context } from 'hono';
import { StillhouseError } from '../../contracts/errors.ts';
import type { RegistrySnapshot } from '../../contracts/registry.ts';
import { nearestNames } from '../../core/nearest-names.ts';
import type { GatewayContext } from '../keys/caller.ts';
import type { DataPlane } from './data-plane.ts';
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
      return c.json({ object: 'list', data: modelsOf(plane, snapshotFor(plane, c)) });
    } catch (error) {
      return errorResponse(asStillhouseError(error));
    }
  };
}

/** `GET /v1/models/{id}`; the id may hold slashes. */
export function showModel(plane: DataPlane): (c: Context<GatewayContext>) => Response {
  return function answerModel(c) {
    try {
      const models = modelsOf(plane, snapshotFor(plane, c));
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

function snapshotFor(plane: DataPlane, c: Context<GatewayContext>): RegistrySnapshot {
  return plane.snapshots.current(plane.keys.callerOf(c.req.header('authorization')).project);
}

function modelsOf(plane: DataPlane, snapshot: RegistrySnapshot): Model[] {
  const aliases = Object.values(snapshot.aliases).map((alias) => model(alias.name, alias.createdAt, 'stillhouse'));
  const targets = plane.catalogue
    .targets(snapshot)
    .filter((info) => info.ready)
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
