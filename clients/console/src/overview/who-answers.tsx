import { Skeleton } from '@mantine/core';
import { IconArrowsSplit } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { AliasVersion } from '../../../../contracts/aliases.ts';
import type { UsageRow } from '../../../../contracts/usage.ts';
import { aliasesQuery, usageQuery } from '../api/queries.ts';
import { useApi } from '../api/project-scope.tsx';
import { CommandLine } from '../components/command-line.tsx';
import { Empty } from '../components/empty.tsx';
import { Loaded } from '../components/loaded.tsx';
import { Panel } from '../components/panel.tsx';
import { TargetName, isStudent } from '../components/target-name.tsx';
import { formatUsd } from '../format/cost.ts';
import { plural } from '../format/numbers.ts';
import { formatMs } from '../format/time.ts';
import { answerersOf } from './answerers.ts';
import classes from './who-answers.module.css';

/** The loop in a picture: what the app says, and what answers to it today. */
export function WhoAnswers() {
  const api = useApi();
  const query = useQuery(aliasesQuery(api));
  const used = useQuery(usageQuery(api, 1, ['alias', 'provider', 'model'])).data?.items;
  return (
    <Panel title="Who answers today" hint="what the app asks for → what answers">
      <Loaded query={query} skeleton={<Skeleton height={58} radius="md" />}>
        {(aliases) => (aliases.length === 0 ? <NoAliases /> : <Answers aliases={aliases} used={used} />)}
      </Loaded>
    </Panel>
  );
}

/** `used`: by alias, provider and model; undefined where it is not known. */
function Answers({ aliases, used }: { aliases: AliasVersion[]; used: readonly UsageRow[] | undefined }) {
  return (
    <ul className={classes.list}>
      {aliases.map((alias) => (
        <li key={alias.name} className={classes.row}>
          <Link to="/aliases/$name" params={{ name: alias.name }} className={classes.alias}>
            <span className={`${classes.key} mono`}>model=</span>
            <span className={`${classes.value} mono`}>{`"${alias.name}"`}</span>
          </Link>
          <Arrow />
          <div className={classes.targets}>
            {answerersOf(alias, used).map(({ target, role, row }) => (
              <Answering key={target} target={target} role={role} row={row} known={used !== undefined} />
            ))}
          </div>
        </li>
      ))}
    </ul>
  );
}

interface AnsweringProps {
  target: string;
  /** Its share of the calls, or that it is a fallback; '' where it is all there is. */
  role: string;
  row: UsageRow | undefined;
  /** Whether it is known what was used. */
  known: boolean;
}

function Answering({ target, role, row, known }: AnsweringProps) {
  const notes = [role, ...(row ? figuresOf(row) : known ? ['answered nothing in 24 h'] : [])].filter((note) => note !== '');
  return (
    <div className={classes.target} data-kind={isStudent(target) ? 'student' : 'provider'}>
      <TargetName target={target} />
      <span className={classes.note}>{notes.join(' · ')}</span>
    </div>
  );
}

function figuresOf({ calls, errors, costUsd, p50Ms }: UsageRow): string[] {
  return [
    plural(calls, 'call'),
    errors > 0 ? plural(errors, 'error') : '',
    costUsd === null || calls === 0 ? '' : `${formatUsd((costUsd / calls) * 1000)} / 1k`,
    p50Ms === null ? '' : `p50 ${formatMs(p50Ms)}`,
  ];
}

const Arrow = () => (
  <svg className={classes.arrow} viewBox="0 0 100 12" preserveAspectRatio="xMaxYMid slice" aria-label="is answered by" role="img">
    <path d="M-400 6H90M86 2l5 4-5 4" fill="none" stroke="currentColor" strokeWidth="1.2" />
  </svg>
);

const NoAliases = () => (
  <Empty
    icon={<IconArrowsSplit size={34} stroke={1.4} />}
    title="No alias yet"
    next={<CommandLine command="npm run stillhouse -- alias set support openai/gpt-4o --reason 'day 0'" />}
  >
    An alias is the name your app asks for. Point one to a provider’s model today; the student takes it over once it has proved itself.
  </Empty>
);
