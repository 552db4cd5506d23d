import type { Configuration } from '../../contracts/configuration.ts';
import { Environment } from '../../contracts/environment.ts';
import { gatewayUrl } from '../supervisor/stack-addresses.ts';

const SECRET = /KEY|PASSWORD|SECRET|TOKEN/;

/** Every setting as it is in effect. A secret is only said to be set or not; a URL is shown without its credentials. */
export function effectiveValues(env: Environment, inherited: NodeJS.ProcessEnv): Record<string, string | number | null> {
  const said = { ...env, STILLHOUSE_GATEWAY_URL: inherited['STILLHOUSE_GATEWAY_URL'] ?? ownGateway(env) };
  const ours = Object.keys(Environment.shape).map((name): [string, unknown] => [name, said[name as keyof Environment]]);
  const temporals = Object.entries(inherited).filter(([name]) => name.startsWith('TEMPORAL_') && !(name in Environment.shape));
  return Object.fromEntries([...ours, ...temporals].map(([name, value]) => [name, shown(name, value)]));
}

/** A provider as the doctor shows it. */
export interface ProviderView {
  id: string;
  kind: string;
  baseUrl: string;
  models: string[];
  /** The variable of its key, and whether it is set; null where it needs none. */
  key: { variable: string; set: boolean } | null;
}

/** The configuration's providers, their keys looked for but not shown. */
export function providersOf(configuration: Configuration, inherited: NodeJS.ProcessEnv): ProviderView[] {
  return configuration.providers.map((provider) => ({
    id: provider.id,
    kind: provider.kind,
    baseUrl: withoutCredentials(provider.baseUrl),
    models: provider.models.map((model) => model.id),
    key: provider.apiKeyEnv ? { variable: provider.apiKeyEnv, set: Boolean(inherited[provider.apiKeyEnv]) } : null,
  }));
}

/** The stack's; null where its port is chosen when it starts. */
function ownGateway({ STILLHOUSE_HOST: host, STILLHOUSE_PORT: port }: Environment): string | null {
  return port === 0 ? null : gatewayUrl(host, port);
}

function shown(name: string, value: unknown): string | number | null {
  if (SECRET.test(name)) return value ? '(set)' : '(not set)';
  if (typeof value === 'string') return withoutCredentials(value);
  return typeof value === 'number' ? value : null;
}

function withoutCredentials(text: string): string {
  if (!URL.canParse(text)) return text;
  const url = new URL(text);
  if (!url.username && !url.password) return text;
  url.username = 'someone';
  url.password = '';
  return url.href;
}
