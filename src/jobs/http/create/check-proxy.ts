import type { Context } from '../../../context.ts';
import { parseUpstream } from '../../../egress/index.ts';
import { invalidField } from '../../../service-error.ts';
import type { ScrapeOptions } from '../../options.ts';

const MESSAGES = {
  port: 'names a port of another kind of server',
  blocked_target:
    'names a host whose address is not public: the operator may allow its network with ALLOW_PRIVATE_TARGETS',
};

/**
 * Throws ServiceError `validation_failed` for a proxy that the installation does not have or does
 * not allow. The address is checked again at each connection.
 */
export async function checkProxy(
  { config, egress }: Pick<Context, 'config' | 'egress'>,
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
  if (!check.ok) throw invalidField('proxy.url', MESSAGES[check.reason]);
}
