import { expect, test } from 'vitest';
import type { TraceRow } from '../../contracts/traces.ts';
import { failed } from './openai-upstream.ts';
import { AT_LAB, jsonl, passthroughStack, sound } from './passthrough-stack.ts';

/** What a project masks is masked in calls that are passed through, too; what goes to the provider and the caller is whole. */

const MAIL = 'jane.doe@example.com';
const stack = passthroughStack({ privacy: { mask: ['email'], patterns: [{ name: 'vat', pattern: 'VAT[0-9]{3}' }], fields: ['prompt'] } });

/** The trace, that must not name her. */
async function masked(kind: string, conditions: string): Promise<TraceRow> {
  const row = await stack.traceOf(kind, conditions);
  for (const secret of ['jane', 'example.com', 'VAT123']) expect(JSON.stringify(row)).not.toContain(secret);
  return row;
}

test('JSON, forms, file names, streams and errors', async () => {
  stack.lab.instead = (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ id: 'm', model: 'omni', echo: `to ${MAIL}` }));
    return true;
  };
  const moderated = await stack.admin.moderations.create({ input: `from ${MAIL} VAT123` }, AT_LAB);
  expect(JSON.stringify(moderated)).toContain(MAIL);
  const row = await masked('moderations', `status = 'ok'`);
  expect(row.request).toContain('from [');
  expect(row.response).toContain('to [');

  stack.lab.instead = () => false;
  await stack.admin.images.generate({ model: 'painter', prompt: `a portrait of ${MAIL}` });
  expect(stack.lab.bodies['/v1/images/generations']).toMatchObject({ prompt: `a portrait of ${MAIL}` });
  expect(JSON.parse((await masked('images', `status = 'ok'`)).request)).toMatchObject({ prompt: expect.stringMatching(/^\[/) });

  const events = [
    { type: 'transcript.text.delta', delta: 'jane.doe@exam' },
    { type: 'transcript.text.delta', delta: 'ple.com' },
    { type: 'transcript.text.done', text: MAIL, usage: { type: 'tokens', input_tokens: 10, output_tokens: 2, total_tokens: 12 } },
  ];
  stack.lab.instead = (request, response) => {
    request.resume();
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    // An escape that JSON may have.
    response.end(events.map((event) => `data: ${JSON.stringify(event).replaceAll('@', '\\u0040')}\n\n`).join(''));
    return true;
  };
  const file = new File([new Uint8Array(await (await sound()).arrayBuffer())], `${MAIL}.mp3`, { type: 'audio/mpeg' });
  const stream = await stack.admin.audio.transcriptions.create({ file, model: 'ears', prompt: 'VAT123', stream: true });
  expect((await Array.fromAsync(stream)).at(-1)).toMatchObject({ text: MAIL });
  const heard = await masked('audio', `status = 'ok'`);
  expect(heard).toMatchObject({ streamed: true, tokens_in: 10, tokens_out: 2 });
  expect(JSON.parse(heard.response)).toMatchObject([{ type: 'transcript.text.done', text: expect.stringMatching(/^\[/) }]);

  stack.lab.instead = (_request, response) => (failed(response, 400, `no such person: ${MAIL}`), true);
  await expect(stack.admin.moderations.create({ input: MAIL }, AT_LAB)).rejects.toMatchObject({
    status: 400,
    message: expect.stringContaining(MAIL),
  });
  await masked('moderations', `status = 'error'`);

  stack.lab.instead = () => false;
  await stack.admin.files.create(
    { file: await jsonl(), purpose: 'batch' },
    { headers: { ...AT_LAB.headers, 'x-stillhouse-metadata': JSON.stringify({ who: MAIL }) } },
  );
  await masked('files', `status = 'ok'`);
});
