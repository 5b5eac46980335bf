import type { SecretBox } from '../../accounts/secrets.ts';
import type { Context } from '../../context.ts';
import { route } from '../../http/route/route.ts';
import { notFound } from '../../service-error.ts';
import { readRequest, type CallbackRequest } from '../request.ts';
import { callbackRequest } from './schemas.ts';

export const readCallback = route({
  id: 'readCallback',
  method: 'get',
  path: '/v1/callbacks/{id}',
  tag: 'Deliveries',
  summary: 'Read a callback as it is sent',
  description:
    'The exact body and headers, signed for this moment: for a receiver that the service cannot ' +
    'reach. Sends nothing.',
  access: 'account',
  answers: { 200: { description: 'The request.', schema: callbackRequest } },
  async handle({ account, params, signal }, context: Pick<Context, 'db' | 'config'> & { box: SecretBox }) {
    const request = await readRequest(context, account.id, params.id, signal);
    if (!request) throw notFound('callback');
    return { headers: { 'Cache-Control': 'no-store' }, body: asJson(request) };
  },
});

/**
 * `{"headers":{…},"body":"…"}`, written piece by piece: the memory does not depend on the body's
 * size.
 */
async function* asJson({ headers, body }: CallbackRequest): AsyncGenerator<string> {
  yield `{"headers":${JSON.stringify(headers)},"body":"`;
  // Each chunk is whole characters: it was encoded from text.
  for await (const chunk of body()) yield JSON.stringify(chunk.toString('utf8')).slice(1, -1);
  yield '"}';
}
