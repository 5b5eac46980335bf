import { randomBytes } from 'node:crypto';

export type IdPrefix = 'job' | 'dlv' | 'acct' | 'key';

/**
 * A new id: prefix, milliseconds since 1970 as 12 hex digits, 12 random hex digits. Ids sort by time, and the
 * day inside an id names the partition that holds its row (db/0001_partitions.sql).
 */
export function newId(prefix: IdPrefix): string {
  return `${prefix}_${Date.now().toString(16).padStart(12, '0')}${randomBytes(6).toString('hex')}`;
}

/** Whether the text has the form of an id; says nothing about whether such a row exists. */
export function isId(prefix: IdPrefix, text: string): boolean {
  return text.startsWith(`${prefix}_`) && /^[0-9a-f]{24}$/.test(text.slice(prefix.length + 1));
}
