import { count } from './format.ts';

/**
 * The notice after a form was carried out, by the word in the address. `n` is a number from the
 * address.
 */
const NOTICES: Record<string, string | ((n: number) => string)> = {
  'signed-out': 'You are signed out.',
  redelivered: 'Sending again: the same bytes with a new timestamp.',
  recovered: (n) => `${count(n)} ${n === 1 ? 'delivery is' : 'deliveries are'} sent again.`,
  queued: 'The job is queued. This page follows it.',
  cancelled: 'The job is cancelled.',
  ended: 'The job had already ended.',
  paused: 'Paused. Deliveries wait until you resume it; none is dropped.',
  resumed: 'Resumed. What waited is sent now.',
  emptied: (n) => `${count(n)} waiting ${n === 1 ? 'delivery was' : 'deliveries were'} cancelled.`,
  revoked: 'The key is revoked.',
  renamed: 'The account has another name.',
  suspended: 'Suspended. Its keys are refused until you resume it.',
  'account-resumed': 'Resumed. Its keys work again.',
  deleted: 'The account and its data are deleted.',
  scheduled: 'The schedule is made.',
  saved: 'Saved.',
  run: 'The run has begun.',
  held: 'Paused. It does not run until you resume it.',
  active: 'Resumed. It runs at its next time.',
  'schedule-deleted': 'The schedule is deleted.',
  granted: (n) => `${count(n)} credits were ${n < 0 ? 'taken back' : 'given'}.`,
};

export function noticeOf(query: Record<string, unknown>): string | null {
  const found =
    typeof query.notice === 'string' && Object.hasOwn(NOTICES, query.notice)
      ? NOTICES[query.notice]
      : undefined;
  if (found === undefined || typeof found === 'string') return found ?? null;
  return typeof query.n === 'string' && /^-?\d{1,12}$/.test(query.n) ? found(Number(query.n)) : null;
}
