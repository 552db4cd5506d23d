import { once } from 'node:events';
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Azure's dated API before an upstream of OpenAI's shape. */
export interface AzureFront {
  url: string;
  /** `method path` of each request, as Azure got it. */
  asked: string[];
  stop(): Promise<void>;
}

const DEPLOYED = /^\/openai\/deployments\/[\w.%-]+(\/(?:images|audio)\/\w+)\?api-version=[\w-]+$/;
const OWN = /^\/openai(\/(?:files|batches)(?:\/[\w-]+){0,2})\?api-version=[\w-]+$/;

/**
 * Takes only what Azure's reference has (https://learn.microsoft.com/azure/foundry/openai/reference): the key as `api-key`, the version
 * in the query, deployments in the paths of what has a model. A deleted file is a 204 without a body.
 */
export async function startAzureFront(upstream: string, keys: { azure: string; upstream: string }): Promise<AzureFront> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const [, path] = DEPLOYED.exec(request.url!) ?? OWN.exec(request.url!) ?? [];
    const { 'api-key': key, authorization: _, ...headers } = request.headers;
    if (path === undefined || key !== keys.azure) {
      request.resume();
      const error = path === undefined ? { code: '404', message: 'Resource not found' } : { code: '401', message: 'Access denied' };
      return void response.writeHead(Number(error.code), { 'content-type': 'application/json' }).end(JSON.stringify({ error }));
    }
    const options = { method: request.method, headers: { ...headers, authorization: `Bearer ${keys.upstream}` } };
    const onward = httpRequest(`${upstream}/v1${path}`, options, (answer) => {
      if (request.method === 'DELETE' && answer.statusCode === 200) {
        answer.resume();
        return void response.writeHead(204).end();
      }
      response.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
