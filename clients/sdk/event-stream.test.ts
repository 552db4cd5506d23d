import { expect, test } from 'vitest';
import { readEventStream } from './event-stream.ts';

function streamOf(...chunks: string[]): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(encoder.encode(chunk));
      controller.close();
    },
  });
}

test('messages are put together over chunk borders; comments are passed over', async () => {
  const messages = await Array.fromAsync(
    readEventStream(streamOf('event: event\nid: 7\nda', 'ta: {"a":1}\n', '\n: still here\n\ndata: x\nda', 'ta: y\r\n\r\n')),
  );
  expect(messages).toEqual([
    { event: 'event', data: '{"a":1}', id: '7' },
    { event: 'message', data: 'x\ny', id: null },
  ]);
});

test('a message that was cut off is none', async () => {
  expect(await Array.fromAsync(readEventStream(streamOf('data: whole\n\ndata: ha')))).toHaveLength(1);
});
