/** Stands where a part stands: serves at once, ends when asked, and writes down when. */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { onShutdown, reportReady } from '../../../platform/lifecycle.ts';

onShutdown(async () => appendFileSync(join(process.env['STILLHOUSE_HOME']!, 'ended.log'), `${process.pid}\n`));
reportReady();
