import { randomBytes } from 'node:crypto';

export type IdPrefix = 'job' | 'dlv' | 'acct' | 'key' | 'sch' | 'aud';

/**
 * A new id: prefix, milliseconds since 1970 as 12 hex digits, 12 random hex digits. Ids sort by
 * time, and the day inside an id names the partition that holds its row (db/0001_partitions.sql).
 */
export function newId(prefix: IdPrefix): string {
  return idFloor(prefix, Date.now()) + randomBytes(6).toString('hex');
}

/**
 * What every id sorts after that is made at this time (milliseconds since 1970; before that: at
 * 1970) or later.
 */
export function idFloor(prefix: IdPrefix, time: number): string {
  return `${prefix}_${Math.max(0, time).toString(16).padStart(12, '0')}`;
}

/** When an id was made, in milliseconds since 1970. */
export function createdAt(id: string): number {
  return parseInt(id.slice(id.indexOf('_') + 1).slice(0, 12), 16);
}

/** Whether the text has the form of an id; says nothing about whether such a row exists. */
export function isId(prefix: IdPrefix, text: string): boolean {
  return text.startsWith(`${prefix}_`) && /^[0-9a-f]{24}$/.test(text.slice(prefix.length + 1));
}
