import { parseUpstream } from '../../../egress/index.ts';
import { invalidField } from '../../../service-error.ts';
import { checkWebhookUrl } from '../../../webhooks/http/check-url.ts';
import type { NewJob } from '../../create.ts';
import { earlierId } from '../../idempotency.ts';
import type { ScrapeOptions } from '../../options.ts';
import type { JobContext } from '../context.ts';

/**
 * Throws ServiceError `validation_failed` where the installation cannot do what a new job asks for,
 * now. A job that its Idempotency-Key has made before is not checked.
 */
export async function checkJob(context: JobContext, job: NewJob): Promise<void> {
  const { account_id, idempotency, webhook_url, webhook_payload, options } = job;
  if (idempotency && (await earlierId(context.db, account_id, idempotency)) !== null) return;
  const { config, egress } = context;
  if (webhook_payload === 'link' && config.publicUrl === undefined)
    throw invalidField('webhook_payload', 'link needs PUBLIC_URL, which the operator has not set');
  if (webhook_url !== null) await checkWebhookUrl(egress, webhook_url);
  await checkProxy(context, options.proxy);
  if (config.browser === null && options.rendering !== null && options.render === true)
    throw invalidField(
      'render',
      'there is no browser here. Install Chromium (apt-get install chromium), or set CHROMIUM_PATH or ' +
        'BROWSER_URL: see /docs/manual/rendering',
    );
}

const PROXY_MESSAGES = {
  port: 'names a port of another kind of server',
  blocked_target:
    'names a host whose address is not public: the operator may allow its network with ALLOW_PRIVATE_TARGETS',
};

/** The address of a proxy is checked again at each connection. */
async function checkProxy(
  { config, egress }: Pick<JobContext, 'config' | 'egress'>,
  proxy: ScrapeOptions['proxy'],
): Promise<void> {
  if (proxy === null || proxy === 'none') return;
  if (proxy === 'pool') {
    if (config.proxies.length === 0) throw invalidField('proxy', 'is not there: the operator sets PROXIES');
    return;
  }
  if (!config.allowCallerProxies)
    throw invalidField('proxy', 'may not be your own: the operator may allow it with ALLOW_CALLER_PROXIES');
  const check = await egress.checkProxy(parseUpstream(proxy.url)!);
  if (!check.ok) throw invalidField('proxy.url', PROXY_MESSAGES[check.reason]);
}
