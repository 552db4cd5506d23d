import type { ProviderConfig } from '../../contracts/configuration.ts';
import { wrong } from './chat-fields.ts';
import { BY_ALIAS, OF_OTHER_APIS } from './openai.ts';
import { openAIShaped } from './openai-shaped.ts';
import type { Provider } from './provider.ts';

/**
 * OpenAI's models at Azure (https://learn.microsoft.com/azure/foundry/openai/api-version-lifecycle): its API `v1`, or with a dated
 * `apiVersion` the older one, which has deployments in its paths. A model is the name of a deployment.
 */
export function azureOpenAI(config: ProviderConfig, secret: (name: string) => string | undefined): Provider {
  const { apiVersion } = config;
  return openAIShaped(
    config,
    secret,
    { translated: { name: 'Azure OpenAI', ...OF_OTHER_APIS }, byAlias: BY_ALIAS },
    {
      headers: (key): Record<string, string> => (key ? { 'api-key': key } : {}),
      path: (base, operation, model) => azurePath(base.replace(/\/openai(?:\/v1)?$/, ''), operation, { model, apiVersion }),
    },
  );
}

/** `root` is the address with or without `/openai/v1`, as Azure's pages show either. */
function azurePath(root: string, operation: string, { model, apiVersion }: { model: string; apiVersion: string | undefined }): string {
  const query = apiVersion === undefined ? '' : `${operation.includes('?') ? '&' : '?'}api-version=${apiVersion}`;
  if (apiVersion === undefined || !/^\d/.test(apiVersion)) return `${root}/openai/v1${operation}${query}`;
  if (model === '') return `${root}/openai${operation}${query}`;
  if (!model.isWellFormed()) throw wrong('model', 'it has half a character');
  return `${root}/openai/deployments/${encodeURIComponent(model)}${operation}${query}`;
}
