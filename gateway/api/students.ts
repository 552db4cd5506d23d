import { createRoute } from '@hono/zod-openapi';
import { Student } from '../../contracts/distil.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import { TargetInfo } from '../../contracts/http.ts';
import { byName } from '../aliases/by-name.ts';
import { NamedPath } from './aliases.ts';
import type { ApiDeps } from './dependencies.ts';
import { nameNearest } from './near-misses.ts';
import { answers, apiRouter, named, pageOf } from './openapi.ts';

const list = createRoute({
  method: 'get',
  path: '/students',
  tags: ['students'],
  summary: 'All students',
  responses: answers(200, 'The students, newest first', pageOf('Student', Student)),
});
const show = createRoute({
  method: 'get',
  path: '/students/{name}',
  tags: ['students'],
  summary: 'One student: its artifact, lineage and evaluation',
  request: { params: NamedPath },
  responses: answers(200, 'The student', named('Student', Student)),
});
const targets = createRoute({
  method: 'get',
  path: '/targets',
  tags: ['targets'],
  summary: 'What can be called, at what price, and why not where it can not',
  responses: answers(200, "The providers' models and the students", pageOf('Target', TargetInfo)),
});

/** Students and targets, as this gateway knows them. */
export function studentRoutes(deps: ApiDeps) {
  return apiRouter()
    .openapi(list, (c) => {
      const { students } = deps.snapshots.current(c.get('caller').project);
      const items = Object.values(students).sort((a, b) => (a.createdAt > b.createdAt ? -1 : 1));
      return c.json({ items, nextCursor: null }, 200);
    })
    .openapi(show, (c) => {
      const { name } = c.req.valid('param');
      const { students } = deps.snapshots.current(c.get('caller').project);
      return c.json(findStudent(students, name), 200);
    })
    .openapi(targets, (c) => c.json({ items: deps.targets(c.get('caller').project), nextCursor: null }, 200));
}

/** The student of that name; `not_found` with the nearest names. */
export function findStudent(students: Record<string, Student>, name: string): Student {
  const found = byName(students, name);
  if (!found) throw new StillhouseError('not_found', nameNearest('student', name, Object.keys(students)), { param: 'name' });
  return found;
}
