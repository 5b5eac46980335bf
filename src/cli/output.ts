import type { Command } from 'commander';
import { printLines } from './invocation.ts';
import { formatTable, type Column } from './table.ts';
import { oneLine, toJson } from './terminal.ts';

/** Whether `--json` was given. */
export function wantsJson(command: Command): boolean {
  return command.optsWithGlobals<{ json?: boolean }>().json === true;
}

/** Prints a result: the value with `--json`, else the text. */
export function print(command: Command, value: unknown, text: string): void {
  printLines(command, wantsJson(command) ? toJson(value, 2) : text);
}

type Cell = string | number | Date | null;
type Columns<Row> = (Column & { of: (row: Row) => Cell })[];

/** Prints records: `{data: […]}` with `--json`, else a table of the columns. */
export function printList<Row extends object>(command: Command, rows: Row[], columns: Columns<Row>): void {
  print(command, { data: rows }, tableOf(rows, columns));
}

/** Records as a table of the columns. */
export function tableOf<Row extends object>(rows: Row[], columns: Columns<Row>): string {
  return formatTable(
    columns,
    rows.map((row) => columns.map(({ of }) => toText(of(row)))),
  );
}

/** One record, a field per line; fields without a value are left out. */
export function formatRecord(record: object): string {
  const fields = Object.entries(record).filter(([, value]) => value !== null && value !== undefined);
  const width = Math.max(...fields.map(([name]) => name.length));
  const line = (name: string, value: unknown) =>
    `${name.padEnd(width)}  ${oneLine(typeof value === 'string' ? value : toJson(value))}`;
  return fields.map(([name, value]) => line(name, value)).join('\n');
}

function toText(value: Cell): string | null {
  if (value instanceof Date) return `${value.toISOString().slice(0, 19)}Z`;
  return value === null ? null : String(value);
}
