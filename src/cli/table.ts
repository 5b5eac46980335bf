import { oneLine } from './terminal.ts';

export interface Column {
  name: string;
  /** Aligned to the right. */
  numeric?: boolean;
}

/** Rows as a table: a header, a rule, one line per row, missing values empty. */
export function formatTable(columns: Column[], rows: readonly (readonly (string | null)[])[]): string {
  const cells = [columns.map((c) => c.name), ...rows.map((row) => row.map((value) => oneLine(value ?? '')))];
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
