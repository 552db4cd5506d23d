import { useQuery } from '@tanstack/react-query';
import type { Student } from '../../../../contracts/distil.ts';
import type { LanguageModelManifest } from '../../../../contracts/language-model.ts';
import { manifestQuery } from '../api/queries.ts';
import { useApi } from '../api/project-scope.tsx';
import { Facts } from '../components/facts.tsx';
import { Panel } from '../components/panel.tsx';
import { ShortHash } from '../components/short-hash.tsx';
import { formatBytes, formatCount, formatParameters, formatPercent } from '../format/numbers.ts';

/** What the model is, and where it is served. */
export function ModelPanel({ student }: { student: Student }) {
  return <Panel title="Model">{FACTS[student.kind](student)}</Panel>;
}

const FACTS: Record<Student['kind'], (student: Student) => React.ReactNode> = {
  encoder: (student) => <Encoder student={student} />,
  'language-model': (student) => <LanguageModel student={student} />,
  hosted: (student) => <Hosted student={student} />,
};

function Hosted({ student }: { student: Student }) {
  return (
    <Facts
      facts={{
        Kind: 'hosted model',
        Base: student.hosted?.base,
        Provider: student.hosted?.provider,
        'Called there': student.hosted && <span className="mono">{student.hosted.model}</span>,
        Manifest: <ShortHash hash={student.manifest.sha256} />,
        Version: student.version,
      }}
    />
  );
}

function Encoder({ student }: { student: Student }) {
  return (
    <Facts
      facts={{
        Kind: 'encoder',
        Licence: 'apache-2.0',
        Embedder: student.embedderSha256 && <ShortHash hash={student.embedderSha256} />,
        'Served by': 'every gateway',
        Manifest: <ShortHash hash={student.manifest.sha256} />,
        Version: student.version,
      }}
    />
  );
}

function LanguageModel({ student }: { student: Student }) {
  const { data: manifest } = useQuery(manifestQuery(useApi(), student.name, student.version));
  return (
    <Facts
      facts={{
        Kind: 'language model',
        Base: student.base?.id,
        'Base digest': student.base && <ShortHash hash={student.base.digest} />,
        ...(manifest ? factsOf(manifest) : {}),
        'Served by': student.placement ?? 'local',
        Manifest: <ShortHash hash={student.manifest.sha256} />,
        Version: student.version,
      }}
    />
  );
}

function factsOf({ base, quantization, served, agreement, validationScore, contextTokens }: LanguageModelManifest) {
  const size =
    served.form === 'adapter'
      ? `${formatBytes(served.adapter.bytes)} on a base of ${formatBytes(served.base.bytes)}`
      : formatBytes(served.model.bytes);
  return {
    Parameters: formatParameters(base.parameters),
    Licence: base.licence ?? 'not stated',
    Context: `${formatCount(contextTokens)} tokens`,
    Form: served.form === 'adapter' ? 'adapter on a shared base' : 'one merged model',
    Quantised: quantization ?? 'no',
    Size: size,
    Agreement: agreement && (
      <>
        {formatPercent(agreement.top1)} <span className="dimmed">of {formatCount(agreement.tokens)} tokens as trained</span>
      </>
    ),
    Validation: validationScore === null ? null : formatPercent(validationScore),
  };
}
