/** Stands where a part stands: serves at once, and writes down the settings that it was given. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onShutdown, reportReady } from '../../../platform/lifecycle.ts';

const settings = Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith('STILLHOUSE_')));
writeFileSync(join(process.env['STILLHOUSE_HOME']!, 'told.json'), JSON.stringify(settings));
onShutdown(() => Promise.resolve());
reportReady();
