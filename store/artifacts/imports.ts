import { TraceImport } from '../../contracts/imports.ts';
import { canonicalJson } from '../../platform/content-hash.ts';
import type { ArtifactStore } from './artifact-store.ts';

/** Where an uploaded log lies until it is imported. */
export function importFileKey(project: string, name: string): string {
  return `imports/${project}/${name}.jsonl`;
}

function reportKey(project: string, name: string): string {
  return `imports/${project}/${name}.json`;
}

/** How an import ended; null where it has not. */
export async function readImport(artifacts: ArtifactStore, project: string, name: string): Promise<TraceImport | null> {
  const ref = await artifacts.find(reportKey(project, name));
  return ref && TraceImport.parse(JSON.parse((await artifacts.get(ref)).toString()));
}

/** Records how an import ended, once: only its one activity does. */
export async function recordImport(artifacts: ArtifactStore, project: string, report: TraceImport): Promise<void> {
  await artifacts.put(reportKey(project, report.name), Buffer.from(canonicalJson(report)));
}

/** Lets the same file be imported anew. */
export async function forgetImport(artifacts: ArtifactStore, project: string, name: string): Promise<void> {
  await artifacts.delete(reportKey(project, name));
}
