import type { Operation } from '../../http/operation.ts';
import { callbackList, callbackListQuery, callbackRequest } from './schemas.ts';

/** Reading callbacks instead of receiving them. */
export const callbackOperations: Operation[] = [
  {
    id: 'listCallbacks',
    method: 'get',
    path: '/v1/callbacks',
    tag: 'Deliveries',
    summary: 'List what your receivers are told, oldest first',
    description:
      'Every delivery, and the end of every queued job that has no `webhook_url`. A program that follows the list asks again from a little before what it saw last, and ignores what it knows: an entry may appear a moment after a younger one.',
    access: 'account',
    query: callbackListQuery,
    answers: { 200: { description: 'Callbacks without their bodies.', schema: callbackList } },
  },
  {
    id: 'readCallback',
    method: 'get',
    path: '/v1/callbacks/{id}',
    tag: 'Deliveries',
    summary: 'Read a callback as it is sent',
    description:
      'The exact body and headers, signed for this moment: for a receiver that the service cannot reach. Sends nothing.',
    access: 'account',
    answers: { 200: { description: 'The request.', schema: callbackRequest } },
  },
];
