import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sql } from 'kysely';
import type { Db } from '../../src/database/tables.ts';

/** Makes Postgres log every statement of sessions of this database that start from now on. */
export async function logStatements(db: Db): Promise<void> {
  await sql`do $$ begin execute format('alter database %I set log_statement = ''all''', current_database()); end $$`.execute(
    db,
  );
}

const ENTRY = /^\d{4}-\d\d-\d\d .*? \[(\d+)\] LOG: {2}(?:execute [^:]+|statement): ([\s\S]*)$/;

/** The logged statements in order, with the process id of their session. */
async function readLog(db: Db): Promise<{ pid: string; text: string }[]> {
  const { rows } = await sql<{ data_directory: string }>`show data_directory`.execute(db);
  const log = await readFile(join(dirname(rows[0]!.data_directory), 'postgres.log'), 'utf8');
  return log.split(/^(?=\d{4}-\d\d-\d\d )/m).flatMap((entry) => {
    const [, pid, text] = ENTRY.exec(entry.trimEnd()) ?? [];
    return pid === undefined ? [] : [{ pid, text: text!.replaceAll('\n\t', '\n') }];
  });
}

/** The logged statements, each text once, with $1 and so on in place of values. */
export async function loggedStatements(db: Db): Promise<string[]> {
  return [...new Set((await readLog(db)).map(({ text }) => text))];
}

/** The statements of each transaction block that has been committed. */
export async function loggedTransactions(db: Db): Promise<string[][]> {
  const open = new Map<string, string[]>();
  const committed: string[][] = [];
  for (const { pid, text } of await readLog(db)) {
    const word = /^\w+/.exec(text)?.[0].toLowerCase();
    if (word === 'begin') open.set(pid, []);
    else if (word === 'commit') committed.push(open.get(pid) ?? []);
    else open.get(pid)?.push(text);
    if (word === 'commit' || word === 'rollback') open.delete(pid);
  }
  return committed;
}

/** The parts of an EXPLAIN plan node that are read here. */
interface PlanNode {
  'Relation Name'?: string;
  Schema?: string;
  Alias?: string;
  Operation?: string;
  Plans?: PlanNode[];
  [condition: string]: unknown;
}

/** How a statement uses the tables of the schema public. */
export interface TableUse {
  /** All their names, sorted; a partition counts as its table. */
  tables: string[];
  /**
   * Tables it reads or changes without comparing the column with a constant or another table's
   * column.
   */
  without: string[];
}

/** Asks the planner how the statement finds its rows. */
export async function useOfTables(db: Db, statement: string, column: string): Promise<TableUse> {
  const explained = await sql<{
    'QUERY PLAN': { Plan: PlanNode }[];
  }>`${sql.raw(`explain (generic_plan, verbose, format json) ${statement}`)}`.execute(db);
  const nodes = flatten(explained.rows[0]!['QUERY PLAN'][0]!.Plan);
  const conditions = nodes.flatMap((node) =>
    Object.entries(node).flatMap(([name, text]) =>
      /Cond$|Filter$/.test(name) && typeof text === 'string' ? [text] : [],
    ),
  );
  const found = nodes.filter((node) => node.Schema === 'public' && node['Relation Name'] !== undefined);
  // A partition's alias is its table's alias plus a number; a join over all partitions uses the
  // table's.
  const restricted = ({ Alias: alias = '' }: PlanNode) =>
    [alias, alias.replace(/_\d+$/, '')].some((name) =>
      conditions.some(
        (text) => text.includes(`(${name}.${column} = `) || text.includes(` = ${name}.${column})`),
      ),
    );
  const scans = found.filter((node) => node.Operation === undefined);
  const names = (of: PlanNode[]) =>
    [...new Set(of.map((node) => node['Relation Name']!.replace(/_\d{8}$/, '')))].toSorted();
  return { tables: names(found), without: names(scans.filter((node) => !restricted(node))) };
}

function flatten(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(flatten)];
}
