import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Pool } from 'undici';
import type { ArtifactRef } from '../../contracts/identifiers.ts';

const PROGRAM = fileURLToPath(new URL('../../serving/student-server/main.ts', import.meta.url));

/** The student server in a process of its own, with so many connections to it. */
export interface BenchServer {
  put(id: string, manifest: ArtifactRef): Promise<void>;
  answer(id: string, messages: object[]): Promise<string>;
  stop(): Promise<void>;
}

export async function startBenchServer(options: { artifactsUrl: string; home: string; connections: number }): Promise<BenchServer> {
  const env = {
    ...process.env,
    STILLHOUSE_HOME: options.home,
    STILLHOUSE_ARTIFACTS: options.artifactsUrl,
    STILLHOUSE_STUDENT_SERVER_PORT: '0',
    STILLHOUSE_HOST: '127.0.0.1',
    STILLHOUSE_DEVICE: 'cpu',
    STILLHOUSE_SUPERVISED: '1',
  };
  const child = spawn(process.execPath, [PROGRAM], { env, stdio: ['pipe', 'pipe', 'inherit'] });
  const url = await new Promise<string>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the student server ended with ${code}`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const { address } = JSON.parse(line) as { address?: string };
      if (address) resolve(address);
    });
  });
  const pool = new Pool(url, { connections: options.connections, pipelining: 1 });
  const ask = async (method: 'PUT' | 'POST', path: string, body: object) => {
    const response = await pool.request({ method, path, body: JSON.stringify(body) });
    const text = await response.body.text();
    if (response.statusCode !== 200) throw new Error(`${method} ${path} answered ${response.statusCode}: ${text}`);
    return text;
  };
  return {
    put: async (id, { key, sha256, bytes }) => void (await ask('PUT', `/students/${id}`, { manifest: { key, sha256, bytes } })),
    async answer(model, messages) {
      const completion = JSON.parse(await ask('POST', '/v1/chat/completions', { model, messages })) as {
        choices: { message: { content: string } }[];
      };
      return completion.choices[0]!.message.content;
    },
    async stop() {
      await pool.close();
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}
