/** `npm start`: the whole system on one machine, under one supervisor, until Ctrl-C. */
const NEEDED = 24;
if (Number(process.versions.node.split('.')[0]) < NEEDED) {
  console.error(
    `Node ${process.versions.node} is too old, ${NEEDED} or newer is needed: run it by "npm start", which uses the Node that "npm ci" brings.`,
  );
  process.exit(1);
}
const { runSupervisor } = await import('./supervisor/run-supervisor.ts');
await runSupervisor(process.env);

export {};
