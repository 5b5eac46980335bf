import type { Command } from 'commander';
import { formatTable, type Column } from './table.ts';

/** Whether the command was asked for JSON. */
export function wantsJson(command: Command): boolean {
  return command.optsWithGlobals<{ json?: boolean }>().json === true;
}

/** Prints a result: the value as JSON where that is asked for, else the text for people. */
export function print(command: Command, value: unknown, text: string): void {
  console.log(wantsJson(command) ? JSON.stringify(value, null, 2) : text);
}

/** Prints a list of records: `{data: […]}` as JSON, or a table of the columns. */
export function printList<Row extends object>(
  command: Command,
  rows: Row[],
  columns: (Column & { of: (row: Row) => string | number | Date | null })[],
): void {
  const cells = rows.map((row) => columns.map(({ of }) => toText(of(row))));
  print(command, { data: rows }, formatTable(columns, cells));
}

function toText(value: string | number | Date | null): string | null {
  if (value instanceof Date) return `${value.toISOString().slice(0, 19)}Z`;
  return value === null ? null : String(value);
}
