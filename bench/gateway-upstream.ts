// An OpenAI-compatible upstream that costs as little as possible: prepared answers, JSON or 50 streamed chunks.
import { createServer } from 'node:http';

const MODEL = 'gpt-4o-mini-2024-07-18';
const usage = {
  prompt_tokens: 14,
  completion_tokens: 22,
  total_tokens: 36,
  prompt_tokens_details: { cached_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 0 },
};
const content = 'Paris is the capital of France. It lies on the Seine and has been the seat of government for centuries.';
const completion = Buffer.from(
  JSON.stringify({
    id: 'chatcmpl-bench0000000000000000000',
    object: 'chat.completion',
    created: 1_700_000_000,
    model: MODEL,
    choices: [{ index: 0, message: { role: 'assistant', content, refusal: null }, logprobs: null, finish_reason: 'stop' }],
    usage,
    service_tier: 'default',
    system_fingerprint: 'fp_bench',
  }),
);
const chunk = (choices: object[], rest: object = {}) =>
  `data: ${JSON.stringify({ id: 'chatcmpl-bench', object: 'chat.completion.chunk', created: 1_700_000_000, model: MODEL, system_fingerprint: 'fp_bench', choices, ...rest })}\n\n`;
const choice = (delta: object, finish: string | null = null) => chunk([{ index: 0, delta, logprobs: null, finish_reason: finish }]);
const chunks = [
  choice({ role: 'assistant', content: '' }),
  ...Array.from({ length: 47 }, (_, index) => choice({ content: ` tok${index}` })),
  choice({}, 'stop'),
  chunk([], { usage }),
];

const server = createServer((request, response) => {
  const body: Buffer[] = [];
  request.on('data', (bytes: Buffer) => body.push(bytes));
  request.on('end', () => {
    if (!Buffer.concat(body).includes('"stream":true')) {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': completion.length, 'x-request-id': 'req_bench' });
      response.end(completion);
      return;
    }
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache',
      'x-request-id': 'req_bench',
    });
    for (const one of chunks) response.write(one);
    response.end('data: [DONE]\n\n');
  });
});
server.keepAliveTimeout = 65_000;
process.stdin.on('end', () => process.exit(0)).resume();
server.listen(Number(process.argv[2]), '127.0.0.1', 4096);
