import { startReceiver } from './receiver.ts';
import type { TestService } from './service.ts';
import { page, startSite } from './site.ts';
import { eventually } from './wait.ts';

/** Exercises everything a service does for its callers. */
export async function exercise({ api }: TestService): Promise<void> {
  await using site = await startSite({ '/': page('Home', 'Hello.', ['/a', '/b?x=1', '/moved']) });
  await using receiver = await startReceiver();
  site.routes.set('/a', page('A', 'a'));
  site.routes.set('/stuck', () => undefined);
  site.routes.set('/moved', { status: 302, headers: { location: '/a' } });
  receiver.answers = [500, 500];
  const webhook_url = receiver.url();
  const webhook_events = ['job.started', 'job.page', 'job.completed'];
  await api('POST', '/v1/scrape', { url: site.url('/a') });
  await api('POST', '/v1/scrape/batch', { urls: [site.url('/a'), site.url('/none')], max_age_seconds: 60 });
  const crawl = await api.queue(
    '/v1/crawl',
    { url: site.url('/'), webhook_url, webhook_events },
    { 'idempotency-key': 'k' },
  );
  await api.finished(crawl);
  const batch = await api.queue('/v1/scrape/batch/async', {
    urls: [site.url('/a'), 'http://127.0.0.1:1/'],
    webhook_url,
  });
  const doomed = await api.queue('/v1/crawl', { url: site.url('/'), delay_ms: 5000, webhook_url });
  await api('POST', `/v1/jobs/${doomed}/cancel`);
  const hurried = await api.queue('/v1/scrape/async', {
    url: site.url('/stuck'),
    finish_within: 1,
    webhook_url,
  });
  await api.finished(hurried);
  await api.finished(batch);
  await api('GET', `/v1/jobs/${crawl}/pages?limit=1`);
  await api('GET', '/v1/jobs?status=completed&kind=crawl&limit=1');
  await api('GET', '/v1/endpoints');
  const { id } = await eventually(async () => {
    const { json } = await api(
      'GET',
      `/v1/deliveries?job_id=${crawl}&status=delivered&webhook_url=${webhook_url}`,
    );
    return json.data[0];
  });
  const endpoint = new URL(webhook_url).host;
  await api('POST', `/v1/endpoints/${endpoint}/pause`);
  await api('POST', `/v1/deliveries/${id}/redeliver`);
  await api('POST', `/v1/deliveries/${id}/redeliver`);
  await api('POST', `/v1/endpoints/${endpoint}/cancel-pending`);
  await api('POST', `/v1/endpoints/${endpoint}/resume`);
  for (const dry_run of [true, false])
    await api('POST', '/v1/deliveries/recover', {
      since: '2020-01-01T00:00:00Z',
      until: '2100-01-01T00:00:00Z',
      dry_run,
    });
  await api('GET', `/v1/deliveries/${id}`);
  const callbacks = await eventually(async () => {
    const { data } = (await api('GET', '/v1/callbacks?since=2020-01-01T00:00:00Z')).json;
    return data.length > 0 && data;
  });
  for (const callback of callbacks) await api('GET', `/v1/callbacks/${callback.id}`);
  const job = { kind: 'crawl', url: site.url('/a') };
  const schedule = { name: 'test', cron: '0 0 1 1 *', deliver: 'changes', diff: true, job };
  const { schedule_id } = (await api('POST', '/v1/schedules', schedule)).json;
  for (let run = 1; run <= 2; run++) {
    const { job_id } = (await api('POST', `/v1/schedules/${schedule_id}/run`)).json;
    await api.finished(job_id);
  }
  await api('PATCH', `/v1/schedules/${schedule_id}`, { job });
  await api('DELETE', `/v1/schedules/${schedule_id}`);
  await api('POST', '/v1/me/webhooks/test', { webhook_url: receiver.url('/test') });
  await api('GET', '/v1/me/usage');
}
