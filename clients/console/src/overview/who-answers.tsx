import { Skeleton } from '@mantine/core';
import { IconArrowsSplit } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { AliasVersion, WeightedTarget } from '../../../../contracts/aliases.ts';
import type { Overview } from '../../../../contracts/http.ts';
import { aliasesQuery } from '../api/queries.ts';
import { useApi } from '../api/project-scope.tsx';
import { CommandLine } from '../components/command-line.tsx';
import { Empty } from '../components/empty.tsx';
import { Loaded } from '../components/loaded.tsx';
import { Panel } from '../components/panel.tsx';
import { TargetName, isStudent } from '../components/target-name.tsx';
import { formatUsd } from '../format/cost.ts';
import { formatShare, plural } from '../format/numbers.ts';
import { formatMs } from '../format/time.ts';
import classes from './who-answers.module.css';

/** The loop in a picture: what the app says, and what answers to it today. */
export function WhoAnswers({ overview }: { overview: Overview }) {
  const query = useQuery(aliasesQuery(useApi()));
  return (
    <Panel title="Who answers today" hint="what the app asks for → what answers">
      <Loaded query={query} skeleton={<Skeleton height={58} radius="md" />}>
        {(aliases) => (aliases.length === 0 ? <NoAliases /> : <Answers aliases={aliases} overview={overview} />)}
      </Loaded>
    </Panel>
  );
}

function Answers({ aliases, overview }: { aliases: AliasVersion[]; overview: Overview }) {
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
            {alias.targets.map((target) => (
              <Answering key={target.target} target={target} all={alias.targets} overview={overview} />
            ))}
          </div>
        </li>
      ))}
    </ul>
  );
}

function Answering({ target: { target, weight }, all, overview }: { target: WeightedTarget; all: WeightedTarget[]; overview: Overview }) {
  const figures = overview.byTarget.find((row) => row.target === target);
  const share = weight / all.reduce((sum, each) => sum + each.weight, 0);
  const perThousand = figures && figures.costUsd !== null && figures.calls > 0 ? (figures.costUsd / figures.calls) * 1000 : null;
  const notes = [
    all.length > 1 && formatShare(share),
    figures && plural(figures.calls, 'call'),
    perThousand !== null && `${formatUsd(perThousand)} / 1k`,
    figures && figures.p50Ms !== null && `p50 ${formatMs(figures.p50Ms)}`,
  ].filter((note) => typeof note === 'string');
  return (
    <div className={classes.target} data-kind={isStudent(target) ? 'student' : 'provider'}>
      <TargetName target={target} />
      <span className={classes.note}>{notes.length > 0 ? notes.join(' · ') : 'no calls in 24 h'}</span>
    </div>
  );
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
