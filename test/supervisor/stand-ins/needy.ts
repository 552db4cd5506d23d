/** Stands where the GPU worker stands: asks for what students need until it has it, and writes down every answer. */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { onShutdown, reportReady, requestPreparation } from '../../../platform/lifecycle.ts';

const log = (text: string) => appendFileSync(join(process.env['STILLHOUSE_HOME']!, 'needs.log'), `${process.pid} ${text}\n`);
onShutdown(() => Promise.resolve());
reportReady();
for (let there = false; !there;) {
  try {
    there = await requestPreparation('language-model-students', { onProgress: (text) => log(`under way: ${text}`) });
    log(`there: ${there}`);
  } catch (error) {
    log(`failed: ${(error as Error).message}`);
    await wait(100);
  }
}
