import { z } from 'zod';
import { notify, type Notification, type Notifications } from '../database/notifications.ts';
import type { Db } from '../database/tables.ts';

/**
 * Which request a call came in. Clients number their requests alike, so its id says nothing without
 * the session of its client.
 */
export interface CallName {
  account_id: string;
  session: string;
  request_id: string | number;
}

/** What tells requests apart; longer ones fit into no notification. */
const requestId = z.union([z.string().max(200), z.number()]);
const SESSION = /^[\x21-\x7e]{1,200}$/;

const request = z.looseObject({ method: z.string(), id: requestId });
const cancelNotice = z.looseObject({
  method: z.literal('notifications/cancelled'),
  params: z.looseObject({ requestId }),
});

/** Who sends a message: the account of its key, and the session that its client names. */
interface Sender {
  accountId: string;
  session: string | undefined;
}

/** The call that a message makes; null where nobody could name it in a cancel notice. */
export function callMadeBy(message: unknown, sender: Sender): CallName | null {
  const { data } = request.safeParse(message);
  return data === undefined ? null : nameOf(sender, data.id);
}

/** The call that a message cancels; null where it cancels none. */
export function callCancelledBy(message: unknown, sender: Sender): CallName | null {
  const { data } = cancelNotice.safeParse(message);
  return data === undefined ? null : nameOf(sender, data.params.requestId);
}

function nameOf({ accountId, session }: Sender, request_id: string | number): CallName | null {
  if (session === undefined || !SESSION.test(session)) return null;
  return { account_id: accountId, session, request_id };
}

/**
 * The calls that are being answered. A notice that cancels one is a request of its own, and may
 * reach another process, which passes it on.
 */
export class RunningCalls {
  readonly #db: Db;
  readonly #cancels = new Map<string, () => void>();

  constructor(db: Db, notifications: Notifications) {
    this.#db = db;
    notifications.subscribe((notification) => this.#hear(notification));
  }

  /** Calls `cancel` when a notice names the call, until the returned function is called. */
  begin(call: CallName, cancel: () => void): () => void {
    const key = keyOf(call);
    this.#cancels.set(key, cancel);
    return () => {
      if (this.#cancels.get(key) === cancel) this.#cancels.delete(key);
    };
  }

  /** Cancels a call, here or in another process; does nothing where it has ended. */
  async cancel(call: CallName): Promise<void> {
    if (!this.#cancelHere(call)) await notify(this.#db, { type: 'call_cancelled', ...call });
  }

  #hear(notification: Notification): void {
    if (notification.type === 'call_cancelled') this.#cancelHere(notification);
  }

  #cancelHere(call: CallName): boolean {
    const cancel = this.#cancels.get(keyOf(call));
    cancel?.();
    return cancel !== undefined;
  }
}

const keyOf = ({ account_id, session, request_id }: CallName) =>
  JSON.stringify([account_id, session, request_id]);
