/** Text with one target: the address that a link annotation gives it, or none. */
export interface Run {
  text: string;
  href: string | null;
}

export function textOfRuns(runs: readonly Run[]): string {
  return runs.map(({ text }) => text).join('');
}

/** Adds text behind the last run, or to it where the target is the same. */
export function append(runs: Run[], { text, href }: Run): void {
  const last = runs.at(-1);
  if (last?.href === href) last.text += text;
  else if (text !== '') runs.push({ text, href });
}

/** The runs without the first `start` and the last `end` characters. */
export function cut(runs: readonly Run[], start: number, end: number): Run[] {
  const length = textOfRuns(runs).length;
  let at = 0;
  return runs.flatMap(({ text, href }) => {
    const kept = text.slice(Math.max(0, start - at), Math.max(0, length - end - at));
    at += text.length;
    return kept === '' ? [] : { text: kept, href };
  });
}

/** The runs without blanks at either end. */
export function trim(runs: readonly Run[]): Run[] {
  const text = textOfRuns(runs);
  return cut(runs, text.length - text.trimStart().length, text.length - text.trimEnd().length);
}
