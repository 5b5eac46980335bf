// A process that appends deliveries and sends them too, as the one that ends jobs does. For each
// message {n, account_id, webhook_url, direct} of its parent it appends one, `direct`ly where there
// is room, and answers {n, id, at}: when that was committed.
import { createSecretBox } from '../../../src/accounts/secrets.ts';
import { readConfig } from '../../../src/config/index.ts';
import { createContext } from '../../../src/context.ts';
import { Dispatcher } from '../../../src/webhooks/dispatch/dispatcher.ts';
import { appendInto } from '../../../src/webhooks/direct/append-leased.ts';
import { Reservation } from '../../../src/webhooks/direct/reservation.ts';
import { deliveryTo } from './delivery.ts';

/** What the parent asks for. */
export interface AppendOrder {
  n: number;
  account_id: string;
  webhook_url: string;
  direct: boolean;
}

const context = await createContext(readConfig());
const dispatcher = new Dispatcher(context, createSecretBox(undefined));
dispatcher.start();

async function append({ n, account_id, webhook_url, direct }: AppendOrder): Promise<void> {
  const delivery = deliveryTo(account_id, webhook_url);
  const dispatch = direct ? dispatcher : null;
  using reservation = await Reservation.make(dispatch, { account_id, webhook_url, urgent: false });
  const id = await context.db
    .transaction()
    .execute(async (tx) => await appendInto(tx, reservation, delivery));
  const at = performance.timeOrigin + performance.now();
  reservation?.handOver();
  process.send!({ n, id, at, leased: reservation !== null });
}

process.on('message', (order: AppendOrder) => void append(order));
process.on('disconnect', () => process.exit(0));
process.send!('ready');
