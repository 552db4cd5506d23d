import { Button, Select } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconAdjustmentsHorizontal, IconFilter, IconSearch } from '@tabler/icons-react';
import { Chosen, Moment, Shaped, Written } from './filter-fields.tsx';
import { MoreFilters, MORE } from './more-filters.tsx';
import { conditionsOf, hasWord, STATUSES } from './trace-search.ts';
import type { SearchChange, TraceSearch } from './trace-search.ts';
import { useFilterOptions } from './use-filter-options.ts';
import classes from './traces.module.css';

interface TraceFiltersProps {
  search: TraceSearch;
  onChange: (part: SearchChange) => void;
}

const HOUR_MS = 3_600_000;
const RANGES = [
  { value: '15m', label: 'Last 15 minutes' },
  { value: '1h', label: 'Last hour' },
  { value: '24h', label: 'Last 24 hours' },
  { value: '7d', label: 'Last 7 days' },
  { value: 'all', label: 'All time' },
  { value: 'span', label: 'From … to …' },
];

/** Conditions of the list of traces; all hold at once. Those that are asked for most stand first, the rest behind a button. */
export function TraceFilters({ search, onChange }: TraceFiltersProps) {
  const options = useFilterOptions();
  const [open, { toggle }] = useDisclosure(false);
  const count = Object.keys(conditionsOf(search)).length;
  const hidden = MORE.filter((key) => search[key] !== undefined).length;
  const [more, { toggle: toggleMore }] = useDisclosure(hidden > 0);
  const reset = () => onChange(Object.fromEntries(Object.keys(conditionsOf(search)).map((key) => [key, undefined])));
  return (
    <>
      <div className={classes.toggle}>
        <Button variant="default" size="xs" leftSection={<IconFilter size={14} />} onClick={toggle} aria-expanded={open}>
          {count > 0 ? `Filter (${count})` : 'Filter'}
        </Button>
        {count > 0 && <Clear onClick={reset} />}
      </div>
      <div className={classes.bar} data-open={open} role="search" aria-label="Filter the traces">
        <div className={classes.filters} data-first>
          <Shaped
            label="Words"
            placeholder="in the last message or the answer"
            icon={<IconSearch size={14} />}
            value={search.text}
            isWhole={hasWord}
            onChange={(text) => onChange({ text })}
          />
          <TimeField search={search} onChange={onChange} />
          <Chosen label="Status" value={search.status} options={STATUSES} onChange={(status) => onChange({ status })} />
          <Written label="Alias" value={search.alias} options={options.aliases} onChange={(alias) => onChange({ alias })} />
          <Written label="Target" value={search.target} options={options.targets} onChange={(target) => onChange({ target })} />
          <div className={classes.buttons}>
            <Button
              variant="default"
              size="xs"
              leftSection={<IconAdjustmentsHorizontal size={14} />}
              onClick={toggleMore}
              aria-expanded={more}
            >
              {hidden > 0 ? `More (${hidden})` : 'More'}
            </Button>
            <span className={classes.wide}>{count > 0 && <Clear onClick={reset} />}</span>
          </div>
        </div>
        {hasSpan(search) && (
          <div className={classes.span}>
            <Moment label="From" value={search.since} onChange={(since) => onChange({ since })} />
            <Moment label="To" value={search.until} onChange={(until) => onChange({ until })} />
          </div>
        )}
        {more && <MoreFilters search={search} options={options} onChange={onChange} />}
      </div>
    </>
  );
}

/** A range up to now, or a span, whose ends have fields of their own. */
function TimeField({ search, onChange }: TraceFiltersProps) {
  const choose = (range: string | null) => {
    // A span begins with an hour that people can move.
    const since = range === 'span' ? new Date(Date.now() - HOUR_MS).toISOString() : undefined;
    onChange({ range: range === 'span' || range === 'all' ? undefined : range, since, until: undefined });
  };
  const value = hasSpan(search) ? 'span' : (search.range ?? 'all');
  return <Select label="Time" size="xs" data={RANGES} value={value} allowDeselect={false} onChange={choose} />;
}

function hasSpan({ since, until }: TraceSearch): boolean {
  return since !== undefined || until !== undefined;
}

const Clear = ({ onClick }: { onClick: () => void }) => (
  <Button variant="subtle" color="gray" size="xs" onClick={onClick}>
    Clear
  </Button>
);
