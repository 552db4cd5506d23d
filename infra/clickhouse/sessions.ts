import { Session } from 'chdb';
import { sqlName } from './sql-tokens.ts';

/** Connections to the one engine of this process. A session runs one query at a time, so there are several. */
export interface SessionPool {
  readonly version: string;
  /** The engine's own. */
  readonly folder: string;
  /** Runs `work` on a session of its own, whose database is `database`. Waits for one where all are busy. */
  use<T>(database: string, work: (session: Session) => Promise<T>): Promise<T>;
  /** Ends the queries whose text holds the mark, from a session that is kept free for it. */
  kill(mark: string): Promise<void>;
  /** Waits for what runs, kills what runs longer than the grace, then closes the engine. */
  close(graceMs: number): Promise<void>;
}

/**
 * The engine shares its machine with all the other parts: at most half of the memory (its own default is 90 %), of that
 * half a gigabyte for index marks. Tables are loaded before the first query.
 */
const ENGINE_ARGUMENTS = ['--async_load_databases=0', '--max_server_memory_usage_to_ram_ratio=0.5', '--mark_cache_size=536870912'];

interface Member {
  session: Session;
  database: string;
}

/**
 * The engine keeps what a failed query had written so far, and gives it out before the next answer of the same session:
 * someone else's rows. So a session answers once for nobody, until it says what it was asked; one that doesn't is replaced.
 */
async function rinse(member: Member, open: () => Session): Promise<void> {
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const said = await member.session.queryAsync('SELECT 7', { format: 'TabSeparated' }).then(
      (result) => Buffer.from(result.bytes()),
      () => null,
    );
    if (said?.equals(Buffer.from('7\n'))) return;
  }
  member.session.close();
  member.session = open();
  member.database = 'default';
}

/** Opens the folder with `size` sessions for queries and one to kill them. */
export function openSessionPool(folder: string, size: number): SessionPool {
  const open = () => new Session(folder, { connectionArgs: ENGINE_ARGUMENTS });
  const control = open();
  const members: Member[] = Array.from({ length: size }, () => ({ session: open(), database: 'default' }));
  const idle = [...members];
  const waiting: ((member: Member) => void)[] = [];
  const running = new Set<Promise<unknown>>();

  const take = () => {
    const member = idle.pop();
    return member ? Promise.resolve(member) : new Promise<Member>((resolve) => waiting.push(resolve));
  };
  const give = (member: Member) => {
    const next = waiting.shift();
    if (next) next(member);
    else idle.push(member);
  };

  async function use<T>(database: string, work: (session: Session) => Promise<T>): Promise<T> {
    const member = await take();
    try {
      if (member.database !== database) {
        await member.session.queryAsync(`USE ${sqlName(database)}`);
        member.database = database;
      }
      return await work(member.session);
    } catch (error) {
      await rinse(member, open);
      throw error;
    } finally {
      give(member);
    }
  }

  const kill = async (mark: string) => {
    // Put together by the engine, so that this very query does not hold the mark.
    const [first, rest] = [mark.slice(0, 4), mark.slice(4)];
    await control.queryAsync(`KILL QUERY WHERE position(query, concat('${first}', '${rest}')) > 0 ASYNC`);
  };

  return {
    folder,
    version: control.query('SELECT version()', 'TabSeparated').trim(),
    use(database, work) {
      const run = use(database, work);
      const settled = run.then(
        () => {},
        () => {},
      );
      running.add(settled);
      void settled.then(() => running.delete(settled));
      return run;
    },
    kill,
    async close(graceMs) {
      // Every query carries such a mark; an insert doesn't, and is short.
      const impatient = setInterval(() => void kill('/* request ').catch(() => {}), graceMs);
      await Promise.all(running);
      clearInterval(impatient);
      for (const member of members) member.session.close();
      control.close();
    },
  };
}
