#!/usr/bin/env node
// Plain JavaScript, so that any Node from 20 on can start it: the programs themselves are TypeScript that Node 24 runs as it is.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = dirname(fileURLToPath(import.meta.url));
// a packed copy brings the compiled programs, a checkout has the sources
const compiled = join(folder, '../../dist/clients/cli/main.js');
const main = existsSync(compiled) && folder.includes('node_modules') ? compiled : join(folder, 'main.ts');
const [major] = process.versions.node.split('.').map(Number);

if (major >= 24) {
  process.argv[1] = main;
  await import(main);
} else {
  const node = bundledNode();
  if (!node) {
    console.error(`stillhouse needs Node 24, this is ${process.version}. "npm ci" in its folder brings one.`);
    process.exit(1);
  }
  // this process only waits: Ctrl-C goes to the whole group, and the program answers it
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {});
  const { status, error } = spawnSync(node, [main, ...process.argv.slice(2)], { stdio: 'inherit' });
  if (error) console.error(error.message);
  process.exit(status ?? 1);
}

/** The Node that the package `node` put into node_modules. */
function bundledNode() {
  try {
    const path = join(
      dirname(createRequire(import.meta.url).resolve('node/package.json')),
      'bin',
      process.platform === 'win32' ? 'node.exe' : 'node',
    );
    return existsSync(path) ? path : null;
  } catch {
    return null;
  }
}
