import { createRoute } from '@hono/zod-openapi';
import { StudentBase } from '../../contracts/students.ts';
import { STUDENT_CATALOGUE } from '../../core/students/catalogue.ts';
import { studentBase } from '../../core/students/named-base.ts';
import { chooseStudent } from '../../core/students/student-name.ts';
import type { ApiDeps } from './dependencies.ts';
import { answers, apiRouter, pageOf } from './openapi.ts';

const list = createRoute({
  method: 'get',
  path: '/bases',
  tags: ['students'],
  summary: 'What a student can be trained on, by its name',
  description: 'The encoder, the built-in base, the configured ones and the catalogue. Any other repository of the hub is named by its id.',
  responses: answers(200, 'The names and what they stand for', pageOf('StudentBase', StudentBase)),
});

/** Names that `student` of a distillation takes. */
export function baseRoutes(deps: ApiDeps) {
  return apiRouter().openapi(list, (c) => {
    const names = ['encoder', 'lora', ...deps.bases, ...STUDENT_CATALOGUE.map((entry) => entry.name)];
    return c.json({ items: names.map((name) => studentBase(name, chooseStudent(name)!)), nextCursor: null }, 200);
  });
}
