import { textOf } from '../../../contracts/chat.ts';
import { StillhouseError } from '../../../contracts/errors.ts';
import type { LanguageModelManifest } from '../../../contracts/language-model.ts';
import { readManifest } from '../../../serving/language-model/manifest.ts';
import type { ArtifactStore } from '../../../store/artifacts/artifact-store.ts';
import { upstreamBody, type ChatRequest } from '../../chat/chat-request.ts';
import { editFields, topLevelMembers } from '../../chat/json-members.ts';
import type { PlacedStudent } from './student-backend.ts';

/** What servers that are not ours must be told with every call, since they know nothing of manifests. */
export interface ForeignStudents {
  manifestOf(student: PlacedStudent): Promise<LanguageModelManifest>;
  /**
   * The body for such a server: our defaults for what the caller left open, and the template's options. Throws
   * `invalid_request` where a message holds the text of a control token: these servers would read it as that token.
   */
  bodyOf(student: PlacedStudent, request: ChatRequest, more?: object): Promise<string>;
}

/** Manifests are small; so many students of one server stay known. */
const MAX_KNOWN = 1000;

export function foreignStudents(artifacts: ArtifactStore): ForeignStudents {
  const known = new Map<string, LanguageModelManifest>();
  const manifestOf = async (student: PlacedStudent): Promise<LanguageModelManifest> => {
    const { sha256 } = student.manifest;
    const manifest = known.get(sha256) ?? (await readManifest(artifacts, student.manifest));
    if (known.size >= MAX_KNOWN) known.clear();
    known.set(sha256, manifest);
    return manifest;
  };
  return {
    manifestOf,
    async bodyOf(student, request, more = {}) {
      const manifest = await manifestOf(student);
      refuseControlTokens(student, request, manifest);
      const { body } = request;
      const added: Record<string, unknown> = { ...more };
      if (body['temperature'] == null) added['temperature'] = 0;
      if (body['max_tokens'] == null && body['max_completion_tokens'] == null) added['max_tokens'] = manifest.maxAnswerTokens;
      if (Object.keys(manifest.templateOptions).length > 0) added['chat_template_kwargs'] = manifest.templateOptions;
      const text = upstreamBody(request, student.id);
      const edits: Record<string, string | null> = Object.fromEntries(
        Object.entries(added).map(([key, value]) => [key, JSON.stringify(value)]),
      );
      // It thinks as its template says, and servers that know no such level refuse it.
      if (body['reasoning_effort'] === 'none') edits['reasoning_effort'] = null;
      return editFields(text, topLevelMembers(text), edits);
    },
  };
}

function refuseControlTokens(student: PlacedStudent, request: ChatRequest, { controlTokens }: LanguageModelManifest): void {
  for (const [index, message] of request.messages.entries()) {
    const text = textOf(message);
    const found = controlTokens.find((token) => token !== '' && text.includes(token));
    if (found === undefined) continue;
    const what = `holds "${found}", which the server of ${student.target} would read as a control token`;
    throw new StillhouseError('invalid_request', `Invalid 'messages[${index}]': it ${what}`, { param: `messages[${index}]` });
  }
}
