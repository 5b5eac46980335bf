import { z } from 'zod';
import { problemDocument, PROBLEMS, problemSchema } from '../http/problem.ts';
import { scopeOf } from '../http/access/scope.ts';
import { problemsOf, TAGS, type Answer, type RouteDescription } from '../http/route/route.ts';
import { namedSchemas } from '../http/schemas.ts';
import { ServiceError, type ErrorCode } from '../service-error.ts';

type Json = Record<string, unknown>;

const SIGNATURE_HEADERS = {
  'X-Ollagraph-Signature':
    't=<unix time>,v1=<hex HMAC-SHA256 of "<t>.<raw body>">, keyed by the webhook secret as printed.',
  'webhook-id': 'The same for every attempt (Standard Webhooks).',
  'webhook-timestamp': 'Seconds since 1970 (Standard Webhooks).',
  'webhook-signature': 'v1,<base64 HMAC> (Standard Webhooks).',
  'X-Ollagraph-Delivery': 'The id of the delivery.',
  'X-Ollagraph-Attempt': 'The number of the attempt, from 1.',
};
/** Those that only some callbacks carry. */
const TRACE_HEADERS = {
  traceparent:
    'W3C Trace Context, where the request that created the job had one or the service is traced. Not signed.',
};
/** Headers of many answers: they stand in the document once. */
const COMMON_HEADERS = {
  'X-Request-Id': 'Name it when you ask about a request.',
  RateLimit: 'What is left of the quota (`r`), and the seconds until it is whole again (`t`).',
  'RateLimit-Policy': 'The quota (`q`) and its window in seconds (`w`).',
};

/** Those of a route that is to go away. */
const DEPRECATION_HEADERS = {
  Deprecation: 'Since when the route is deprecated (RFC 9745).',
  Sunset: 'Until when it works (RFC 8594).',
  Link: 'What takes its place.',
};

/** The whole API as an OpenAPI 3.1 document, made of the schemas that validate requests. */
export function openApiDocument(routes: RouteDescription[], callbacks: Record<string, z.ZodType>): Json {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Ollagraph',
      version: '1',
      summary: 'Queue a job, walk away, get one signed POST when it is done.',
      description:
        'Send your key as `Authorization: Bearer ok_…`. Errors are problem documents (RFC 9457). ' +
        '[Manual](/docs/manual) · [Webhooks](/docs/webhooks) · [Errors](/docs/errors)',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths: paths(routes),
    webhooks: Object.fromEntries(
      Object.entries(callbacks).map(([event, schema]) => [
        event,
        {
          post: {
            operationId: `on.${event}`,
            tags: ['Webhooks'],
            summary: schema.description?.replaceAll('`', ''),
            security: [],
            parameters: [
              ...headerParameters(SIGNATURE_HEADERS, true),
              ...headerParameters(TRACE_HEADERS, false),
            ],
            requestBody: { required: true, content: { 'application/json': { schema: reference(schema) } } },
            responses: {
              '2XX': { description: 'Accepted, within 15 s.' },
              default: { description: 'Anything else is retried, for about three days.' },
            },
          },
        },
      ]),
    ),
    components: {
      schemas: componentSchemas(routes),
      headers: headerObjects(COMMON_HEADERS),
      securitySchemes: {
        key: { type: 'http', scheme: 'bearer', description: 'An API key of an account: ok_…' },
        admin: { type: 'http', scheme: 'bearer', description: "The operator's ADMIN_TOKEN." },
      },
    },
  };
}

function headerParameters(headers: Record<string, string>, required: boolean): Json[] {
  return Object.entries(headers).map(([name, description]) => {
    return { name, in: 'header', required, description, schema: { type: 'string' } };
  });
}

function paths(routes: RouteDescription[]): Record<string, Json> {
  const found: Record<string, Json> = {};
  for (const operation of routes)
    (found[operation.path] ??= {})[operation.method] = operationObject(operation);
  return found;
}

function operationObject(operation: RouteDescription): Json {
  const { id, tag, summary, description, body, example } = operation;
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    ...(operation.deprecation ? { deprecated: true } : {}),
    security: securityOf(operation),
    parameters: parametersOf(operation),
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: !body.safeParse({}).success,
            content: {
              // In place, not by reference: a generator takes a field with a default as optional
              // only there.
              'application/json': {
                schema: requestSchema(body),
                ...(example === undefined ? {} : { example }),
              },
            },
          },
        }),
    responses: responsesOf(operation),
  };
}

/** The names in a requirement of a bearer are what its key needs (OpenAPI 3.1, 4.8.30). */
function securityOf(operation: RouteDescription): Json[] {
  if (operation.access === 'anyone' || operation.access === 'link') return [];
  if (operation.access === 'operator') return [{ admin: [] }];
  return [{ key: [scopeOf(operation)] }];
}

