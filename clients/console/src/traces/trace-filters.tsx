import { Autocomplete, Button, Select, TextInput } from '@mantine/core';
import { useDebouncedCallback, useDisclosure } from '@mantine/hooks';
import { IconFilter } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { aliasesQuery, overviewQuery } from '../api/queries.ts';
import { useApi } from '../api/session.ts';
import type { TraceSearch } from './trace-search.ts';
import classes from './traces.module.css';

interface TraceFiltersProps {
  search: TraceSearch;
  onChange: (part: Partial<Record<keyof TraceSearch, unknown>>) => void;
}

const FILTERS = ['range', 'status', 'alias', 'model', 'target', 'origin', 'meta'] as const;
const STATUSES = ['ok', 'error', 'interrupted', 'cancelled'];
const ORIGINS = [
  { value: 'app', label: 'app' },
  { value: 'pipeline', label: 'pipeline' },
  { value: 'import', label: 'imported' },
];
const RANGES = [
  { value: '15m', label: 'Last 15 minutes' },
  { value: '1h', label: 'Last hour' },
  { value: '24h', label: 'Last 24 hours' },
  { value: '7d', label: 'Last 7 days' },
  { value: 'all', label: 'All time' },
];

/** Conditions of the list of traces; all hold at once. */
export function TraceFilters({ search, onChange }: TraceFiltersProps) {
  const api = useApi();
  const aliases = useQuery(aliasesQuery(api)).data?.map((alias) => alias.name) ?? [];
  const targets = useQuery(overviewQuery(api)).data?.byTarget.map((row) => row.target) ?? [];
  const [open, { toggle }] = useDisclosure(false);
  const count = FILTERS.filter((key) => search[key] !== undefined).length;
  return (
    <>
      <div className={classes.toggle}>
        <Button variant="default" size="xs" leftSection={<IconFilter size={14} />} onClick={toggle} aria-expanded={open}>
          {count > 0 ? `Filter (${count})` : 'Filter'}
        </Button>
      </div>
      <div className={classes.filters} data-open={open} role="search" aria-label="Filter the traces">
        <Select
          label="Time"
          size="xs"
          data={RANGES}
          value={search.range ?? 'all'}
          allowDeselect={false}
          onChange={(range) => onChange({ range: range === 'all' ? undefined : range })}
        />
        <Select
          label="Status"
          size="xs"
          placeholder="any"
          clearable
          data={STATUSES}
          value={search.status ?? null}
          onChange={(status) => onChange({ status })}
        />
        <Written label="Alias" value={search.alias} options={aliases} onChange={(alias) => onChange({ alias })} />
        <Written label="Model asked" value={search.model} options={aliases} onChange={(model) => onChange({ model })} />
        <Written label="Target" value={search.target} options={targets} onChange={(target) => onChange({ target })} />
        <Select
          label="Origin"
          size="xs"
          placeholder="any"
          clearable
          data={ORIGINS}
          value={search.origin ?? null}
          onChange={(origin) => onChange({ origin })}
        />
        <MetadataInput value={search.meta} onChange={(meta) => onChange({ meta })} />
      </div>
    </>
  );
}

interface WrittenProps {
  label: string;
  value: string | undefined;
  options: string[];
  onChange: (value: string) => void;
}

function Written({ label, value, options, onChange }: WrittenProps) {
  const [text, write] = useWritten(value, onChange);
  return <Autocomplete label={label} size="xs" placeholder="any" clearable data={[...new Set(options)]} value={text} onChange={write} />;
}

function MetadataInput({ value, onChange }: { value: string | undefined; onChange: (value: string) => void }) {
  const [text, write] = useWritten(value, onChange);
  const half = text !== '' && !/^[^=]+=/.test(text);
  return (
    <TextInput
      label="Metadata"
      size="xs"
      placeholder="key=value"
      value={text}
      onChange={(event) => write(event.currentTarget.value)}
      aria-invalid={half || undefined}
    />
  );
}

/** What is being written, handed on once the typing rests; follows the address where that changes. */
function useWritten(value: string | undefined, onChange: (value: string) => void): [string, (text: string) => void] {
  const [text, setText] = useState(value ?? '');
  const settle = useDebouncedCallback(onChange, 350);
  useEffect(() => setText(value ?? ''), [value]);
  const write = (next: string) => {
    setText(next);
    settle(next);
  };
  return [text, write];
}
