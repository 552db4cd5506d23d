/** Stands where a part stands that hears nothing: not SIGTERM, not the end of its stdin; with a child as deaf as it is. */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { reportReady } from '../../../platform/lifecycle.ts';

process.on('SIGTERM', () => undefined);
const child = spawn(process.execPath, ['-e', "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)"], { stdio: 'ignore' });
writeFileSync(join(process.env['STILLHOUSE_HOME']!, 'stubborn-child'), String(child.pid));
setInterval(() => undefined, 1_000);
reportReady();
