import type { AccountLoad } from '../../../src/webhooks/dispatch/endpoint/account-load.ts';
import { Endpoint, type EndpointPlace } from '../../../src/webhooks/dispatch/endpoint/endpoint.ts';
import { TrialBudget } from '../../../src/webhooks/dispatch/endpoint/trial-budget.ts';
import type { ClaimedDelivery } from '../../../src/webhooks/outbox/claim.ts';
import type { AttemptResult } from '../../../src/webhooks/outbox/finished-attempt.ts';

export const newAccount = (): AccountLoad => ({ waiting: 0, inFlight: 0, urgentInFlight: 0, restUntil: 0 });

/** A budget of a host that has answered. */
export function passedBudget(): TrialBudget {
  const budget = new TrialBudget();
  budget.pass();
  return budget;
}

export function newEndpoint({ maxConcurrency = 64, budget = passedBudget() } = {}): Endpoint {
  const name = { account_id: 'acct_1', endpoint: 'a.example:443' };
  return new Endpoint({ ...name, account: newAccount(), budget, maxConcurrency });
}

/** The lane of a URL path, as Postgres would number it. */
const lanes = new Map<string, number>();
function laneOf(path: string): number {
  const lane = lanes.get(path) ?? lanes.size + 2;
  lanes.set(path, lane);
  return lane;
}

export function delivery(path: string, kind: 'fresh' | 'retry' | 'urgent' = 'fresh'): ClaimedDelivery {
  const lane = { fresh: laneOf(path), retry: 1, urgent: 0 }[kind];
  const webhook_url = `https://a.example${path}`;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what an endpoint reads of a delivery
  return { account_id: 'acct_1', endpoint: 'a.example:443', webhook_url, lane } as ClaimedDelivery;
}

/** Has deliveries wait at the endpoint. Returns those that it gives back. */
export function add(endpoint: Endpoint, deliveries: ClaimedDelivery[], now = 0): ClaimedDelivery[] {
  return deliveries.filter((one) => endpoint.add({ delivery: one, claimedAt: now }, now) !== null);
}

/** Begins every request that may begin now. */
export function takeAll(endpoint: Endpoint, now = 0): EndpointPlace[] {
  const places: EndpointPlace[] = [];
  for (let place = endpoint.take(now); place; place = endpoint.take(now)) places.push(place);
  return places;
}

export const paths = (places: { delivery: ClaimedDelivery }[]): string[] =>
  places.map((place) => new URL(place.delivery.webhook_url).pathname);

const ANSWERED = { dns_ms: null, connect_ms: null, tls_ms: null, bytes_sent: 100, waited_ms: 0 };

/** The result of an attempt that took `ms`; `unreachable`: no connection came about. */
export function result(status: number | 'timeout' | 'unreachable', ms = 5): AttemptResult {
  const answered = typeof status === 'number';
  const failed = status === 'timeout' ? 'timeout' : answered ? 'http_error' : 'connection_failed';
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what an endpoint learns from
  return {
    ...ANSWERED,
    status_code: answered ? status : null,
    error: status === 200 ? null : failed,
    first_byte_ms: answered ? ms : null,
    duration_ms: ms,
    bytes_sent: status === 'unreachable' ? 0 : 100,
  } as AttemptResult;
}

/** Ends a request. Returns what the endpoint gives back. */
export function end(
  place: EndpointPlace,
  how: Parameters<typeof result>[0],
  now = 0,
  ms = 5,
): ClaimedDelivery[] {
  place[Symbol.dispose]();
  return place.endpoint.settle(place, result(how, ms), now).map((waiting) => waiting.delivery);
}

/** Sends `count` deliveries to the path one after the other. */
export function exchange(
  endpoint: Endpoint,
  path: string,
  how: Parameters<typeof result>[0],
  { count = 1, now = 0, ms = 5 } = {},
): void {
  for (let n = 0; n < count; n++) {
    add(endpoint, [delivery(path)], now);
    const place = endpoint.take(now);
    if (place) end(place, how, now, ms);
  }
}
