export interface Column {
  name: string;
  /** Numbers stand to the right. */
  numeric?: boolean;
}

/** Rows as a table like psql's: a header, a rule, one line a row, missing values empty. `gap` is set between columns. */
export function formatTable(columns: Column[], rows: readonly (readonly (string | null)[])[]): string {
  const cells = [columns.map((c) => c.name), ...rows.map((row) => row.map((value) => clean(value ?? '')))];
  const widths = columns.map((_, i) => Math.max(...cells.map((row) => (row[i] ?? '').length)));
  const line = (row: string[]) =>
    row
      .map((cell, i) => (columns[i]!.numeric ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '─'.repeat(width)).join('  ');
  const [header, ...body] = cells.map(line);
  return [header, rule, ...body].join('\n');
}

/** One line, and nothing that moves a terminal's cursor: some of what is shown comes from strangers. */
export function clean(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll('\n', '↵').replace(/[\u0000-\u001f\u007f-\u009f]/g, '');
}
