import { setTimeout as sleep } from 'node:timers/promises';
import type { Body, Client } from './rig/client.ts';
import type { Random } from './random.ts';

/** Where a load's pages are and where its callbacks go to. */
export interface Places {
  page: (path: string) => string;
  hook: (path: string) => string;
}

const LANES = 3;

/** Marks the idempotency keys of synchronous requests. */
export const NOW = '-now-';

/**
 * Sends one round's requests, side by side in a few lanes: single pages and batches, queued and
 * answered at once, crawls with and without a sitemap, jobs without a webhook, with a summary, with
 * all events, and cancelled ones. Returns the ids of what was queued when the last is answered.
 */
export async function sendLoad(
  client: Client,
  places: Places,
  random: Random,
  name: string,
): Promise<string[]> {
  const ids: (string | null)[] = [];
  const tasks = shuffle(plan(client, places, random, name), random);
  const lane = async () => {
    for (let task = tasks.pop(); task; task = tasks.pop()) ids.push(await task());
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return ids.filter((id) => id !== null);
}

function plan(
  client: Client,
  { page, hook }: Places,
  random: Random,
  name: string,
): (() => Promise<string | null>)[] {
  const anyPage = () => page(`/page/${random.whole(1, 1000)}?ms=${random.pick([0, 0, 50, 200, 800])}`);
  const anyHook = () => hook(`/hook?ms=${random.pick([0, 0, 20, 100, 500])}`);
  let n = 0;
  const create = (path: string, body: Body) => {
    const key = `${name}-${n++}`;
    return async () => {
      await sleep(random.whole(0, 200));
      return await client.create(path, body, key);
    };
  };
  const single = (extra: object = {}) =>
    create('/v1/scrape/async', { url: anyPage(), webhook_url: anyHook(), ...extra });
  const batch = (extra: object = {}) => {
    const urls = Array.from({ length: random.whole(5, 40) }, anyPage);
    return create('/v1/scrape/batch/async', { urls, webhook_url: anyHook(), ...extra });
  };
  const now = (path: string, body: Body) => {
    const key = `${name}${NOW}${n++}`;
    return async () => {
      await sleep(random.whole(0, 200));
      await client.scrapeNow(path, body, key);
      return null;
    };
  };
  const cancelled = (job: () => Promise<string>) => async () => {
    const id = await job();
    await sleep(random.whole(0, 500));
    // Cancelling an ended job answers 409, which insist would repeat.
    for (let answer = null; answer === null || answer.status >= 500; await sleep(50))
      answer = await client.once('POST', `/v1/jobs/${id}/cancel`);
    return id;
  };
  return [
    ...Array.from({ length: 6 }, () => single()),
    single({ webhook_events: ['job.started', 'job.page', 'job.completed'] }),
    create('/v1/scrape/async', { url: anyPage() }),
    batch(),
    batch({ webhook_payload: 'summary', metadata: { round: name } }),
    cancelled(batch()),
    create('/v1/crawl', { url: page('/tree/1'), max_pages: 20, sitemap: 'skip', webhook_url: anyHook() }),
    create('/v1/crawl', { url: page('/tree/8'), max_pages: 10, webhook_url: anyHook() }),
    now('/v1/scrape', { url: anyPage() }),
    now('/v1/scrape', { url: anyPage() }),
    now('/v1/scrape/batch', { urls: Array.from({ length: 5 }, anyPage) }),
  ];
}

function shuffle<T>(items: T[], random: Random): T[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = random.whole(0, i);
    [items[i], items[j]] = [items[j]!, items[i]!];
  }
  return items;
}
