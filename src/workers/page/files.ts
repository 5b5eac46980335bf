import type { JobFile } from '../../jobs/progress/files.ts';
import type { RenderedFiles } from '../../render/messages.ts';
import type { PageFiles } from '../../scrape/types.ts';
import type { JobInfo, PendingPage } from '../job.ts';

/** The files of a page: as they are stored, and as its block shows them. */
export interface VisitFiles {
  stored: JobFile[];
  shown: PageFiles;
}

export const NO_FILES: VisitFiles = { stored: [], shown: { files: [], faults: [] } };

/** What a browser has made of a page, under names that are unique within the job. */
export function filesOf(job: JobInfo, { ordinal }: PendingPage, { made, faults }: RenderedFiles): VisitFiles {
  const nameOf = ({ name }: { name: string }) => `${ordinal}-${name}`;
  const stored = made.map((file) => ({
    name: nameOf(file),
    type: file.type,
    sha256: Buffer.from(file.sha256, 'hex'),
    content: file.content,
  }));
  const files = made.map((file) => ({
    name: nameOf(file),
    path: `/v1/jobs/${job.id}/files/${nameOf(file)}`,
    type: file.type,
    bytes: file.content.length,
    sha256: file.sha256,
    ...file.size,
    ...(file.truncated && { truncated: true as const }),
  }));
  const failed = faults.map((fault) => ({ ...fault, name: nameOf(fault) }));
  return { stored, shown: { files, faults: failed } };
}
