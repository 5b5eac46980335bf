import type { Stage } from './stage.ts';
import { arrivedAtLeast } from './throughput.ts';

/**
 * Deliveries per second to one endpoint that takes 50 ms for each, from the first arrival to the
 * last, with nothing known of the endpoint before.
 */
export async function slowReceiver(stage: Stage, count: number): Promise<number> {
  await stage.stats('reset');
  await stage.fill(count, { accounts: stage.accounts.slice(0, 1), path: '/slow' });
  const dispatcher = await stage.dispatcher();
  await arrivedAtLeast(stage, count, 50);
  const { arrivals } = await stage.stats('arrivals');
  await dispatcher.stop();
  const times = arrivals.map(([, at]) => at);
  return (count / (Math.max(...times) - Math.min(...times))) * 1000;
}
