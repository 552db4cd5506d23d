/** `stillhouse doctor [--json]`: what this machine has and lacks for a stack, and the settings in effect, without secrets. */
import { isStillhouseError } from '../contracts/errors.ts';
import { loadConfiguration } from '../platform/configuration.ts';
import { loadEnvironment } from '../platform/environment.ts';
import { effectiveValues, providersOf } from './diagnosis/effective-values.ts';
import type { Finding } from './diagnosis/finding.ts';
import { homeFindings, providerFindings } from './diagnosis/home-checks.ts';
import { languageModelFindings } from './diagnosis/language-model-checks.ts';
import { toolFindings } from './diagnosis/tool-checks.ts';

const SIGNS = { ok: '✓', warning: '·', problem: '✗' } as const;

async function diagnose() {
  const env = loadEnvironment();
  const configuration = loadConfiguration(env.STILLHOUSE_CONFIG);
  const findings: Finding[] = [
    ...(await toolFindings(env, process.env)),
    ...(await languageModelFindings(env, process.env)),
    ...(await homeFindings(env)),
    ...providerFindings(configuration, env.STILLHOUSE_CONFIG, process.env),
  ];
  const ok = !findings.some((finding) => finding.status === 'problem');
  return { ok, findings, values: effectiveValues(env, process.env), providers: providersOf(configuration, process.env) };
}

function print({ ok, findings, values }: Awaited<ReturnType<typeof diagnose>>): void {
  for (const { name, status, text } of findings) console.log(`  ${SIGNS[status]} ${name.padEnd(16)} ${text}`);
  console.log('\nIn effect:');
  for (const [name, value] of Object.entries(values)) if (value !== null) console.log(`  ${name.padEnd(30)} ${value}`);
  console.log(ok ? '\nThe stack can start.' : '\nThe stack cannot start: see the lines with ✗.');
}

try {
  const report = await diagnose();
  if (process.argv.includes('--json')) console.log(JSON.stringify(report, null, 2));
  else print(report);
  process.exitCode = report.ok ? 0 : 1;
} catch (error) {
  if (!isStillhouseError(error)) throw error;
  if (process.argv.includes('--json')) console.log(JSON.stringify({ ok: false, error: error.message }, null, 2));
  else console.error(error.message);
  process.exitCode = 1;
}
