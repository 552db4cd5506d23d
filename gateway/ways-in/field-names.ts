/** What paths of the chat form are called in an API: the first that fits counts, `$1` stands for its first group. */
export type FieldNames = readonly (readonly [RegExp, string])[];

/** The path of a field of the chat form in an API's own names. What stands in a message is told by the list alone: its places differ. */
export function ownName(path: string, names: FieldNames): string {
  const found = names.find(([pattern]) => pattern.test(path));
  return found ? path.replace(found[0], found[1]) : path;
}

/** What is said of a field of the chat form, said of the API's own. */
export function inOwnNames<Said extends { message: string; param: string | null }>(said: Said, names: FieldNames): Said {
  if (said.param === null) return said;
  const param = ownName(said.param, names);
  return { ...said, param, message: said.message.replaceAll(`'${said.param}'`, `'${param}'`) };
}
