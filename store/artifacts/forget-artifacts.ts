import { z } from 'zod';
import { ForgetRequest, Forgetting } from '../../contracts/forget.ts';
import { canonicalJson } from '../../platform/content-hash.ts';
import type { ArtifactStore } from './artifact-store.ts';

const Asked = z.object({ request: ForgetRequest, startedAt: z.string() });
export type AskedToForget = z.infer<typeof Asked>;

const requestKey = (project: string, name: string) => `forget/${project}/${name}.request.json`;
const reportKey = (project: string, name: string) => `forget/${project}/${name}.json`;

/** Keeps what was asked until it is done: who it was about passes through nothing else. */
export async function keepForgetRequest(artifacts: ArtifactStore, project: string, name: string, asked: AskedToForget): Promise<void> {
  await artifacts.put(requestKey(project, name), Buffer.from(canonicalJson(asked)));
}

/** null once it is done. */
export async function readForgetRequest(artifacts: ArtifactStore, project: string, name: string): Promise<AskedToForget | null> {
  const ref = await artifacts.find(requestKey(project, name));
  return ref && Asked.parse(JSON.parse((await artifacts.get(ref)).toString()));
}

/** Records how it ended, once, and lets go of what was asked. */
export async function recordForgetting(artifacts: ArtifactStore, project: string, report: Forgetting): Promise<void> {
  const before = await readForgetting(artifacts, project, report.name);
  if (!before) await artifacts.put(reportKey(project, report.name), Buffer.from(canonicalJson(report)));
  await artifacts.delete(requestKey(project, report.name));
}

export async function readForgetting(artifacts: ArtifactStore, project: string, name: string): Promise<Forgetting | null> {
  const ref = await artifacts.find(reportKey(project, name));
  return ref && Forgetting.parse(JSON.parse((await artifacts.get(ref)).toString()));
}

/** Where files with rows of datasets lie. */
const WITH_ROWS = ['distillations', 'evaluations'];

/** Deletes the project's files of distillations and evaluations that hold one of these texts or ids; returns how many. */
export async function deleteFilesWith(artifacts: ArtifactStore, project: string, needles: readonly string[]): Promise<number> {
  if (needles.length === 0) return 0;
  let deleted = 0;
  for (const folder of WITH_ROWS) {
    for (const key of await artifacts.list(`${folder}/${project}/`)) {
      if (!key.endsWith('.jsonl')) continue;
      const ref = await artifacts.find(key);
      if (!ref || !(await holds(artifacts, ref, needles))) continue;
      await artifacts.delete(key);
      deleted++;
    }
  }
  return deleted;
}

/** A needle may lie over the end of a chunk: the end of the last one is read with the next. */
async function holds(artifacts: ArtifactStore, ref: Parameters<ArtifactStore['open']>[0], needles: readonly string[]): Promise<boolean> {
  const longest = Math.max(...needles.map((needle) => Buffer.byteLength(needle)));
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of (await artifacts.open(ref)) as AsyncIterable<Buffer>) {
    const bytes = Buffer.concat([rest, chunk]);
    if (needles.some((needle) => bytes.includes(needle))) return true;
    rest = bytes.subarray(Math.max(0, bytes.length - longest));
  }
  return false;
}
