import { invalidField } from '../../service-error.ts';
import type { Egress } from '../../egress/index.ts';

const MESSAGES = {
  not_https: 'must start with https://',
  invalid: 'must be an absolute https:// URL',
  userinfo: 'must not contain a user name or password',
  port: 'names a port of another kind of server: 80, 443 and most ports from 1024 up may be called',
  blocked_target:
    'names a host whose address is not public: the operator may allow its network with ' +
    'ALLOW_PRIVATE_WEBHOOKS',
};

/**
 * Throws ServiceError `validation_failed` for a webhook_url that can never be called. The address
 * is checked again at each connection.
 */
export async function checkWebhookUrl(egress: Egress, url: string): Promise<void> {
  const check = await egress.checkWebhookUrl(url);
  if (!check.ok) throw invalidField('webhook_url', MESSAGES[check.reason]);
}
