import { Validator } from '@seriousme/openapi-schema-validator';
import { expect, test } from 'vitest';
import { createApi } from '../../gateway/api/api.ts';

// the routes alone: nothing is asked of the engines
const api = createApi({} as never);
const document = (await (await api.request('/openapi.json')).json()) as {
  openapi: string;
  paths: Record<string, Record<string, { summary?: string; responses: Record<string, { content?: unknown }> }>>;
  components: { schemas: Record<string, unknown> };
};

test('the document is OpenAPI 3.1', async () => {
  expect(document.openapi).toBe('3.1.0');
  const result = await new Validator().validate(document);
  expect(result.errors ?? []).toEqual([]);
  expect(result.valid).toBe(true);
});

test('every route has a summary and states its refusals', () => {
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      expect(operation.summary, `${method} ${path}`).toBeTruthy();
      expect(Object.keys(operation.responses), `${method} ${path}`).toContain('503');
    }
  }
});

test('the routes are those of the design', () => {
  const routes = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(routes.sort()).toMatchInlineSnapshot(`
    [
      "DELETE /aliases/{name}",
      "DELETE /keys/{id}",
      "DELETE /providers/{id}/key",
      "GET /aliases",
      "GET /aliases/{name}",
      "GET /aliases/{name}/versions",
      "GET /bases",
      "GET /clusters",
      "GET /clusters/map",
      "GET /clusters/runs",
      "GET /clusters/runs/{name}",
      "GET /clusters/runs/{name}/checks",
      "GET /clusters/schedules",
      "GET /clusters/{id}",
      "GET /datasets",
      "GET /datasets/{name}",
      "GET /datasets/{name}/edits",
      "GET /datasets/{name}/export",
      "GET /datasets/{name}/inspection",
      "GET /datasets/{name}/judgements",
      "GET /datasets/{name}/judgements/{judgement}",
      "GET /datasets/{name}/left-out",
      "GET /datasets/{name}/rows",
      "GET /distillations",
      "GET /distillations/{name}",
      "GET /distillations/{name}/events",
      "GET /distillations/{name}/training",
      "GET /images/{sha256}",
      "GET /keys",
      "GET /overview",
      "GET /projects",
      "GET /providers",
      "GET /students",
      "GET /students/{name}",
      "GET /students/{name}/files",
      "GET /students/{name}/files/{file}",
      "GET /targets",
      "GET /traces",
      "GET /traces/export",
      "GET /traces/forget/{name}",
      "GET /traces/imports/{name}",
      "GET /traces/{id}",
      "GET /usage",
      "GET /webhooks",
      "PATCH /clusters/{id}",
      "PATCH /datasets/{name}/rows",
      "PATCH /keys/{id}",
      "PATCH /projects/{name}",
      "POST /aliases/{name}/rollback",
      "POST /clusters",
      "POST /clusters/schedule",
      "POST /datasets",
      "POST /datasets/{name}/curate",
      "POST /datasets/{name}/inspect",
      "POST /datasets/{name}/judge",
      "POST /datasets/{name}/judgements/{judgement}/cancel",
      "POST /distillations",
      "POST /distillations/{name}/{action}",
      "POST /estimate",
      "POST /files",
      "POST /keys",
      "POST /projects",
      "POST /students",
      "POST /students/{name}/files",
      "POST /traces/forget",
      "POST /traces/forget/preview",
      "POST /traces/import",
      "POST /traces/{id}/replay",
      "POST /webhooks/{id}/test",
      "PUT /aliases/{name}",
      "PUT /providers/{id}/key",
      "PUT /students/{name}/placement",
    ]
  `);
  expect(Object.keys(document.components.schemas)).toContain('Distillation');
});
