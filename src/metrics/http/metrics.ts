import { route } from '../../http/route/route.ts';
import { ServiceError } from '../../service-error.ts';
import type { Metrics } from '../metrics.ts';

export const metrics = route({
  id: 'metrics',
  method: 'get',
  path: '/metrics',
  tag: 'Service',
  summary: 'Metrics in the Prometheus text format',
  description: 'For the operator, with ADMIN_TOKEN as the bearer. A 404 where none is configured.',
  access: 'operator',
  answers: { 200: { description: 'The metrics.', contentType: 'text/plain' } },
  async handle(_request, context: { metrics: Metrics | null }) {
    if (!context.metrics)
      throw new ServiceError('not_found', 'Metrics are off: the service has no ADMIN_TOKEN.');
    return {
      headers: { 'Cache-Control': 'no-store', 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' },
      body: await context.metrics.read(),
    };
  },
});
