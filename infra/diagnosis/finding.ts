/** What the doctor says of one thing. */
export interface Finding {
  name: string;
  /** `warning`: the stack starts, something will be missing. `problem`: it does not start. */
  status: 'ok' | 'warning' | 'problem';
  text: string;
}

/** A finding whose check throws a sentence where all is not well. */
export async function found(name: string, otherwise: 'warning' | 'problem', check: () => string | Promise<string>): Promise<Finding> {
  try {
    return { name, status: 'ok', text: await check() };
  } catch (error) {
    return { name, status: otherwise, text: (error as Error).message };
  }
}
