import { createRoute } from '@hono/zod-openapi';
import { type Student, StudentView } from '../../contracts/distil.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import { TargetInfo } from '../../contracts/http.ts';
import { forgottenOfDatasets } from '../../store/clickhouse/forget.ts';
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
  responses: answers(200, 'The students, newest first', pageOf('Student', StudentView)),
});
const show = createRoute({
  method: 'get',
  path: '/students/{name}',
  tags: ['students'],
  summary: 'One student: its artifact, lineage and evaluation',
  request: { params: NamedPath },
  responses: answers(200, 'The student', named('Student', StudentView)),
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
    .openapi(list, async (c) => {
      const { project } = c.get('caller');
      const { students } = deps.snapshots.current(project);
      const forgotten = await forgottenRows(deps, project);
      const items = Object.values(students)
        .sort((a, b) => (a.createdAt > b.createdAt ? -1 : 1))
        .map((student) => ({ ...student, forgottenRows: forgotten(student) }));
      return c.json({ items, nextCursor: null }, 200);
    })
    .openapi(show, async (c) => {
      const { name } = c.req.valid('param');
      const { project } = c.get('caller');
      const student = findStudent(deps.snapshots.current(project).students, name);
      return c.json({ ...student, forgottenRows: (await forgottenRows(deps, project))(student) }, 200);
    })
    .openapi(targets, (c) => c.json({ items: deps.targets(c.get('caller').project), nextCursor: null }, 200));
}

/** How many of the rows that a student was trained on were forgotten since. Students are known while ClickHouse is down; this is not. */
async function forgottenRows({ clickhouse, log }: ApiDeps, project: string): Promise<(student: Student) => number | null> {
  try {
    const forgotten = await forgottenOfDatasets(clickhouse, project);
    return ({ lineage }) => (lineage ? (forgotten.get(`${lineage.dataset}/${lineage.datasetVersion}`) ?? 0) : 0);
  } catch (error) {
    log.warn({ reason: (error as Error).message }, 'rows that were forgotten could not be counted');
    return () => null;
  }
}

/** The student of that name; `not_found` with the nearest names. */
export function findStudent(students: Record<string, Student>, name: string): Student {
  const found = byName(students, name);
  if (!found) throw new StillhouseError('not_found', nameNearest('student', name, Object.keys(students)), { param: 'name' });
  return found;
}
