/** Beginnings of names that are ours alone. */
const PREFIXES = ['OLLAGRAPH_', 'WEBHOOK_', 'ALLOW_PRIVATE_', 'RENDER_', 'RETENTION_'];
/** Shorter names look like too much else: HOME is no HOST. */
const MIN_LENGTH = 6;

/**
 * The variables that are not read and look as if they were meant to be: misspelt, or with a
 * beginning of ours. Each with the name that it resembles, where there is one.
 */
export function findLookalikes(
  env: NodeJS.ProcessEnv,
  known: readonly string[],
): { name: string; meant: string | null }[] {
  const found = [];
  for (const name of Object.keys(env).toSorted()) {
    if (known.includes(name) || env[name] === '') continue;
    const meant = known.find((other) => resembles(name, other)) ?? null;
    if (meant !== null || PREFIXES.some((prefix) => name.startsWith(prefix))) found.push({ name, meant });
  }
  return found;
}

const plain = (name: string) => name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '');

function resembles(name: string, known: string): boolean {
  const [a, b] = [plain(name), plain(known)];
  if (a === b) return true;
  if (b.length < MIN_LENGTH || Math.abs(a.length - b.length) > 2) return false;
  return distance(a, b) <= (b.length < 10 ? 1 : 2);
}

/** Levenshtein distance: insertions, deletions and replacements from one word to the other. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length]!;
}
