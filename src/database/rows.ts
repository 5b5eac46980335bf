import { sql, type RawBuilder } from 'kysely';

/** A column of a batch: its Postgres type, and its value in each row. */
export interface Column<Row> {
  type: string;
  /** Whether each value is a parameter of its own, and not an element of one array. */
  apart?: boolean;
  valueOf: (row: Row, index: number) => unknown;
}

type ValueOf<Row, Value> = (row: Row, index: number) => Value | null | undefined;

export const text = <Row>(valueOf: ValueOf<Row, string>): Column<Row> => ({ type: 'text', valueOf });
/**
 * Text that may be long, as a string or its bytes in UTF-8. Each value is a parameter of its own,
 * which is neither escaped here nor unescaped there. Good for batches of up to a thousand.
 */
export const largeText = <Row>(valueOf: ValueOf<Row, string | Uint8Array>): Column<Row> => ({
  type: 'text',
  apart: true,
  valueOf: (row, index) => {
    const value = valueOf(row, index);
    // pg sends a Buffer as it is.
    return value instanceof Uint8Array
      ? Buffer.from(value.buffer, value.byteOffset, value.byteLength)
      : value;
  },
});
/** Bytes that may be many, each value as a parameter of its own like largeText. */
export const largeBytea = <Row>(valueOf: ValueOf<Row, Uint8Array>): Column<Row> => ({
  ...largeText(valueOf),
  type: 'bytea',
});
export const smallint = <Row>(valueOf: ValueOf<Row, number>): Column<Row> => ({ type: 'smallint', valueOf });
export const int = <Row>(valueOf: ValueOf<Row, number>): Column<Row> => ({ type: 'int', valueOf });
export const bigint = <Row>(valueOf: ValueOf<Row, number>): Column<Row> => ({ type: 'bigint', valueOf });
export const real = <Row>(valueOf: ValueOf<Row, number>): Column<Row> => ({ type: 'real', valueOf });
export const float = <Row>(valueOf: ValueOf<Row, number>): Column<Row> => ({ type: 'float8', valueOf });
export const boolean = <Row>(valueOf: ValueOf<Row, boolean>): Column<Row> => ({ type: 'boolean', valueOf });
export const bytea = <Row>(valueOf: ValueOf<Row, Buffer>): Column<Row> => ({ type: 'bytea', valueOf });
/** Bytes as hexadecimal digits: a string weighs less than a Buffer where many are kept. */
export const hex = <Row>(valueOf: ValueOf<Row, string>): Column<Row> => ({
  type: 'bytea',
  valueOf: (row, index) => {
    const digits = valueOf(row, index) ?? null;
    return digits === null ? null : `\\x${digits}`;
  },
});
export const timestamptz = <Row>(valueOf: ValueOf<Row, Date>): Column<Row> => ({
  type: 'timestamptz',
  valueOf,
});

/** A value that is stored as JSON. */
export const jsonb = <Row>(valueOf: ValueOf<Row, object>): Column<Row> => ({
  type: 'jsonb',
  valueOf: (row, index) => {
    const value = valueOf(row, index);
    return value === null || value === undefined ? null : JSON.stringify(value);
  },
});

export interface Rows {
  /** The names of the columns, for the head of an `insert`. */
  columns: RawBuilder<unknown>;
  /** The batch as an item of a `from` clause: a table of this name. */
  as(name: string): RawBuilder<unknown>;
  /**
   * The same for a statement that is PREPARED: the planner does not see how long the batch is. It
   * would expect more of a plan made for one length than of the plan for any, and plan each time.
   */
  asPrepared(name: string): RawBuilder<unknown>;
}

/**
 * A batch as rows of SQL. It takes one array parameter per column however long the batch is (but
 * for largeText): Postgres allows 65,535 parameters. `insert into t (${batch.columns}) select *
 * from ${batch.as('b')}`.
 */
export function rows<Row>(batch: readonly Row[], columns: Record<string, Column<Row>>): Rows {
  const names = sql.join(Object.keys(columns).map((name) => sql.id(name)));
  const arrays = Object.values(columns).map(({ type, apart, valueOf }) => {
    const values = batch.map((row, index) => valueOf(row, index) ?? null);
    const array = apart ? sql`array[${sql.join(values)}]` : arrayLiteral(values as Element[]);
    return sql`${array}::${sql.raw(type)}[]`;
  });
  return {
    columns: names,
    as: (name) => sql`unnest(${sql.join(arrays)}) as ${sql.id(name)} (${names})`,
    asPrepared(name) {
      const apart = sql.join(arrays.map((array, n) => sql`${array} as ${sql.id(`a${n}`)}`));
      const together = sql.join(arrays.map((_, n) => sql.id(`a${n}`)));
      // `offset 0` keeps the arrays out of the planner's sight.
      return sql`(
        select ${sql.id(name)}.*
        from (select ${apart} offset 0) arrays
        cross join lateral unnest(${together}) as ${sql.id(name)} (${names})
      ) as ${sql.id(name)}`;
    },
  };
}

type Element = string | number | boolean | Buffer | Date | null;

/**
 * The values as Postgres writes an array. pg would build the text from pieces of a few bytes: they
 * were an eighth of the garbage that a delivery leaves.
 */
function arrayLiteral(values: readonly Element[]): string {
  return `{${values.map((value) => elementLiteral(value)).join(',')}}`;
}

function elementLiteral(value: Element): string {
  if (value === null) return 'NULL';
  if (typeof value === 'string') return `"${value.replace(/["\\]/g, '\\$&')}"`;
  if (Buffer.isBuffer(value)) return `"\\\\x${value.toString('hex')}"`;
  if (value instanceof Date) return `"${value.toISOString()}"`;
  return String(value);
}
