import type { Request } from 'express';

/** The origin under which the browser reached the service. */
export const originOf = (req: Request) => `${req.protocol}://${req.get('host') ?? 'localhost'}`;

/** A call of the API as a shell command. */
export function curlOf(origin: string, path: string, body: object): string {
  return `curl -X POST ${origin}${path} \\
  -H "Authorization: Bearer $OLLAGRAPH_API_KEY" \\
  -H "Content-Type: application/json" \\
  -d '${JSON.stringify(body).replaceAll("'", String.raw`'\''`)}'`;
}
