/** A provider's error in OpenAI's shape. */
export function openAIFault({ message, code }: { message: string; code: string | null }): object {
  return { error: { message: message === '' ? 'The provider gave no reason' : message, type: code ?? 'api_error', param: null, code } };
}

/** Parsed, or the text itself. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
