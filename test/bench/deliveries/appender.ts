// A process that appends deliveries and sends them too, as the one that ends jobs does. For each
// message {n, account_id, webhook_url, direct} of its parent it appends one, `direct`ly where there
// is room, and answers {n, id, at}: when that was committed.
import { createSecretBox } from '../../../src/accounts/secrets.ts';
import { readConfig } from '../../../src/config/index.ts';
import { createContext } from '../../../src/context.ts';
import { Dispatcher } from '../../../src/webhooks/dispatch/dispatcher.ts';
import { appendInto } from '../../../src/webhooks/direct/append-leased.ts';
import { Reservation } from '../../../src/webhooks/direct/reservation.ts';

/** What the parent asks for. */
export interface AppendOrder {
  n: number;
  account_id: string;
  webhook_url: string;
  direct: boolean;
}

const BODY = JSON.stringify({ job_id: 'job_x', status: 'completed', result: 'x'.repeat(960) });

const context = await createContext(readConfig());
const dispatcher = new Dispatcher(context, createSecretBox(undefined));
dispatcher.start();

async function append({ n, account_id, webhook_url, direct }: AppendOrder): Promise<void> {
  const delivery = {
    account_id,
    job_id: null,
    event: 'job.completed',
    webhook_url,
    headers: null,
    webhook_id: null,
    head: BODY,
    tail: '',
    whole_job: false,
    page_ordinals: null,
    trigger: 'schedule',
  } as const;
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
