import { Agent } from 'undici';
import { createSigner } from '../../../src/webhooks/send/sign.ts';

/**
 * What every competitor does with one message: sign the body in both schemes, POST it over a kept
 * connection, read the answer.
 */
export function createPoster(connections: number) {
  const agent = new Agent({ connections, pipelining: 1, keepAliveTimeout: 60_000 });
  return {
    async post(url: string, secret: string, id: string, body: Buffer): Promise<number> {
      const signer = createSigner(
        [secret],
        { webhook_id: id, event: 'job.completed' },
        Math.floor(Date.now() / 1000),
      );
      signer.update(body);
      const { origin, pathname } = new URL(url);
      const answer = await agent.request({
        origin,
        path: pathname,
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...signer.headers(),
          'x-ollagraph-delivery': id,
          'x-ollagraph-attempt': '1',
        },
        body,
      });
      await answer.body.dump();
      return answer.statusCode;
    },
    close: () => agent.close(),
  };
}
