/** `npm start` with other programs in the parts' places: STAND_INS is their paths by name. */
import { runSupervisor } from '../../../infra/supervisor/run-supervisor.ts';
import type { Programs } from '../../../infra/supervisor/stack-parts.ts';

// A test process that dies, however it dies, takes its stack with it.
process.stdin.on('end', () => process.kill(process.pid, 'SIGTERM')).resume();
await runSupervisor(process.env, JSON.parse(process.env['STAND_INS']!) as Programs);
