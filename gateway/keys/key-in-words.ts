/** A key as refusals name it: by the name that people gave it, where it has one, and the id that traces have. */
export function keyInWords({ keyId, keyName }: { keyId: string; keyName?: string }): string {
  return keyName === undefined ? `"${keyId}"` : `"${keyName}" (${keyId})`;
}
