import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { z } from 'zod';
import { Configuration, ModelConfig, ProviderConfig } from '../../contracts/configuration.ts';
import { ERROR_CODES } from '../../contracts/errors.ts';
import { HEADERS, PROVIDER_HEADER } from '../../contracts/http.ts';
import { PROJECT_HEADER } from '../../contracts/names.ts';

const page = readFileSync(fileURLToPath(new URL('../../docs/reference.md', import.meta.url)), 'utf8');

/** Names of the fields of a schema, below defaults and what is done before. */
function fieldsOf(schema: z.ZodType): string[] {
  const { innerType, out, shape } = schema._zod.def as { innerType?: z.ZodType; out?: z.ZodType; shape?: Record<string, z.ZodType> };
  const within = innerType ?? out;
  return shape ? Object.keys(shape) : within ? fieldsOf(within) : [];
}

/** Of the words, those that the page does not have as code. */
const missing = (words: readonly string[]) => words.filter((word) => !page.includes(`\`${word}`) && !page.includes(`.${word}\``));

test('the reference names every field of stillhouse.yaml, every error and every header', () => {
  const { limits } = Configuration.shape;
  const timeouts = (ProviderConfig._zod.def as unknown as { out: z.ZodObject<{ timeouts: z.ZodType }> }).out.shape.timeouts;
  const fields = [Configuration, ProviderConfig, ModelConfig, limits, timeouts].flatMap((schema) => fieldsOf(schema));
  expect(fields.length).toBeGreaterThan(35);
  expect(missing(fields)).toEqual([]);
  expect(missing(Object.keys(ERROR_CODES))).toEqual([]);
  expect(missing([...Object.values(HEADERS), PROVIDER_HEADER, PROJECT_HEADER])).toEqual([]);
});

test('the reference has the status of each error, and the defaults of times and limits', () => {
  for (const [code, { status }] of Object.entries(ERROR_CODES)) {
    const line = page.split('\n').find((one) => one.includes(`\`${code}\``))!;
    expect({ code, said: new RegExp(`\\b${status}\\b`).test(line) }).toEqual({ code, said: true });
  }
  const { limits, providers } = Configuration.parse({ providers: [{ kind: 'openai' }] });
  const said = (field: string) => page.split('\n').find((one) => one.startsWith('|') && one.includes(`${field}\``))!;
  const written = (count: number) =>
    count % 1024 ** 3 === 0
      ? `${count / 1024 ** 3} GiB`
      : count % 1024 ** 2 === 0
        ? `${count / 1024 ** 2} MiB`
        : count.toLocaleString('en-US');
  for (const [field, value] of Object.entries({ ...limits, ...providers[0]!.timeouts }))
    expect({ field, line: said(field) }).toEqual({ field, line: expect.stringContaining(written(value)) });
});
