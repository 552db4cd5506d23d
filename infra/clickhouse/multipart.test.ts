import { expect, it } from 'vitest';
import { multipartFields } from './multipart.ts';

it("reads what a browser's own writer makes", async () => {
  const form = new FormData();
  const values = { query: 'SELECT {a:String}', param_a: 'line\r\nbreak -- "ü"', empty: '' };
  for (const [name, value] of Object.entries(values)) form.set(name, value);
  const sent = new Response(form);
  const fields = multipartFields(Buffer.from(await sent.arrayBuffer()), sent.headers.get('content-type')!);
  // Forms normalise line ends to CRLF, which the value has already.
  expect(Object.fromEntries(fields)).toEqual(values);
});

it('refuses a body without a boundary', () => {
  expect(() => multipartFields(Buffer.from('x'), 'multipart/form-data')).toThrow(/boundary/);
});
