import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Response } from 'express';
import type { Db } from '../../database/tables.ts';
import { readEnvelope } from '../../database/fragments.ts';
import { resultEnvelope } from '../result.ts';
import { jobView, type Job } from '../read.ts';

/** Answers with an ended job's `result`, streamed: the memory does not depend on its size. */
export async function sendResult(db: Db, res: Response, job: Job): Promise<void> {
  await stream(res, readEnvelope(db, job.account_id, job.id, resultEnvelope(job)));
}

/** Answers with a job and, where it has ended and `withResult`, its `result`: the same bytes that its webhook carries. */
export async function sendJob(
  db: Db,
  res: Response,
  job: Job,
  more: object,
  withResult: boolean,
): Promise<void> {
  const view = JSON.stringify({ ...jobView(job), ...more });
  if (!withResult || job.finished_at === null) {
    res.type('application/json').send(view);
    return;
  }
  const { head, tail } = resultEnvelope(job);
  await stream(
    res,
    readEnvelope(db, job.account_id, job.id, {
      head: `${view.slice(0, -1)},"result":${head}`,
      tail: `${tail}}`,
    }),
  );
}

async function stream(res: Response, text: AsyncIterable<string>): Promise<void> {
  res.type('application/json');
  await pipeline(Readable.from(nonEmpty(text)), res);
}

/** A Readable in object mode ends at nothing but null; an empty string would only cost a chunk. */
async function* nonEmpty(text: AsyncIterable<string>): AsyncGenerator<Buffer> {
  for await (const part of text) if (part !== '') yield Buffer.from(part, 'utf8');
}
