import { writeFileSync } from 'node:fs';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { quietTemporal, startStubWorker } from '../support/stub-worker.ts';
import { startTestTemporal } from '../support/temporal.ts';
import { scenarios } from './scenarios.ts';

// Records the histories that the replay test runs against: `node test/replay/record.ts [name]`. Run it for a new scenario;
// what is recorded stays, for it is what runs in the field look like.
const only = process.argv[2];
quietTemporal();
const temporal = await startTestTemporal();
try {
  for (const { name, activities, cuda, run } of scenarios()) {
    if (only !== undefined && only !== name) continue;
    const worker = await startStubWorker(temporal.address, activities, cuda);
    const handle = await run(worker.client);
    const history = historyToJSON(await handle.fetchHistory());
    writeFileSync(new URL(`histories/${name}.json`, import.meta.url), `${JSON.stringify(JSON.parse(history))}\n`);
    console.log(`${name}: recorded`);
    await worker.stop();
  }
} finally {
  await temporal.stop();
}
