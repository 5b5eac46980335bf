import { sql } from 'kysely';

const MARK = '/* prepared */';

/**
 * Begins a statement that is to be prepared where connections keep their backends: Postgres then
 * parses it once a connection, and may keep one plan for any parameters. For statements that are
 * frequent, whose planning costs more than their work, and whose text never varies.
 */
export const PREPARED = sql.raw(MARK);

const names = new Map<string, string>();

/** The name under which a statement is prepared; null where it is not. */
export function preparedName(text: unknown): string | null {
  if (typeof text !== 'string' || !text.startsWith(MARK)) return null;
  const known = names.get(text);
  if (known !== undefined) return known;
  const name = `ollagraph_${names.size}`;
  names.set(text, name);
  return name;
}
