// An OpenAI-compatible upstream whose streams are paced: a frame every so many milliseconds, each with the time at which it was
// written (nanoseconds of the machine's monotonic clock). Arguments: port, frames, milliseconds.
import { createServer, type ServerResponse } from 'node:http';

const [port, frames, everyMs] = process.argv.slice(2).map(Number) as [number, number, number];
const chunk = (delta: object, finish: string | null = null) =>
  `data: ${JSON.stringify({ id: 'chatcmpl-paced', object: 'chat.completion.chunk', created: 1_700_000_000, model: 'mock', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;

function pace(response: ServerResponse): void {
  let left = frames;
  const write = () => {
    response.write(chunk({ content: ` ${process.hrtime.bigint()}` }));
    if (--left > 0) return;
    clearInterval(timer);
    response.end(`${chunk({}, 'stop')}data: [DONE]\n\n`);
  };
  const timer = setInterval(write, everyMs);
  response.on('close', () => clearInterval(timer));
}

const server = createServer((request, response) => {
  request.resume();
  request.on('end', () => {
    // Who looks whether it is there.
    if (!request.url!.endsWith('/chat/completions')) return void response.end('{}');
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
    response.flushHeaders();
    pace(response);
  });
});
process.stdin.on('end', () => process.exit(0)).resume();
server.listen(port, '127.0.0.1', 4096);
