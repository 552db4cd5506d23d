import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { putImagesBack, takeImagesOut } from './image-references.ts';

const PNG = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), Buffer.from('picture')]);
const sha256 = createHash('sha256').update(PNG).digest('hex');
const url = `data:image/png;base64,${PNG.toString('base64')}`;

test('an image that stands twice is taken out once, and comes back in both places', async () => {
  const body = JSON.stringify({ messages: [{ content: [{ image_url: { url } }, { image_url: { url } }, 'data:image/png'] }] });
  const taken = takeImagesOut(body);
  expect(taken.images).toEqual([{ sha256, base64: PNG.toString('base64') }]);
  expect(JSON.parse(taken.body).messages[0].content[1].image_url.url).toBe(`stillhouse:image/${sha256}`);
  expect(await putImagesBack(taken.body, async () => ({ type: 'image/png', bytes: PNG }))).toBe(body);
  expect(await putImagesBack(taken.body, async () => null)).toBe(taken.body);
});

test('slashes may be escaped, as some encoders do', () => {
  const escaped = JSON.stringify({ url }).replaceAll('/', '\\/');
  expect(takeImagesOut(escaped.replace('data:image\\/', 'data:image/')).images).toHaveLength(1);
});

test.each([
  ['a type that is not its own', url.replace('png', 'webp')],
  ['odd base64', `${url.slice(0, -3)} ${url.slice(-3)}`],
  ['no image', `data:image/png;base64,${Buffer.from('text').toString('base64')}`],
  ['parameters', url.replace(';base64', ';charset=utf-8;base64')],
  ['an address', 'https://example.com/x.png'],
])('%s stays where it is', (_, odd) => {
  const body = JSON.stringify({ url: odd });
  expect(takeImagesOut(body)).toEqual({ body, images: [] });
});

test('a body in a string of a body stays whole', () => {
  const body = JSON.stringify({ content: JSON.stringify({ url }) });
  expect(takeImagesOut(body)).toEqual({ body, images: [] });
});

test('whatever is taken out of a body comes back', async () => {
  const image = fc.uint8Array({ minLength: 1, maxLength: 50 }).map((bytes) => Buffer.concat([PNG, bytes]));
  const part = fc.oneof(
    fc.string({ unit: 'binary' }),
    image.map((bytes) => `data:image/png;base64,${bytes.toString('base64')}`),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(part, fc.record({ text: part }))), async (parts) => {
      const body = JSON.stringify(parts);
      const taken = takeImagesOut(body);
      const images = new Map(taken.images.map((one) => [one.sha256, Buffer.from(one.base64, 'base64')]));
      expect(taken.body).not.toContain('iVBOR');
      expect(await putImagesBack(taken.body, async (hash) => ({ type: 'image/png', bytes: images.get(hash)! }))).toBe(body);
    }),
  );
});
