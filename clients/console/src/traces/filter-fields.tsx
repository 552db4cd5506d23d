import { Autocomplete, Select, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { useEffect, useState } from 'react';
import { localTime } from '../format/time.ts';

interface FieldProps<T> {
  label: string;
  value: T | undefined;
  /** Gets the empty text, or null, where the condition is taken away. */
  onChange: (value: T | '' | null) => void;
}

/** One of a few; `options` are words by value. */
export function Chosen({ label, value, options, onChange }: FieldProps<string> & { options: Record<string, string> }) {
  const data = Object.entries(options).map(([key, words]) => ({ value: key, label: words }));
  return (
    <Select label={label} size="xs" placeholder="any" clearable data={data} value={value ?? null} onChange={(next) => onChange(next)} />
  );
}

/** One of many that have names; an id that none of them has stands for itself. */
export function Named({ label, value, options, onChange }: FieldProps<string> & { options: { value: string; label: string }[] }) {
  const known = value === undefined || options.some((option) => option.value === value);
  return (
    <Select
      label={label}
      size="xs"
      placeholder="any"
      clearable
      searchable
      nothingFoundMessage="none of that name"
      data={known ? options : [...options, { value, label: value }]}
      value={value ?? null}
      onChange={(next) => onChange(next)}
    />
  );
}

/** Free text, with what is at hand to choose from. */
export function Written({ label, value, options = [], onChange }: FieldProps<string> & { options?: string[] }) {
  const [text, write] = useWritten(value, onChange);
  return <Autocomplete label={label} size="xs" placeholder="any" clearable data={[...new Set(options)]} value={text} onChange={write} />;
}

interface ShapedProps extends FieldProps<string> {
  placeholder: string;
  /** Whether what is written can be asked for; the empty text always can. */
  isWhole: (text: string) => boolean;
  icon?: React.ReactNode;
}

/** Text of some form: marked while it has not got it. */
export function Shaped({ label, value, onChange, placeholder, isWhole, icon }: ShapedProps) {
  const [text, write] = useWritten(value, onChange);
  return (
    <TextInput
      label={label}
      size="xs"
      placeholder={placeholder}
      leftSection={icon}
      value={text}
      onChange={(event) => write(event.currentTarget.value)}
      error={text !== '' && !isWhole(text)}
    />
  );
}

/** A number from 0 on; handed on as one. */
export function Amount({ label, value, onChange, unit }: FieldProps<number> & { unit: string }) {
  return (
    <Shaped
      label={label}
      placeholder={unit}
      value={value === undefined ? undefined : String(value)}
      isWhole={isAmount}
      // What is half written changes nothing yet.
      onChange={(text) => (text === '' || isAmount(text ?? '')) && onChange(text ? Number(text) : '')}
    />
  );
}

function isAmount(text: string): boolean {
  return /^\d*\.?\d+$/.test(text.trim());
}

/** A time by the browser's clock, as ISO 8601 outside. */
export function Moment({ label, value, onChange }: FieldProps<string>) {
  return (
    <TextInput
      type="datetime-local"
      label={label}
      size="xs"
      step={1}
      value={value === undefined ? '' : localTime(value)}
      onChange={({ currentTarget: { value: local } }) => onChange(local === '' ? '' : new Date(local).toISOString())}
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
