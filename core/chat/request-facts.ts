/** Fields of a body that are no parameters: they are kept elsewhere, or are as long as they like. */
const NOT_PARAMETERS = new Set(['model', 'messages', 'tools', 'functions', 'metadata', 'user', 'input', 'prediction', 'logit_bias']);
/** Longer ones (schemas) stay in the body alone. */
const MAX_PARAMETER_LENGTH = 200;
const MAX_TOOLS = 128;

/** Names of the tools that a request offers. */
export function offeredTools(body: Readonly<Record<string, unknown>>): string[] {
  const offered = body['tools'] ?? body['functions'];
  if (!Array.isArray(offered)) return [];
  return offered.slice(0, MAX_TOOLS).flatMap((tool) => nameOfTool(tool));
}

/** Names of the tools that a message calls. */
export function calledTools(message: unknown): string[] {
  if (typeof message !== 'object' || message === null) return [];
  const { tool_calls: calls, function_call: call } = message as Record<string, unknown>;
  if (Array.isArray(calls)) return calls.slice(0, MAX_TOOLS).flatMap((one) => nameOfTool(one));
  return call == null ? [] : nameOfTool(call);
}

/** What is asked for besides messages and tools, as JSON; empty where nothing is. */
export function askedParameters(body: Readonly<Record<string, unknown>>): string {
  let text = '';
  for (const key in body) {
    if (NOT_PARAMETERS.has(key)) continue;
    const value = JSON.stringify(body[key]);
    if (value !== undefined && value.length <= MAX_PARAMETER_LENGTH) text += `${text === '' ? '{' : ','}${JSON.stringify(key)}:${value}`;
  }
  return text === '' ? '' : `${text}}`;
}

/** `{function: {name}}`, or the older `{name}`. */
function nameOfTool(tool: unknown): string[] {
  if (typeof tool !== 'object' || tool === null) return [];
  const { function: inner, name: own } = tool as Record<string, unknown>;
  const name = typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>)['name'] : own;
  return typeof name === 'string' && name !== '' ? [name.slice(0, 200)] : [];
}