function parametersOf(operation: RouteDescription): Json[] {
  const inPath = [...operation.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const query = operation.query ? (jsonSchema(operation.query).properties as Record<string, Json>) : {};
  const inQuery = Object.entries(query).map(([name, { description, ...schema }]) => ({
    name,
    in: 'query',
    ...(description === undefined ? {} : { description }),
    schema,
  }));
  const key = {
    name: 'Idempotency-Key',
    in: 'header',
    description:
      'The same key and body within 24 hours create nothing new and answer with what the first made.',
    schema: { type: 'string', maxLength: 255 },
  };
  return [...inPath, ...inQuery, ...(operation.idempotent ? [key] : [])];
}

function contentOf({
  schema,
  contentType,
  otherTypes,
}: Pick<Answer, 'schema' | 'contentType' | 'otherTypes'>): Json {
  const first = schema ? 'application/json' : contentType;
  if (first === undefined) return {};
  const others = (otherTypes ?? []).map((type) => [type, {}] as const);
  const content = { [first]: schema ? { schema: reference(schema) } : {}, ...Object.fromEntries(others) };
  return { content };
}

function responsesOf(operation: RouteDescription): Record<string, Json> {
  const responses: Record<string, Json> = {};
  const common = commonHeaders(operation);
  for (const [status, { description, schema, contentType, otherTypes, headers = {} }] of Object.entries(
    operation.answers,
  )) {
    responses[status] = {
      description,
      headers: { ...common, ...headerObjects(headers) },
      ...contentOf({ schema, contentType, otherTypes }),
    };
  }
  for (const [status, codes] of Map.groupBy(problemsOf(operation), (code) => PROBLEMS[code][0])) {
    responses[status] ??= {
      description: codes.map((code) => `[${code}](/docs/errors/${code}): ${PROBLEMS[code][1]}`).join('. '),
      headers: { ...common, ...(status === 429 ? headerObjects({ 'Retry-After': 'Seconds to wait.' }) : {}) },
      content: {
        'application/problem+json': { schema: reference(problemSchema), example: problemExample(codes[0]!) },
      },
    };
  }
  return responses;
}

function problemExample(code: ErrorCode): Json {
  return { ...problemDocument(new ServiceError(code, '…'), '…') };
}

function commonHeaders({ access, deprecation }: RouteDescription): Record<string, Json> {
  const isLimited = access === 'account' || access === 'link';
  const names = isLimited ? Object.keys(COMMON_HEADERS) : ['X-Request-Id'];
  const common = Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
  return deprecation ? { ...common, ...headerObjects(DEPRECATION_HEADERS) } : common;
}

const headerObjects = (headers: Record<string, string>): Record<string, Json> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, description]) => [name, { description, schema: { type: 'string' } }]),
  );

const componentUri = (id: string) => `#/components/schemas/${id}`;

function reference(schema: z.ZodType): Json {
  const known = namedSchemas.get(schema);
  if (!known) throw new Error('every body in the document has a name: see `named`');
  return { $ref: componentUri(known.id) };
}

/** The schemas of answers and callbacks, which the document has once each. */
function componentSchemas(routes: RouteDescription[]): Record<string, Json> {
  const requests = new Set(routes.flatMap(({ body }) => (body ? [namedSchemas.get(body)?.id] : [])));
  const { schemas } = z.toJSONSchema(namedSchemas, {
    uri: componentUri,
    io: 'output',
    unrepresentable: 'any',
    override: simplify,
  });
  return Object.fromEntries(
    Object.entries(schemas as Record<string, Json>)
      // Definitions that only a schema with `shownAs` refers to.
      .filter(([id]) => id !== '__shared' && !requests.has(id))
      .map(([id, { $id: _id, $schema: _dialect, ...schema }]) => [id, schema]),
  );
}

/** The body of a request: what a caller has to send is `required`, the rest has its default. */
function requestSchema(body: z.ZodType): Json {
  // Definitions of what `shownAs` stands for.
  const { $schema: _dialect, $defs: _definitions, ...schema } = jsonSchema(body);
  return { title: namedSchemas.get(body)?.id, ...schema };
}

const jsonSchema = (schema: z.ZodType): Json => z.toJSONSchema(schema, { io: 'input', override: simplify });

/**
 * A field's `shownAs` stands for what cannot be said in JSON Schema. Left out is what only repeats:
 * the pattern of a time, and the bounds of every integer.
 */
function simplify({ jsonSchema: schema }: { jsonSchema: Json }): void {
  const shown = schema.shownAs as Json | undefined;
  if (shown) {
    const description = schema.description;
    for (const key of Object.keys(schema)) delete schema[key];
    Object.assign(schema, description === undefined ? {} : { description }, shown);
  }
  if (schema.format === 'date-time' || schema.format === 'date') delete schema.pattern;
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
}
