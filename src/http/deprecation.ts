import type { RequestHandler } from 'express';
import type { Deprecation, Operation } from './operation.ts';
import { pathPattern } from '../api/operations.ts';

/** What the answers of a route carry that is to go away: RFC 9745, RFC 8594, and a link to what takes its place. */
export function deprecationHeaders({ since, until, successor }: Deprecation): Record<string, string> {
  return {
    Deprecation: `@${Date.parse(since) / 1000}`,
    Sunset: new Date(until).toUTCString(),
    Link: `<${successor}>; rel="successor-version"`,
  };
}

/** Says so in every answer of these operations that are deprecated, errors included. */
export function announceDeprecations(operations: Operation[]): RequestHandler {
  const announced = operations.flatMap((operation) =>
    operation.deprecation ? [{ operation, headers: deprecationHeaders(operation.deprecation) }] : [],
  );
  return ({ method, path }, res, next) => {
    const name = method === 'HEAD' ? 'get' : method.toLowerCase();
    const found = announced.find(
      ({ operation }) => operation.method === name && pathPattern(operation).test(path),
    );
    if (found) res.set(found.headers);
    next();
  };
}
